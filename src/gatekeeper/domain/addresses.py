"""Hosts in one form, and the client's own address behind trusted proxies."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNIX = "unix"
"""How a peer on a Unix socket is named, in ``trusted_proxies`` and as an address."""

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")

_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\\\s]+)(?::([0-9]{1,5}))?")
_LARGEST_PORT = 65_535
_LONGEST_HOST = 253


class MalformedHost(ValueError):
    """A ``Host`` that names no host: 400 (RFC 9112 §3.2)."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A host in its one form: lower case, without a trailing dot, IPv6 in brackets, a port only where one is odd."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


def authority(text: str) -> Authority:
    """Read ``host[:port]`` (RFC 3986 §3.2) into its one form. Ports 80 and 443 count as no port.

    >>> str(authority("Mail.Example.COM.:443")), str(authority("[0:0::1]:8080"))
    ('mail.example.com', '[::1]:8080')

    Raises:
        MalformedHost: it is empty, has user information, or characters that no host has.
    """
    parts = _AUTHORITY.fullmatch(text)
    if parts is None:
        raise MalformedHost("the host is malformed")
    port = None if parts.group(2) is None else int(parts.group(2))
    if port is not None and not 0 < port <= _LARGEST_PORT:
        raise MalformedHost("the port is out of range")
    return Authority(_host(parts.group(1)), None if port in DEFAULT_PORTS.values() else port)


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]"
        except ValueError:
            raise MalformedHost("the host is no IPv6 address") from None
    name = text.lower().removesuffix(".")
    if len(name) > _LONGEST_HOST or not _NAME.fullmatch(name):
        raise MalformedHost("the host is malformed")
    return name


def is_loopback(host: str) -> bool:
    """Whether a host (in its one form) is this machine and nothing else."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_origin_of(origin: str, host: str, scheme: str) -> bool:
    """Whether an ``Origin`` header names the very place that a request was sent to (RFC 6454 §7).

    Args:
        origin: the header as sent; ``null`` is nobody's.
        host: the request's ``Host`` as sent.
        scheme: ``http`` or ``https``, as the client sees it.
    """
    kind, separator, place = origin.partition("://")
    if not separator or kind.lower() != scheme:
        return False
    try:
        return _with_port(authority(place), place, scheme) == _with_port(authority(host), host, scheme)
    except MalformedHost:
        return False


def _with_port(name: Authority, text: str, scheme: str) -> tuple[str, int]:
    named = _AUTHORITY.fullmatch(text)
    port = named.group(2) if named else None
    return name.host, int(port) if port else DEFAULT_PORTS[scheme]


class TrustedProxies:
    """Whose word about the client is taken.

    Args:
        networks: address networks; peers inside them are believed.
        unix: whether peers on a Unix listener are believed.
    """

    def __init__(self, networks: Iterable[Network] = (), *, unix: bool = False) -> None:
        self._networks = tuple(networks)
        self._unix = unix
        self._known: dict[str, bool] = {}

    @property
    def networks(self) -> tuple[Network, ...]:
        """The networks, as they were named."""
        return self._networks

    def trusts(self, address: str) -> bool:
        """Whether an address is a trusted proxy's; ``"unix"`` is a peer on a Unix listener."""
        known = self._known.get(address)
        if known is None:
            known = self._unix if address == UNIX else self._inside(address)
            if len(self._known) >= 4_096:  # noqa: PLR2004 - enough for the peers that come back
                self._known.clear()
            self._known[address] = known
        return known

    def _inside(self, address: str) -> bool:
        parsed = _parse(address)
        return parsed is not None and any(
            parsed.version == network.version and parsed in network for network in self._networks
        )

    def client_of(self, peer: str, forwarded_for: Iterable[str]) -> str:
        """The client's address: the last that no trusted proxy of ours has, reading from our side.

        Args:
            peer: the address of the connection's other end, or ``"unix"``.
            forwarded_for: the addresses that were reported (:func:`reported`), the farthest first.
        """
        return self.hops(peer, forwarded_for)[0]

    def hops(self, peer: str, forwarded_for: Iterable[str]) -> tuple[str, ...]:
        """The chain that is believed, the client first and the peer last. Of an untrusted peer: the peer alone."""
        chain = [peer]
        for reported_address in reversed(tuple(forwarded_for)):
            if not self.trusts(chain[0]):
                break
            clean = canonical_address(reported_address)
            if clean is None:
                break
            chain.insert(0, clean)
        return tuple(chain)


def canonical_address(text: str) -> str | None:
    """An address in its one form (an IPv4 address mapped into IPv6 as IPv4), or ``None`` if it is none.

    A port after it is left out: ``192.0.2.1:4711``, ``[2001:db8::1]:4711``.
    """
    parsed = _parse(text)
    return None if parsed is None else parsed.compressed


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def reported(forwarded_for: Iterable[str], forwarded: Iterable[str] = ()) -> tuple[str, ...]:
    """The addresses that a chain of proxies reported, the farthest first.

    Args:
        forwarded_for: every ``X-Forwarded-For`` header's value, in order; preferred where there is one.
        forwarded: every ``Forwarded`` header's value, in order (RFC 7239 §5.2).
    """
    listed = [item for value in forwarded_for for item in value.split(",") if item.strip()]
    if listed:
        return tuple(item.strip() for item in listed)
    return tuple(
        value.strip().strip('"')
        for element in ",".join(forwarded).split(",")
        for key, _, value in (pair.partition("=") for pair in element.split(";"))
        if key.strip().lower() == "for"
    )


def counted_as(address: str) -> str:
    """The form under which things are counted by address: IPv6 by /64, since one subscriber has a whole one."""
    parsed = _parse(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return address if parsed is None else parsed.compressed
