"""How single values are written; each function checks one and raises ``ValueError`` saying what would be right."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from gatekeeper.config.faults import Wrong
from gatekeeper.config.model import Listen
from gatekeeper.domain.addresses import UNIX, Authority, MalformedHost, TrustedProxies, authority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

C = TypeVar("C", bound=str)

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*([smhd])")
_SIZE = re.compile(r"([0-9]{1,12})\s*(|kB|kiB|KiB|MB|MiB)")
_SIZES = {"": 1, "kB": 1_000, "kiB": 1_024, "KiB": 1_024, "MB": 1_000_000, "MiB": 1_048_576}
_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_LARGEST_PORT = 65_535
_LONGEST_SOCKET_PATH = 107


class FromEnvironment(str):
    """A text from the environment, to be read as whatever the setting is."""

    __slots__ = ()


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str):
        raise Wrong("is a text, in quotes")
    if not value.strip():
        raise Wrong("is empty")
    return str(value)


def boolean(value: Any) -> bool:
    """``true`` or ``false``."""
    if isinstance(value, FromEnvironment) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise Wrong("is true or false, without quotes")
    return value


def integer(low: int, high: int) -> Callable[[Any], int]:
    """A whole number between two others."""

    def parse(value: Any) -> int:
        if isinstance(value, FromEnvironment) and re.fullmatch(r"[0-9]{1,12}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Wrong(f"is a whole number from {low} to {high}")
        return value

    return parse


def size(low: int, high: int) -> Callable[[Any], int]:
    """A size in bytes: ``65536``, ``"64KiB"``, ``"1MB"``."""

    def parse(value: Any) -> int:
        if isinstance(value, str):
            parts = _SIZE.fullmatch(value.strip())
            value = int(parts.group(1)) * _SIZES[parts.group(2)] if parts else None
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Wrong(f'is a size from {low} to {high} bytes, such as 65536 or "64KiB"')
        return value

    return parse


def duration(value: Any) -> float:
    """A time such as ``"30m"``, in seconds."""
    parts = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    seconds = float(parts.group(1)) * _UNITS[parts.group(2)] if parts else 0.0
    if not seconds:
        raise Wrong('is a time with its unit (s, m, h or d): "90s", "30m", "12h", "90d"')
    return seconds


def one_of(*choices: C) -> Callable[[Any], C]:
    """One of a few texts."""

    def parse(value: Any) -> C:
        for choice in choices:
            if value == choice:
                return choice
        raise Wrong(f"is one of {', '.join(json.dumps(choice) for choice in choices)}")

    return parse


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    if isinstance(value, FromEnvironment):
        value = _list_from_environment(value)
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise Wrong('is a list of texts: ["one", "two"]')
    return tuple(str(item).strip() for item in value)


def _list_from_environment(value: str) -> Sequence[object] | None:
    if not value.lstrip().startswith("["):
        return [item for item in value.split(",") if item.strip()]
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def listen(value: Any) -> Listen:
    """``127.0.0.1:8080``, ``[::1]:8080``, ``:8080`` (all addresses) or ``unix:/path``."""
    if isinstance(value, str) and value.startswith("unix:"):
        return Listen(path=socket_path(value.removeprefix("unix:")))
    parts = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if parts is None or int(parts["port"]) > _LARGEST_PORT:
        raise Wrong('is an address and a port, or a Unix socket: "127.0.0.1:8080", "unix:/run/gatekeeper.sock"')
    return Listen(parts["host"].strip("[]") or "0.0.0.0", int(parts["port"]))  # noqa: S104 - what ":8080" means


def socket_path(path: str) -> str:
    """The path of a Unix socket."""
    if not path.startswith("/"):
        raise Wrong('a Unix socket has a whole path: "unix:/run/name.sock"')
    if len(path.encode()) > _LONGEST_SOCKET_PATH:
        raise Wrong(f"a Unix socket's path has at most {_LONGEST_SOCKET_PATH} bytes")
    return path


def host(value: Any) -> Authority:
    """A host in its one form, with a port where one is named."""
    try:
        return authority(_ascii_host(text(value)))
    except MalformedHost:
        raise Wrong('is a host, such as "mail.example.com"; no scheme, no path') from None


def _ascii_host(name: str) -> str:
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def trusted_proxies(value: Any) -> TrustedProxies:
    """Networks (``127.0.0.1/32``), addresses, and ``unix``."""
    networks = []
    unix = False
    for item in texts(value):
        if item == UNIX:
            unix = True
            continue
        try:
            networks.append(ipaddress.ip_network(item, strict=False))
        except ValueError:
            raise Wrong(f'"{item}" is no network: write "10.0.0.0/8", "2001:db8::/32", "192.0.2.7" or "unix"') from None
    return TrustedProxies(networks, unix=unix)
