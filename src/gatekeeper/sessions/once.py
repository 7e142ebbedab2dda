"""One-time marks: the first to come is told so, everybody after is told that they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.sessions.connection import answer

if TYPE_CHECKING:
    from redis.asyncio import Redis


class Once:
    """Marks that live for a while in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def first(self, key: str, ttl: float) -> bool:
        """Set a mark; ``True`` for exactly one caller within ``ttl`` seconds, on whatever node.

        Raises:
            Unavailable: Redis does not answer; the mark may be set.
        """
        milliseconds = max(1, round(ttl * 1000))
        return bool(await answer(self._redis.set(_key(key), b"1", nx=True, px=milliseconds)))

    async def undo(self, key: str) -> None:
        """Take a mark back: what it stood for did not happen.

        Raises:
            Unavailable: Redis does not answer; the mark ends by itself.
        """
        await answer(self._redis.delete(_key(key)))


def _key(key: str) -> str:
    return f"gk:o:{key}"
