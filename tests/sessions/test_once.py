"""One-time marks: exactly one is first."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis

from gatekeeper.sessions.once import Once


async def test_of_fifty_at_once_one_is_first(redis: Redis) -> None:
    once = Once(redis)
    assert sorted(await asyncio.gather(*(once.first("code:1", 30) for _ in range(50)))) == [False] * 49 + [True]


async def test_another_key_is_first_too(redis: Redis) -> None:
    once = Once(redis)
    assert await once.first("code:1", 30)
    assert await once.first("code:2", 30)


async def test_a_mark_ends(redis: Redis) -> None:
    once = Once(redis)
    assert await once.first("code:1", 90)
    assert 80 < await redis.ttl("gk:o:code:1") <= 90
    assert await once.first("code:2", 0)
    await asyncio.sleep(0.01)
    assert await once.first("code:2", 30)
