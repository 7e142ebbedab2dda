"""What one node keeps in memory: the policies in force and the endings of sessions, both as PostgreSQL tells them.

A message on the bus only hurries; every five seconds the node looks for itself. While PostgreSQL is away the last
known policies stay in force and endings already known stay known.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.model import Policies
from gatekeeper.flows.devices import KEPT
from gatekeeper.sessions.bus import PoliciesChanged, SessionsEnded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from gatekeeper.domain.model import Session
    from gatekeeper.sessions.bus import Bus, Message
    from gatekeeper.sessions.sessions import Sessions
    from gatekeeper.store.database import Database

log = structlog.get_logger()

REFRESH_EVERY = 5.0
FORGET_EVERY = 3_600.0
FORGET_DEVICES_EVERY = 86_400.0
OVERLAP = 300.0
"""Seconds by which each look at the endings reaches back behind the last: late commits and clocks that differ."""

LEFT_BEHIND = 2.0
"""Seconds after which a change of a person's facts is carried into their sessions by whichever node finds it."""


class NodeState:
    """The policies and endings that this node knows; :meth:`run` keeps them current.

    Args:
        database: PostgreSQL.
        sessions: the sessions in Redis, into which changes that were left behind are carried.
        bus: its messages hurry the next look.
        absolute_timeout: seconds after which no session lives, and so no ending matters any more.
        every: seconds between two looks.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        bus: Bus,
        *,
        absolute_timeout: float,
        every: float = REFRESH_EVERY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._absolute_timeout = absolute_timeout
        self._every = every
        self._clock = clock
        self._policies = Policies()
        self._ended: dict[str, float] = {}
        self._valid_from: dict[str, float] = {}
        self._newest = 0.0
        self._forget_at = clock() + FORGET_EVERY
        self._forget_devices_at = clock() + FORGET_EVERY
        self._chores: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._hurried = asyncio.Event()
        self._failing: set[str] = set()
        bus.subscribe(self._on_message)

    @property
    def policies(self) -> Policies:
        """The policies in force, as last read."""
        return self._policies

    def is_ended(self, session: Session) -> bool:
        """Whether this session is known to have been ended, by its id or with all those of its owner."""
        return session.id in self._ended or session.created_at < self._valid_from.get(session.owner.user_id, 0.0)

    def note_ended(self, ids: Iterable[str]) -> None:
        """Remember sessions that this node itself ended, without waiting for the next look."""
        now = self._clock()
        self._ended.update((session_id, now) for session_id in ids)

    def note_valid_from(self, user_id: str, at: float) -> None:
        """Remember that a person's sessions begun before ``at`` have ended."""
        self._valid_from[user_id] = max(at, self._valid_from.get(user_id, 0.0))

    def hurry(self) -> None:
        """Look again now rather than in a few seconds."""
        self._hurried.set()

    def also(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Have something else done at each look, after the node's own; ``what`` names it in the log where it fails."""
        self._chores.append((what, work))

    async def start(self) -> None:
        """Read policies and endings for the first time.

        Raises:
            Unavailable: PostgreSQL does not answer; a node that knows no policy must not serve.
        """
        await self.refresh()

    async def run(self) -> None:
        """Keep looking until cancelled; an engine that is away is waited for."""
        while True:
            await self._tolerate("policies", self.refresh)
            await self._tolerate("changes left behind", self.sweep)
            await self._tolerate("what to forget", self._forget)
            for what, work in self._chores:
                await self._tolerate(what, work)
            try:
                async with asyncio.timeout(self._every):
                    await self._hurried.wait()
            except TimeoutError:
                pass
            self._hurried.clear()

    async def refresh(self) -> None:
        """Read the policies and the endings since the last look."""
        self._policies = await self._database.read.policies.read()
        for ending in await self._database.read.endings.since(self._newest - OVERLAP):
            if ending.session_id is not None:
                self.note_ended((ending.session_id,))
            elif ending.valid_from is not None:
                self.note_valid_from(ending.user_id, ending.valid_from)
            self._newest = max(self._newest, ending.at)

    async def sweep(self) -> None:
        """Carry changed facts into sessions where whoever changed them could not, because Redis was away."""
        for facts in await self._database.read.users.pending_owner_changes(self._clock() - LEFT_BEHIND):
            await self._sessions.rewrite_owner(facts)
            async with self._database.transaction() as tables:
                await tables.users.owner_change_done(facts.user_id, facts.version)

    def _on_message(self, message: Message) -> None:
        if isinstance(message, SessionsEnded):
            self.note_ended(message.ids)
        elif isinstance(message, PoliciesChanged) and message.epoch != self._policies.epoch:
            self.hurry()

    async def _tolerate(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except GatekeeperError as error:
            if what not in self._failing:
                self._failing.add(what)
                log.warning("node.cannot_read", what=what, reason=str(error))
        except Exception:
            if what not in self._failing:
                self._failing.add(what)
                log.exception("node.cannot_read", what=what)
        else:
            self._failing.discard(what)

    async def _forget(self) -> None:
        """Once an hour drop what has outlived itself: endings, links and, once a day, devices that nobody uses."""
        now = self._clock()
        if now < self._forget_at:
            return
        self._forget_at = now + FORGET_EVERY
        async with self._database.transaction() as tables:
            await tables.endings.purge(now - OVERLAP)
            await tables.links.purge(now)
            if now >= self._forget_devices_at:
                await tables.devices.purge(now - KEPT)
        if now >= self._forget_devices_at:
            self._forget_devices_at = now + FORGET_DEVICES_EVERY
        before = now - self._absolute_timeout - OVERLAP
        for known in (self._ended, self._valid_from):
            for key in [key for key, at in known.items() if at < before]:
                del known[key]
