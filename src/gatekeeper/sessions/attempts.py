"""Sign-in attempts: facts of somebody who is half-way in, changed by one writer at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import Conflict
from gatekeeper.sessions import records
from gatekeeper.sessions.connection import answer

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from gatekeeper.domain.model import Attempt

_CREATE = """
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'a', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
"""

_UPDATE = """
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'a', ARGV[3])
return 1
"""


class Attempts:
    """Attempts by id; Redis drops each at its end."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._create = redis.register_script(_CREATE)
        self._update = redis.register_script(_UPDATE)

    async def create(self, attempt: Attempt) -> None:
        """Store a new attempt; it lives from ``created_at`` to ``expires_at``.

        Raises:
            Unavailable: Redis does not answer.
        """
        lifetime = max(1, round((attempt.expires_at - attempt.created_at) * 1000))
        await answer(self._create([_key(attempt.id)], [attempt.version, records.attempt_text(attempt), lifetime]))

    async def get(self, id: str) -> Attempt | None:  # noqa: A002 - the id of what is got
        """Return an attempt, or ``None`` where there is none any more.

        Raises:
            Unavailable: Redis does not answer.
        """
        version, text = await answer(self._redis.hmget(_key(id), "v", "a"))
        return None if version is None or text is None else records.attempt_from(id, version, text)

    async def update(self, attempt: Attempt) -> Attempt:
        """Replace an attempt, if it is still the version that was read; its end stays.

        Returns:
            What is stored now: the same with the next version.

        Raises:
            Conflict: somebody else changed it meanwhile, or it has ended.
            Unavailable: Redis does not answer; it may have been replaced.
        """
        following = replace(attempt, version=attempt.version + 1)
        arguments: list[bytes | int] = [attempt.version, following.version, records.attempt_text(following)]
        if not await answer(self._update([_key(attempt.id)], arguments)):
            raise Conflict
        return following

    async def delete(self, id: str) -> bool:  # noqa: A002 - the id of what is deleted
        """End an attempt; ``True`` for the one caller who ended it.

        Raises:
            Unavailable: Redis does not answer; it may have ended.
        """
        return bool(await answer(self._redis.delete(_key(id))))


def _key(id: str) -> str:  # noqa: A002 - the id in the key
    return f"gk:a:{id}"
