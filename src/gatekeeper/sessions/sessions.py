"""Sessions in Redis: everybody who is signed in, and an index of each person's sessions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gatekeeper.domain.errors import NotFound
from gatekeeper.sessions import records, scripts
from gatekeeper.sessions.connection import answer
from gatekeeper.sessions.messages import SessionsChanged, SessionsEnded

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from gatekeeper.domain.model import OwnerFacts, Session
    from gatekeeper.sessions.bus import Bus

UNTOUCHED_MARGIN = 600.0
"""Seconds that Redis keeps a session beyond its idle limit: whoever reads it decides, not a clock in Redis."""


class Sessions:
    """Sessions by id. Redis drops each at its absolute limit, or a while after its idle limit if nobody touches it.

    Whoever ends or changes sessions has told the other nodes by then: the message is part of the same script. This
    node's own handlers are called at once, before the caller goes on.

    Args:
        redis: where they are kept.
        bus: its handlers on this node are told without the way through Redis.
        idle_timeout: seconds; whether a session is idle is decided by whoever reads it.
    """

    def __init__(self, redis: Redis, bus: Bus, *, idle_timeout: float) -> None:
        self._redis = redis
        self._bus = bus
        self._untouched = round((idle_timeout + UNTOUCHED_MARGIN) * 1000)
        self._create = redis.register_script(scripts.CREATE)
        self._replace = redis.register_script(scripts.REPLACE)
        self._delete = redis.register_script(scripts.DELETE)
        self._end_all = redis.register_script(scripts.END_ALL)
        self._rewrite_owner = redis.register_script(scripts.REWRITE_OWNER)
        self._set_scope = redis.register_script(scripts.SET_SCOPE)
        self._touch = redis.register_script(scripts.TOUCH)
        self._set_data = redis.register_script(scripts.SET_DATA)

    async def create(self, session: Session) -> None:
        """Store a new session; it lives from ``last_seen_at`` to ``expires_at``.

        Raises:
            Unavailable: Redis does not answer; the session may be stored.
        """
        await answer(self._create([], self._arguments(session)))

    async def get(self, id: str) -> Session | None:  # noqa: A002 - the id of what is got
        """Return a session as it is stored, idle or not, or ``None``.

        Raises:
            Unavailable: Redis does not answer.
        """
        return _session(id, await answer(self._redis.hmget(_key(id), *_FIELDS)))

    async def replace(self, old_id: str, session: Session) -> None:
        """Put a new session in the place of an old one, which is dead at the same moment.

        Facts of the owner that reached the old one meanwhile win over older ones in ``session``; the pages' data moves.

        Raises:
            NotFound: the old one was gone already; nothing is stored.
            Unavailable: Redis does not answer; it may have been replaced.
        """
        arguments: list[str | bytes | float] = [*self._arguments(session), session.owner.version, old_id]
        user_id: bytes | None = await answer(self._replace([], arguments))
        if user_id is None:
            raise NotFound
        self._bus.deliver(SessionsEnded((old_id,), user_id.decode()))

    async def delete(self, id: str) -> bool:  # noqa: A002 - the id of what is deleted
        """End a session; ``True`` for the one caller who ended it.

        Raises:
            Unavailable: Redis does not answer; it may have ended.
        """
        user_id: bytes | None = await answer(self._delete([], [id]))
        if user_id is None:
            return False
        self._bus.deliver(SessionsEnded((id,), user_id.decode()))
        return True

    async def of_user(self, user_id: str) -> list[Session]:
        """Return a person's sessions, the oldest first; what is left in the index of dead ones goes.

        Raises:
            Unavailable: Redis does not answer.
        """
        ids = _texts(await answer(self._redis.zrange(_index(user_id), 0, -1)))
        if not ids:
            return []
        pipeline = self._redis.pipeline(transaction=False)
        for session_id in ids:
            pipeline.hmget(_key(session_id), *_FIELDS)
        rows: list[_Row] = await answer(pipeline.execute())
        found = {session_id: _session(session_id, row) for session_id, row in zip(ids, rows, strict=True)}
        gone = [session_id for session_id, row in zip(ids, rows, strict=True) if row[0] is None]
        if gone:
            await answer(self._redis.zrem(_index(user_id), *gone))
        return sorted((session for session in found.values() if session), key=lambda session: session.created_at)

    async def end_all(self, user_id: str, except_id: str | None = None) -> list[str]:
        """End a person's sessions, but for one; returns the ids of those that ended.

        Raises:
            Unavailable: Redis does not answer; they may have ended.
        """
        ended = _texts(await answer(self._end_all([], [user_id, except_id or ""])))
        if ended:
            self._bus.deliver(SessionsEnded(tuple(ended), user_id))
        return ended

    async def rewrite_owner(self, facts: OwnerFacts) -> int:
        """Write an owner's facts into all their sessions that carry older ones; returns how many did.

        Raises:
            Unavailable: Redis does not answer; they may have been written.
        """
        arguments: list[str | bytes | float] = [facts.user_id, facts.version, records.owner_text(facts)]
        changed = _texts(await answer(self._rewrite_owner([], arguments)))
        if changed:
            self._bus.deliver(SessionsChanged(tuple(changed)))
        return len(changed)

    async def set_scope(self, id: str, epoch: int, applies: bool) -> None:  # noqa: A002, FBT001 - the fixed signature
        """Note whether two-step verification reaches the owner as of a policy epoch; an older epoch changes nothing.

        Raises:
            Unavailable: Redis does not answer.
        """
        await answer(self._set_scope([_key(id)], [records.scope_text(epoch, applies=applies)]))

    async def touch(self, id: str, now: float) -> None:  # noqa: A002 - the id of what is touched
        """Note that a session was used; one that has ended stays ended, and the time never goes back.

        Raises:
            Unavailable: Redis does not answer.
        """
        await answer(self._touch([_key(id)], [repr(now), self._untouched]))

    async def get_data(self, id: str) -> dict[str, Any]:  # noqa: A002 - the id of the session
        """Return the pages' own data of a session, empty where there is none.

        Raises:
            Unavailable: Redis does not answer.
        """
        text: bytes | None = await answer(self._redis.hget(_key(id), "d"))
        data: dict[str, Any] = json.loads(text) if text else {}
        return data

    async def set_data(self, id: str, data: dict[str, Any]) -> None:  # noqa: A002 - the id of the session
        """Replace the pages' own data of a session, if it still lives.

        Raises:
            Unavailable: Redis does not answer.
        """
        await answer(self._set_data([_key(id)], [json.dumps(data) if data else ""]))

    def _arguments(self, session: Session) -> list[str | bytes | float]:
        lifetime = max(1, round((session.expires_at - session.last_seen_at) * 1000))
        return [
            session.id,
            records.core_text(session),
            records.owner_text(session.owner),
            records.scope_text(session.scope_epoch, applies=session.two_factor_applies),
            repr(session.last_seen_at),
            session.owner.user_id,
            repr(session.expires_at),
            lifetime,
            min(lifetime, self._untouched),
        ]


_FIELDS = ("c", "o", "s", "t")
_Row = list[bytes | None]


def _session(id: str, row: _Row) -> Session | None:  # noqa: A002 - the id of the session
    core, owner, scope, seen = row
    if core is None or owner is None or scope is None or seen is None:
        return None
    return records.session_from(id, core, owner, scope, seen)


def _texts(values: list[bytes]) -> list[str]:
    return [value.decode() for value in values]


def _key(id: str) -> str:  # noqa: A002 - the id in the key
    return scripts.SESSION + id


def _index(user_id: str) -> str:
    return scripts.PERSON + user_id
