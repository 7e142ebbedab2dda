"""Limits that cost nothing per request: one coarse clock, one sweep over everything, counts of connections."""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import termios
from typing import TYPE_CHECKING, Protocol

import structlog

from gatekeeper.domain.addresses import counted_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.config import Limits
    from gatekeeper.domain.addresses import TrustedProxies

log = structlog.get_logger()

NEVER = float("inf")
TICK = 0.2
"""Seconds between two sweeps: by so much a deadline may be missed."""


class CoarseClock:
    """The loop's time, as it was at the last sweep. Reading it is reading an attribute."""

    def __init__(self) -> None:
        self.now = 0.0


class Swept(Protocol):
    """Something with a deadline."""

    deadline: float

    def expire(self, now: float) -> None:
        """The deadline has passed."""


class Sweep:
    """Looks at everything that has a deadline, five times a second: no request needs a timer of its own.

    Attributes:
        members: what is looked at.
        clock: the coarse time.
    """

    def __init__(self) -> None:
        self.clock = CoarseClock()
        self.members: set[Swept] = set()
        self._chores: list[Callable[[float], None]] = []
        self._handle: asyncio.TimerHandle | None = None

    def also(self, chore: Callable[[float], None]) -> None:
        """Do something else at every sweep; it is given the time."""
        self._chores.append(chore)

    def start(self) -> None:
        """Begin."""
        self.clock.now = asyncio.get_running_loop().time()
        self._handle = asyncio.get_running_loop().call_later(TICK, self._tick)

    def stop(self) -> None:
        """End."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self.clock.now = now = loop.time()
        self._handle = loop.call_later(TICK, self._tick)
        for member in [member for member in self.members if member.deadline < now]:
            _guarded(member.expire, now)
        for chore in self._chores:
            _guarded(chore, now)


def _guarded(work: Callable[[float], None], now: float) -> None:
    """One that fails must not keep the others from their deadlines."""
    try:
        work(now)
    except Exception:
        log.exception("edge.sweep_failed")


class Counts:
    """How many connections there are, in all and by address.

    Args:
        limits: the most of each.
        trusted: proxies, which have a limit of their own.
    """

    def __init__(self, limits: Limits, trusted: TrustedProxies) -> None:
        self._limits = limits
        self._trusted = trusted
        self._by_address: dict[str, int] = {}
        self.total = 0

    def enter(self, address: str) -> bool:
        """Whether one more connection from an address is taken; if so, :meth:`leave` must follow."""
        key = counted_as(address)
        count = self._by_address.get(key, 0)
        limits = self._limits
        most = limits.connections_per_proxy if self._trusted.trusts(address) else limits.connections_per_address
        if count >= most or self.total >= limits.connections:
            return False
        self._by_address[key] = count + 1
        self.total += 1
        return True

    def leave(self, address: str) -> None:
        """A connection from an address has ended."""
        key = counted_as(address)
        self.total -= 1
        left = self._by_address[key] - 1
        if left:
            self._by_address[key] = left
        else:
            del self._by_address[key]


def unsent(transport: asyncio.Transport) -> int:
    """Bytes that the other end has not taken yet, the kernel's share included; it falls as long as a reader reads."""
    waiting = transport.get_write_buffer_size()
    connection = transport.get_extra_info("socket")
    if connection is not None:
        answer = array.array("i", [0])
        with contextlib.suppress(OSError):
            fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, answer)
            waiting += answer[0]
    return waiting
