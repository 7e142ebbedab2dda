"""This node's copies of sessions, so that a request of somebody known costs no way to Redis.

A copy is used only while the bus is trusted, and is dropped by the message that says it is stale. A read that began
before such a message never fills the cache, nor is it given to anybody who asked after it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from gatekeeper.sessions.messages import PoliciesChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gatekeeper.domain.model import Session
    from gatekeeper.sessions.bus import Bus
    from gatekeeper.sessions.messages import Message
    from gatekeeper.sessions.sessions import Sessions


@dataclass(slots=True)
class _Flight:
    """A read on its way from Redis, and whether the cache may keep what it brings."""

    task: asyncio.Task[Session | None]
    may_fill: bool


class SessionCache:
    """Copies of sessions by id, in two halves: when the younger is full, the older is forgotten.

    That keeps what was used lately, as a least-recently-used list would, at the price of a look into a ``dict``.

    Args:
        sessions: where they are read.
        bus: tells what is stale, and whether it can be relied upon to tell.
        size: how many copies are kept at most.
    """

    def __init__(self, sessions: Sessions, bus: Bus, *, size: int = 100_000) -> None:
        self._sessions = sessions
        self._bus = bus
        self._half = max(1, size // 2)
        self._young: dict[str, Session] = {}
        self._old: dict[str, Session] = {}
        self._flights: dict[str, _Flight] = {}
        self._running: set[asyncio.Task[Session | None]] = set()
        self._handlers: list[Callable[[tuple[str, ...]], None]] = []
        bus.subscribe(self._on_message)
        bus.on_trust_lost(self.clear)

    def __len__(self) -> int:
        """Return how many copies there are."""
        return len(self._young) + len(self._old)

    def get(self, id: str) -> Session | None:  # noqa: A002 - the id of what is got
        """Return the copy of a session, or ``None`` where none can be trusted. Neither waits nor reads."""
        session = self._young.get(id)
        if session is None:
            session = self._old.pop(id, None)
            if session is None:
                return None
            self._keep(session)
        return session if monotonic() < self._bus.trusted_until else None

    async def load(self, id: str) -> Session | None:  # noqa: A002 - the id of what is loaded
        """Read a session from Redis, once for all who ask at the same time, and keep a copy.

        Raises:
            Unavailable: Redis does not answer.
        """
        flight = self._flights.get(id)
        if flight is None:
            task = asyncio.create_task(self._sessions.get(id))
            flight = self._flights[id] = _Flight(task, may_fill=self._bus.trusted)
            self._running.add(task)
            task.add_done_callback(lambda _: self._land(id, flight))
        return await asyncio.shield(flight.task)

    def put(self, session: Session) -> None:
        """Put a changed copy in the place of the one that it was made from, if that is still there.

        A copy whose original was dropped meanwhile is stale itself, and is not kept.
        """
        for half in (self._young, self._old):
            kept = half.get(session.id)
            if kept is not None and kept.owner is session.owner:
                half[session.id] = session

    def drop(self, ids: Iterable[str]) -> None:
        """Forget copies, and what is on its way of the same sessions."""
        dropped = tuple(ids)
        for session_id in dropped:
            self._young.pop(session_id, None)
            self._old.pop(session_id, None)
            flight = self._flights.pop(session_id, None)
            if flight is not None:
                flight.may_fill = False
        for handler in self._handlers:
            handler(dropped)

    def clear(self) -> None:
        """Forget all copies, and all that is on its way; nobody is told that sessions ended, for they may not have."""
        self._young.clear()
        self._old.clear()
        for flight in self._flights.values():
            flight.may_fill = False
        self._flights.clear()

    def on_dropped(self, handler: Callable[[tuple[str, ...]], None]) -> None:
        """Have ``handler`` called with the ids of sessions that ended or changed, whether there were copies or not."""
        self._handlers.append(handler)

    def _on_message(self, message: Message) -> None:
        if not isinstance(message, PoliciesChanged):
            self.drop(message.ids)

    def _land(self, session_id: str, flight: _Flight) -> None:
        self._running.discard(flight.task)
        if self._flights.get(session_id) is flight:
            del self._flights[session_id]
        # Asking for the exception marks it as seen: whoever waited may have left.
        if flight.task.cancelled() or flight.task.exception() is not None:
            return
        session = flight.task.result()
        if session is not None and flight.may_fill:
            self._old.pop(session_id, None)
            self._keep(session)

    def _keep(self, session: Session) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[session.id] = session
