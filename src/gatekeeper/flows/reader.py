"""Whether a session still stands, from Redis, this node's knowledge of endings, its limits and the policies' scope."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper.domain.model import Session
    from gatekeeper.flows.node import NodeState
    from gatekeeper.sessions.cache import SessionCache
    from gatekeeper.sessions.sessions import Sessions
    from gatekeeper.store.database import Database


class SessionReader:
    """Reads sessions afresh; the edge asks here when its cache does not know.

    Args:
        cache: loads from Redis, once for all who ask at the same time.
        sessions: where an outlived session is ended and a new scope is written.
        database: asked once per session and policy epoch whether two-step verification reaches its owner.
        node: policies in force and endings.
        idle_timeout: seconds without a request after which a session ends.
    """

    def __init__(
        self, cache: SessionCache, sessions: Sessions, database: Database, node: NodeState, *, idle_timeout: float
    ) -> None:
        self._cache = cache
        self._sessions = sessions
        self._database = database
        self._node = node
        self._idle_timeout = idle_timeout

    async def read(self, session_id: str, now: float) -> Session | None:
        """The session as it stands, or ``None`` where there is none any more.

        Raises:
            Unavailable: Redis does not answer, or PostgreSQL does not while the scope must be looked up.
        """
        session = await self._cache.load(session_id)
        if session is None:
            return None
        outlived = session.expires_at <= now or session.last_seen_at + self._idle_timeout <= now
        if outlived or self._node.is_ended(session) or not session.owner.enabled:
            await self._sessions.delete(session_id)
            self._cache.drop((session_id,))
            return None
        return await self._with_scope(session)

    async def _with_scope(self, session: Session) -> Session:
        known = self._node.policies.epoch
        if session.scope_epoch == known:
            return session
        if session.scope_epoch > known:
            self._node.hurry()
            return session
        epoch, applies = await self._database.read.policies.applies_to(session.owner.user_id)
        await self._sessions.set_scope(session.id, epoch, applies)
        session = replace(session, scope_epoch=epoch, two_factor_applies=applies)
        self._cache.put(session)
        return session
