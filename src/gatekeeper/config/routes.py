"""Reads ``[[route]]``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gatekeeper.config import values
from gatekeeper.config.faults import Wrong
from gatekeeper.config.model import Encoding, HostHeader, Identity, RouteConfig, Upstream
from gatekeeper.domain import background
from gatekeeper.domain.access import PUBLIC, SECOND_FACTOR, SIGNED_IN, Access
from gatekeeper.domain.headers import HOP_BY_HOP, IdentityHeaders, check_template, folded, is_token
from gatekeeper.domain.paths import is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gatekeeper.config.section import Section

UPSTREAM_EXAMPLE = 'is an address such as "http://127.0.0.1:9000" or "unix:/run/webmail.sock"'
ACCESS_EXAMPLE = 'is "public", "signed-in", "second-factor" or { groups = ["staff"], second_factor = true }'
NOWHERE = Upstream("http")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_FRAMING = {folded(name) for name in (*HOP_BY_HOP, b"Host", b"Content-Length", b"Expect", b"Cookie", b"Content-Type")}

_identity: Callable[[Any], Identity] = values.one_of("forwarded", "remote", "none")
_encoding: Callable[[Any], Encoding] = values.one_of("percent", "utf-8")
_host_header: Callable[[Any], HostHeader] = values.one_of("client", "upstream")


def read_routes(sections: list[Section], prefix: str) -> tuple[RouteConfig, ...]:
    """All routes, and what is wrong between them."""
    routes = [read_route(section) for section in sections]
    places: dict[tuple[str | None, str], str] = {}
    names: dict[str, str] = {}
    for section, route in zip(sections, routes, strict=True):
        if not section.is_faulty("path") and not section.is_faulty("host"):
            if route.path == prefix or route.path.startswith(prefix + "/"):
                section.fault("path", f"lies under {prefix}, where gatekeeper's own pages are (server.prefix)")
            first = places.setdefault((route.host, route.path), section.place)
            if first != section.place:
                section.fault("path", f"is the same as that of {first}; two routes need different hosts or paths")
        first = names.setdefault(route.name, section.place)
        if first != section.place and "name" in section:
            section.fault("name", f"is the same as that of {first}; the name is the audience of the assertion")
    return tuple(routes)


def read_route(section: Section) -> RouteConfig:
    """One route."""
    host = section.take("host", values.host, None)
    path = section.take("path", path_of_route, "/")
    identity: Identity = section.take("identity", _identity, "forwarded")
    encoding: Encoding = section.take("header_encoding", _encoding, "percent")
    headers: Mapping[str, str] = section.take("headers", headers_of_route, {})
    basic = section.take("upstream_basic", template, None)
    password = section.secret("upstream_password")
    if basic is not None and password is None and not {"upstream_password", "upstream_password_file"} & _given(section):
        section.fault("upstream_basic", "needs the platform's master password in upstream_password_file")
    if password is not None and basic is None and "upstream_basic" not in section:
        section.fault("upstream_password_file", 'is of no use without upstream_basic = "{username}"')
    ca_file = section.take("upstream_ca_file", section.file_path, None)
    if ca_file is not None and not ca_file.is_file():
        section.fault("upstream_ca_file", f"{ca_file} is no file that can be read")
    upstream = section.need("upstream", upstream_of_route, "http://127.0.0.1:9000", NOWHERE)
    if ca_file is not None and upstream is not NOWHERE and upstream.scheme != "https":
        section.fault("upstream_ca_file", "is for an upstream of https://")
    route = RouteConfig(
        name=section.take("name", name_of_route, f"{host or 'any'}{path}"),
        host=None if host is None else str(host),
        path=path,
        upstream=Upstream(upstream.scheme, upstream.host, upstream.port, upstream.socket, ca_file),
        access=section.take("access", access_of_route, SIGNED_IN),
        identity=identity,
        headers=headers,
        header_encoding=encoding,
        upstream_basic=basic,
        upstream_password=password,
        host_header=section.take("host_header", _host_header, "client"),
        preflight=section.take("preflight", values.boolean, False),  # noqa: FBT003 - a default
        background=section.take("background", background_of_route, ()),
        identity_headers=IdentityHeaders(
            identity, headers, basic=basic, basic_password=password or "", utf8=encoding == "utf-8"
        ),
    )
    section.finish()
    return route


def _given(section: Section) -> set[str]:
    return {key for key in ("upstream_password", "upstream_password_file") if key in section}


def name_of_route(value: Any) -> str:
    """A route's name: the audience of the assertion."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Wrong('is a word such as "webmail"')
    return value


def path_of_route(value: Any) -> str:
    """A route's path, without a slash at its end (``/`` itself stays)."""
    path = values.text(value)
    if not path.startswith("/") or not path.isascii() or not is_plain(path.encode()):
        raise Wrong('is a path such as "/mail": no query, escape, parameter, dot segment or doubled slash')
    return path.rstrip("/") or "/"


def upstream_of_route(value: Any) -> Upstream:
    """The platform's address: ``http://``, ``https://`` or ``unix:``."""
    address = values.text(value).strip()
    if address.startswith("unix:"):
        return Upstream("unix", socket=values.socket_path(address.removeprefix("unix:")))
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise Wrong(UPSTREAM_EXAMPLE) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Wrong(UPSTREAM_EXAMPLE)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise Wrong(f"has no path, for paths are forwarded as they come; it {UPSTREAM_EXAMPLE}")
    if "@" in parts.netloc:
        raise Wrong("has no user and password; upstream_basic and upstream_password_file are for that")
    values.host(parts.netloc)
    if parts.scheme == "http":
        return Upstream("http", parts.hostname, port or 80)
    return Upstream("https", parts.hostname, port or 443)


def access_of_route(value: Any) -> Access:
    """What a route asks of people."""
    simple = {"public": PUBLIC, "signed-in": SIGNED_IN, "second-factor": SECOND_FACTOR}
    if isinstance(value, str) and value in simple:
        return simple[value]
    if not isinstance(value, dict) or not value or set(value) - {"groups", "second_factor"}:
        raise Wrong(ACCESS_EXAMPLE)
    groups = values.texts(value["groups"]) if "groups" in value else ()
    if "groups" in value and not groups:
        raise Wrong("an empty list of groups would let nobody in")
    if any("," in group for group in groups):
        raise Wrong("a group's name has no comma")
    second_factor = values.boolean(value.get("second_factor", False))
    return Access(groups=frozenset(groups), second_factor=second_factor)


def headers_of_route(value: Any) -> Mapping[str, str]:
    """Further headers for this upstream, name to template."""
    if not isinstance(value, dict):
        raise Wrong('is a table such as { "X-Webobjects-Remote-User" = "{username}" }')
    for name, text in value.items():
        if not is_token(name):
            raise Wrong(f"{name!r} is no name for a header")
        if folded(name.encode()) in _FRAMING:
            raise Wrong(f"{name} is not gatekeeper's to set")
        if folded(name.encode()) == b"authorization":
            raise Wrong("Authorization is set by upstream_basic")
        template(text, of=f"{name}: ")
    return {str(name): str(text) for name, text in value.items()}


def template(value: Any, *, of: str = "") -> str:
    """A text with placeholders."""
    if not isinstance(value, str) or not value:
        raise Wrong(f'{of}is a text such as "{{username}}"')
    try:
        check_template(value)
    except ValueError as error:
        raise Wrong(f"{of}{error}") from None
    return str(value)


def background_of_route(value: Any) -> tuple[background.Pattern, ...]:
    """Polling that does not renew the idle limit."""
    return tuple(background.pattern(item) for item in values.texts(value))
