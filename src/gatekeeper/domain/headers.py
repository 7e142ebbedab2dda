"""What the upstream sees: which of a client's headers go through, and the lines that say who is asking.

Names are compared after folding case and dropping every character that is not a letter or a digit, because many
platforms turn ``-`` into ``_`` and some read ``X.Forwarded.User`` likewise. Every copy of an identity header that a
client sent is removed first, hop-by-hop headers and those that ``Connection`` names as well, and only then are ours
added.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gatekeeper.domain.model import OwnerFacts

FORWARDED_IDENTITY = {
    "X-Forwarded-User": "{username}",
    "X-Forwarded-Preferred-Username": "{username}",
    "X-Forwarded-Email": "{email}",
    "X-Forwarded-Groups": "{groups}",
    "X-Forwarded-Name": "{name}",
}
REMOTE_IDENTITY = {
    "Remote-User": "{username}",
    "Remote-Email": "{email}",
    "Remote-Name": "{name}",
    "Remote-Groups": "{groups}",
}
ASSERTION = "X-Gatekeeper-Assertion"
IDENTITIES: Mapping[str, Mapping[str, str]] = {
    "forwarded": FORWARDED_IDENTITY,
    "remote": REMOTE_IDENTITY,
    "none": {},
}
"""The headers of each ``identity`` that a route can have, with what stands in them."""

IDENTITY_HEADERS = (*FORWARDED_IDENTITY, *REMOTE_IDENTITY, ASSERTION)
FORWARDING_HEADERS = (
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "Forwarded",
    "X-Real-IP",
    "X-Request-Id",
)
OTHER_ADDRESS_HEADERS = (
    "X-Client-IP",
    "Client-IP",
    "X-Cluster-Client-IP",
    "X-Originating-IP",
    "X-Original-Forwarded-For",
    "X-Original-For",
    "X-Remote-IP",
    "X-Remote-Addr",
    "X-ProxyUser-Ip",
    "True-Client-IP",
    "CF-Connecting-IP",
    "CF-Connecting-IPv6",
    "CF-Pseudo-IPv4",
    "Fastly-Client-IP",
    "Fly-Client-IP",
    "X-Azure-ClientIP",
    "X-Azure-SocketIP",
    "X-Appengine-User-IP",
    "X-Envoy-External-Address",
)
"""Other names for a client's address, which platforms take for the truth in logs, limits and lists of who may come in.

Whoever stands in front may have set one, but anybody may send it: what is believed of an address is in those that are
written anew, ``X-Real-IP`` and ``X-Forwarded-For``.
"""
PROXY_HEADER = "Proxy"
"""A platform that runs CGI programs hands it to them as ``HTTP_PROXY`` (CVE-2016-5385)."""
SECOND_PATH_HEADERS = ("X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-Original-Host", "X-Host")
"""Some frameworks believe these more than the request line, so the path that was judged would not be the one read."""

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
"""Names (lower case) that belong to one connection only (RFC 9110 §7.6.1)."""

NEVER_FROM_UPSTREAM = frozenset({b"service-worker-allowed", b"clear-site-data"})
"""Names (lower case) with which a platform could reach beyond itself into our pages on the same origin."""

FIELDS = ("username", "email", "name", "groups")

_MOST_REMEMBERED = 4_096
_LONGEST_REMEMBERED = 64
_NOT_FOLDED = bytes(byte for byte in range(256) if not chr(byte).isalnum() or byte > 0x7F)  # noqa: PLR2004 - ASCII
_LOWER = bytes(range(256)).lower()
_OURS = (b"xforwarded", b"xgatekeeper")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def folded(name: bytes) -> bytes:
    """A header's name as it is compared: lower case, letters and digits only.

    >>> folded(b"X_Forwarded-User") == folded(b"x.forwarded.user")
    True
    """
    return name.translate(_LOWER, _NOT_FOLDED)


def is_token(name: str) -> bool:
    """Whether a text can be a header's name (RFC 9110 §5.6.2)."""
    return _TOKEN.fullmatch(name) is not None


class StripSet(dict[bytes, bool]):
    """Says of a client's header name, as sent, whether it is removed: ``if strip[name]``.

    A dictionary that fills itself, in bounds: the same few names come again and again.

    Args:
        names: further names to remove, such as those of the routes' own ``headers``. All routes' names belong here,
            for one upstream may lie behind two routes.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        super().__init__()
        listed = (
            *IDENTITY_HEADERS,
            *FORWARDING_HEADERS,
            *OTHER_ADDRESS_HEADERS,
            *SECOND_PATH_HEADERS,
            PROXY_HEADER,
            *names,
        )
        self._folded = frozenset(folded(name.encode()) for name in listed)

    def __missing__(self, name: bytes) -> bool:
        key = folded(name)
        stripped = key in self._folded or key.startswith(_OURS)
        if len(name) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[name] = stripped
        return stripped


def connection_options(values: Iterable[bytes]) -> frozenset[bytes]:
    """The names (lower case) that the ``Connection`` headers list: they go no further."""
    return frozenset(item.strip(b" \t").lower() for value in values for item in value.split(b",")) - {b""}


def check_template(template: str) -> None:
    """Judge a configured header's value.

    Raises:
        ValueError: it has a placeholder that there is not, or a control character.
    """
    for name in _PLACEHOLDER.findall(template):
        if name not in FIELDS:
            raise ValueError(f"{{{name}}} is not known; there are {', '.join(f'{{{field}}}' for field in FIELDS)}")
    if "{" in _PLACEHOLDER.sub("", template) or "}" in _PLACEHOLDER.sub("", template):
        raise ValueError("it has a brace that belongs to no placeholder")
    if _UNSAFE.search(template):
        raise ValueError("it has a control character")


class IdentityHeaders:
    """Writes the lines that tell one upstream who is asking.

    Args:
        identity: ``"forwarded"``, ``"remote"`` or ``"none"``.
        headers: further headers, name to template; placeholders are those of :data:`FIELDS`.
        basic: the user part of ``Authorization: Basic`` as a template, where the platform has a master password.
        basic_password: that password.
        utf8: whether values go out as UTF-8; otherwise those that are not ASCII are percent-encoded.
    """

    def __init__(
        self,
        identity: str = "forwarded",
        headers: Mapping[str, str] | None = None,
        *,
        basic: str | None = None,
        basic_password: str = "",
        utf8: bool = False,
    ) -> None:
        self._templates = tuple({**IDENTITIES[identity], **(headers or {})}.items())
        self._basic = basic
        self._basic_password = basic_password
        self._utf8 = utf8

    @property
    def replaces_authorization(self) -> bool:
        """Whether the client's own ``Authorization`` must be removed because ours takes its place."""
        return self._basic is not None

    def lines(self, owner: OwnerFacts) -> bytes:
        """The header lines for one person, each with its CRLF; a value that is empty has no line."""
        values = _values(owner)
        fields = {key: self._encode(value) for key, value in values.items()}
        fields["groups"] = ",".join(self._encode(group) for group in owner.groups)
        lines = [f"{name}: {_filled(template, fields)}\r\n" for name, template in self._templates]
        if self._basic is not None:
            pair = f"{_filled(self._basic, values)}:{self._basic_password}".encode()
            lines.append(f"Authorization: Basic {base64.b64encode(pair).decode()}\r\n")
        return "".join(line for line in lines if not line.endswith(": \r\n")).encode()

    def _encode(self, value: str) -> str:
        if self._utf8:
            return _UNSAFE.sub(lambda match: quote(match.group()), value)
        return encoded(value)


def encoded(value: str) -> str:
    """A value as ASCII: itself if it is, percent-encoded UTF-8 if not (``Jörn`` becomes ``J%C3%B6rn``)."""
    return value if value.isascii() and not _UNSAFE.search(value) else quote(value, safe="@")


def _values(owner: OwnerFacts) -> dict[str, str]:
    return {
        "username": owner.username,
        "email": owner.email,
        "name": owner.display_name,
        "groups": ",".join(owner.groups),
    }


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], template)


def forwarding_lines(chain: Sequence[str], *, proto: str, host: str, port: int, request_id: str) -> bytes:
    """``X-Forwarded-For``, ``-Proto``, ``-Host``, ``-Port``, ``Forwarded``, ``X-Real-IP`` and ``X-Request-Id``.

    Args:
        chain: the addresses that are believed, the client first (``addresses.TrustedProxies.hops``).
        proto: ``http`` or ``https``, as the client sees it.
        host: the host as the client named it, with its port if it named one.
        port: the port as the client sees it.
        request_id: of this request.
    """
    place = f'host="{host}";proto={proto}'
    nodes = [f"for={_node(address)}" for address in chain]
    nodes[0] = f"{nodes[0]};{place}"
    return (
        f"X-Forwarded-For: {', '.join(chain)}\r\n"
        f"X-Forwarded-Proto: {proto}\r\n"
        f"X-Forwarded-Host: {host}\r\n"
        f"X-Forwarded-Port: {port}\r\n"
        f"Forwarded: {', '.join(nodes)}\r\n"
        f"X-Real-IP: {chain[0]}\r\n"
        f"X-Request-Id: {request_id}\r\n"
    ).encode()


def _node(address: str) -> str:
    """An address as a node of ``Forwarded`` (RFC 7239 §6)."""
    if ":" in address:
        return f'"[{address}]"'
    return address if address[:1].isdigit() else "unknown"


def reported_proto(values: Iterable[str], default: str, reporters: int = 0) -> str:
    """The scheme that trusted proxies report: the client's own, which the farthest of them saw.

    That is the first of a list, unless somebody whom nobody trusts began the list.

    Args:
        values: every ``X-Forwarded-Proto`` header, in order.
        default: where none reports a scheme that there is.
        reporters: how many proxies are trusted on the way; 0 where that is not known.
    """
    listed = [item.strip().lower() for value in values for item in value.split(",")]
    seen = listed[max(0, len(listed) - reporters) if reporters else 0] if listed else ""
    scheme = {"wss": "https", "ws": "http"}.get(seen, seen)
    return scheme if scheme in {"http", "https"} else default
