"""Drafts: one of many is kept, and each ends by itself."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis

from gatekeeper.sessions.drafts import Drafts


async def test_of_fifty_who_begin_at_once_one_is_kept_and_all_are_told_which(redis: Redis) -> None:
    drafts = Drafts(redis)
    kept = await asyncio.gather(*(drafts.begin("one", f"text-{number}", 600) for number in range(50)))
    assert set(kept) == {await drafts.get("one")}


async def test_a_draft_ends_by_itself_and_a_second_beginning_does_not_prolong_it(redis: Redis) -> None:
    drafts = Drafts(redis)
    await drafts.begin("one", "text", 90)
    await drafts.begin("one", "text", 9_000)
    assert 80 < await redis.ttl("gk:d:one") <= 90
    await drafts.begin("two", "text", 0)
    await asyncio.sleep(0.01)
    assert await drafts.get("two") is None


async def test_one_is_replaced_and_forgotten_once(redis: Redis) -> None:
    drafts = Drafts(redis)
    await drafts.begin("one", "before", 600)
    await drafts.replace("one", "after", 600)
    assert await drafts.get("one") == "after"
    assert sorted(await asyncio.gather(*(drafts.drop("one") for _ in range(5)))) == [False] * 4 + [True]
    assert await drafts.get("one") is None
