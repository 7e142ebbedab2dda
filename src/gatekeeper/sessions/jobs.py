"""Work that takes longer than a request: how far it is, for whichever node is asked, and the file that it works on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gatekeeper.sessions.connection import answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

LIFETIME = 3600.0
"""Seconds after the last word of a job until it is forgotten, and its file with it."""


class Jobs:
    """Jobs by id. What is in a file is the caller's to seal: Redis keeps it on disk."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def write(self, id: str, state: dict[str, Any]) -> None:  # noqa: A002 - the id of the job
        """Say how far a job is.

        Raises:
            Unavailable: Redis does not answer.
        """
        await answer(self._redis.set(_state(id), json.dumps(state), ex=round(LIFETIME)))

    async def read(self, id: str) -> dict[str, Any] | None:  # noqa: A002 - the id of the job
        """How far a job is; ``None`` where there is none, or none any more.

        Raises:
            Unavailable: Redis does not answer.
        """
        text = await answer(self._redis.get(_state(id)))
        if text is None:
            return None
        state: dict[str, Any] = json.loads(text)
        return state

    async def put_file(self, id: str, parts: Sequence[str]) -> None:  # noqa: A002 - the id of the job
        """Keep the file of a job, a part at a time: no command is long, and none leaves a part that stays for ever.

        Raises:
            Unavailable: Redis does not answer.
        """
        for part in parts:
            await answer(self._redis.rpush(_file(id), part))
            await answer(self._redis.expire(_file(id), round(LIFETIME)))

    async def file(self, id: str) -> list[str]:  # noqa: A002 - the id of the job
        """The parts of the file; none where it is gone.

        Raises:
            Unavailable: Redis does not answer.
        """
        parts: list[str] = []
        while (part := await answer(self._redis.lindex(_file(id), len(parts)))) is not None:
            parts.append(part.decode() if isinstance(part, bytes) else part)
        return parts

    async def drop_file(self, id: str) -> None:  # noqa: A002 - the id of the job
        """Forget the file: the work is done, or given up.

        Raises:
            Unavailable: Redis does not answer.
        """
        await answer(self._redis.unlink(_file(id)))


def _state(id: str) -> str:  # noqa: A002 - the id of the job
    return f"gk:j:{id}"


def _file(id: str) -> str:  # noqa: A002 - the id of the job
    return f"gk:j:{id}:file"
