"""One-time links: each is used once, by whoever comes first, for one purpose, until its time."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.domain.errors import NotFound
from gatekeeper.store.links import Link, Purpose
from tests.store.samples import NOBODY

RESET, ADDRESS = Purpose.RESET, Purpose.RECOVERY_ADDRESS


async def add(database, user_id: str, digest: str = "d", *, purpose=RESET, address=None, until=100.0) -> Link:
    link = Link(digest, user_id, purpose, address, 1.0, until)
    async with database.transaction() as tables:
        await tables.links.add(link)
    return link


async def use(database, digest: str, purpose=RESET, now: float = 50.0) -> Link | None:
    async with database.transaction() as tables:
        return await tables.links.use(digest, purpose, now)


async def test_looking_uses_nothing_up_and_using_does(database, anna):
    link = await add(database, anna.id, address="anna@example.net")
    for _ in range(3):
        assert await database.read.links.find("d", RESET, 50.0) == link
    assert await use(database, "d") == link
    assert await database.read.links.find("d", RESET, 50.0) is None
    assert await use(database, "d") is None


async def test_of_many_who_use_one_link_at_once_one_gets_it(database, anna):
    await add(database, anna.id)
    found = await asyncio.gather(*(use(database, "d") for _ in range(5)))
    assert sum(link is not None for link in found) == 1


async def test_a_link_is_good_until_its_time_and_for_its_purpose(database, anna):
    await add(database, anna.id)
    assert await database.read.links.find("d", RESET, 100.0) is None
    assert await use(database, "d", now=100.0) is None
    assert await database.read.links.find("d", ADDRESS, 50.0) is None
    assert await use(database, "d", ADDRESS) is None
    assert await use(database, "d") is not None


async def test_links_that_were_sent_are_counted_while_they_are_good(database, anna):
    await add(database, anna.id, "a", address="anna@example.net")
    await add(database, anna.id, "b", address="anna@example.net", until=10.0)
    await add(database, anna.id, "handed over")
    await add(database, anna.id, "other", purpose=ADDRESS, address="anna@example.net")
    assert await database.read.links.count(anna.id, RESET, 50.0) == 1


async def test_a_persons_links_for_one_purpose_are_dropped_together(database, anna):
    await add(database, anna.id, "a")
    await add(database, anna.id, "b")
    await add(database, anna.id, "c", purpose=ADDRESS)
    async with database.transaction() as tables:
        assert await tables.links.drop(anna.id, RESET) == 2
    assert await database.read.links.find("c", ADDRESS, 50.0) is not None


async def test_links_past_their_time_are_purged(database, anna):
    await add(database, anna.id, "a", until=10.0)
    await add(database, anna.id, "b")
    async with database.transaction() as tables:
        assert await tables.links.purge(10.0) == 1
    assert await database.read.links.find("b", RESET, 50.0) is not None


async def test_nobody_has_no_link(database):
    with pytest.raises(NotFound):
        await add(database, NOBODY)
