"""When a session was last used: known here at once, written down once a minute at most."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from gatekeeper.domain.errors import GatekeeperError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gatekeeper.domain.model import Session

log = structlog.get_logger()

RENEW_EVERY = 60.0
"""Seconds between two writings of a session's last request."""

MOST_REMEMBERED = 100_000


class Renewals:
    """Renews the idle limit of sessions.

    Args:
        touch: writes down that a session was used (``sessions.Sessions.touch``).
        idle_timeout: seconds without a request after which a session ends.
    """

    def __init__(self, touch: Callable[[str, float], Coroutine[object, object, None]], idle_timeout: float) -> None:
        self._touch = touch
        self._idle_timeout = idle_timeout
        self._every = min(RENEW_EVERY, idle_timeout / 4)
        self._touched: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def idle_at(self, session: Session) -> float:
        """When a session may have been idle for too long, as far as this node knows."""
        return self._last_seen(session) + self._idle_timeout

    def due_at(self, session: Session) -> float:
        """When a session's last request is to be written down again."""
        return self._last_seen(session) + self._every

    def renew(self, session: Session, now: float) -> None:
        """Write down, beside what is under way, that a session was used, if that is due."""
        if now < self.due_at(session):
            return
        if len(self._touched) >= MOST_REMEMBERED:
            self._touched.clear()
        self._touched[session.id] = now
        task = asyncio.get_running_loop().create_task(self._write(session.id, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _last_seen(self, session: Session) -> float:
        return max(session.last_seen_at, self._touched.get(session.id, 0.0))

    async def _write(self, session_id: str, now: float) -> None:
        try:
            await self._touch(session_id, now)
        except GatekeeperError:
            self._touched.pop(session_id, None)
        except Exception:
            self._touched.pop(session_id, None)
            log.exception("gate.touch_failed")
