"""The addresses of this machine."""

from __future__ import annotations

import ipaddress
import re
import socket
from contextlib import suppress
from pathlib import Path

_LOCAL = re.compile(r"\|-- ([0-9.]+)\n\s+/32 host LOCAL")


def own_addresses() -> tuple[str, ...]:
    """Those at which others may reach this machine: neither loopback nor link-local."""
    found = [*_named(), *_listed()]
    parsed = (ipaddress.ip_address(address) for address in dict.fromkeys(found))
    return tuple(str(address) for address in parsed if not (address.is_loopback or address.is_link_local))


def addresses_of(host: str) -> tuple[str, ...]:
    """The addresses of a name; none where it has none."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def is_here(addresses: tuple[str, ...], own: tuple[str, ...]) -> bool:
    """Whether one of some addresses is this machine's."""
    parsed = [(address, ipaddress.ip_address(address)) for address in addresses]
    return any(address in own or known.is_loopback or known.is_unspecified for address, known in parsed)


def _named() -> tuple[str, ...]:
    return addresses_of(socket.gethostname())


def _listed() -> list[str]:
    found: list[str] = []
    with suppress(OSError):
        found += _LOCAL.findall(Path("/proc/net/fib_trie").read_text("ascii"))
    with suppress(OSError):
        lines = Path("/proc/net/if_inet6").read_text("ascii").splitlines()
        found += [str(ipaddress.IPv6Address(bytes.fromhex(line.split()[0]))) for line in lines]
    return found
