"""Drafts: what somebody who is signed in has begun and not finished yet, such as the secret of a new authenticator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.sessions.connection import answer

if TYPE_CHECKING:
    from redis.asyncio import Redis


class Drafts:
    """Short texts by name that end by themselves. What is secret in them is sealed by whoever keeps them here."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def begin(self, name: str, text: str, lifetime: float) -> str:
        """Keep a text, unless there is one of this name; of many who begin at once, one is kept.

        Args:
            name: of the draft.
            text: what to keep.
            lifetime: seconds from now.

        Returns:
            the one that is kept.

        Raises:
            Unavailable: Redis does not answer; the text may be kept.
        """
        milliseconds = max(1, round(lifetime * 1000))
        earlier: bytes | None = await answer(self._redis.set(_key(name), text, nx=True, px=milliseconds, get=True))
        return text if earlier is None else earlier.decode()

    async def replace(self, name: str, text: str, lifetime: float) -> None:
        """Keep a text in the place of the one before.

        Raises:
            Unavailable: Redis does not answer; the text may be kept.
        """
        await answer(self._redis.set(_key(name), text, px=max(1, round(lifetime * 1000))))

    async def get(self, name: str) -> str | None:
        """The text of this name; ``None`` where there is none any more.

        Raises:
            Unavailable: Redis does not answer.
        """
        text: bytes | None = await answer(self._redis.get(_key(name)))
        return None if text is None else text.decode()

    async def drop(self, name: str) -> bool:
        """Forget a text; ``True`` for the one caller who did.

        Raises:
            Unavailable: Redis does not answer; it may be forgotten.
        """
        return bool(await answer(self._redis.delete(_key(name))))


def _key(name: str) -> str:
    return f"gk:d:{name}"
