"""Who is at the other end: the client's address, scheme and host, as believed, and the lines that say so upstream."""

from __future__ import annotations

import itertools
import secrets
from typing import TYPE_CHECKING

from gatekeeper.domain.addresses import UNIX, MalformedHost, authority, reported
from gatekeeper.domain.headers import forwarding_lines, reported_proto

if TYPE_CHECKING:
    from gatekeeper.config import ServerConfig
    from gatekeeper.edge.head import Request

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_REQUEST_ID = 128
_NOBODY = "0.0.0.0"  # noqa: S104 - no address to listen on: the client of a Unix socket has none
_REQUEST_ID_BYTES = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/+=")


class View:
    """A client as it is seen through one ``Host``.

    Attributes:
        address: the client's own, behind whatever proxies are trusted.
        scheme: ``http`` or ``https``, as the client sees it.
        host: as the client named it.
        forwarding: the lines for a platform, up to the value of ``X-Request-Id``.
        internal: the lines for the app, likewise.
        key: what it follows from.
    """

    __slots__ = ("address", "forwarding", "host", "internal", "key", "raw_host", "request_id", "scheme")

    def __init__(self, address: str, scheme: str, raw_host: bytes, chain: tuple[str, ...], key: object) -> None:
        self.address = address
        self.scheme = scheme
        self.raw_host = raw_host
        self.host = raw_host.decode("ascii")
        self.key = key
        self.request_id: bytes | None = None
        port = authority(self.host).port or _named_port(self.host) or _DEFAULT_PORTS[scheme]
        lines = forwarding_lines(chain, proto=scheme, host=self.host, port=port, request_id="")
        self.forwarding = lines.removesuffix(b"\r\n")
        self.internal = (
            f"X-Gatekeeper-Client-Address: {address}\r\nX-Gatekeeper-Scheme: {scheme}\r\nX-Request-Id: "
        ).encode()


class Peer:
    """One connection's other end.

    Args:
        address: of the connection's other end, or ``"unix"``.
        server: which proxies are trusted, and what the scheme is where none says otherwise.

    Attributes:
        trusted: whether it is a proxy that is trusted.
    """

    def __init__(self, address: str, server: ServerConfig) -> None:
        self.address = address
        self._server = server
        self.trusted = server.trusted_proxies.trusts(address)
        self._view: View | None = None

    def view(self, request: Request) -> View:
        """The client as this request shows it.

        Raises:
            MalformedHost: the host is none.
        """
        view = self._view
        if not self.trusted:
            if view is None or view.raw_host != request.host:
                self._view = view = self._plain(request.host or b"")
            return view
        key = (request.host, request.stripped)
        if view is None or view.key != key:
            self._view = view = self._reported(request, key)
        return view

    def _plain(self, host: bytes) -> View:
        address = _NOBODY if self.address == UNIX else self.address
        _check(host)
        return View(address, self._server.scheme, host, (address,), host)

    def _reported(self, request: Request, key: object) -> View:
        said: dict[bytes, list[str]] = {}
        for name, value in request.stripped:  # by the proxy's own spelling: X_Forwarded_For is a client's, passed on
            said.setdefault(name.lower(), []).append(value.decode("latin-1"))
        proxies = self._server.trusted_proxies
        listed = reported(said.get(b"x-forwarded-for", ()), said.get(b"forwarded", ()))
        chain = tuple(hop for hop in proxies.hops(self.address, listed) if hop != UNIX) or (_NOBODY,)
        scheme = reported_proto(said.get(b"x-forwarded-proto", ()), self._server.scheme, len(chain) - 1)
        host = request.host or b""
        hosts = [item.strip() for value in said.get(b"x-forwarded-host", ()) for item in value.split(",")]
        if hosts and hosts[0]:
            host = hosts[0].encode("latin-1")
        _check(host)
        view = View(chain[0], scheme, host, chain, key)
        ids = said.get(b"x-request-id", ())
        if len(ids) == 1:
            view.request_id = _clean_id(ids[0].encode("latin-1"))
        return view


class RequestIds:
    """Names for requests: unlike those of any other process or start."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(6).encode() + b"-"
        self._count = itertools.count(1)

    def next(self) -> bytes:
        """The next name."""
        return b"%b%x" % (self._prefix, next(self._count))


def _check(host: bytes) -> None:
    if not host.isascii():
        raise MalformedHost("the host is not ASCII")
    authority(host.decode("ascii"))


def _named_port(host: str) -> int | None:
    port = host.rpartition(":")[2]
    return int(port) if ":" in host and port.isdigit() else None


def _clean_id(value: bytes) -> bytes | None:
    return value if 0 < len(value) <= _LONGEST_REQUEST_ID and _REQUEST_ID_BYTES.issuperset(value) else None
