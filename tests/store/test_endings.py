"""Endings of sessions: read from a time on, kept until nothing they ended could live, also beyond the person."""

from __future__ import annotations

import time


async def test_endings_are_read_from_a_time_on(database, anna):
    async with database.transaction() as tables:
        await tables.endings.end_session("s1", anna.id, 100.0)
        await tables.endings.end_user(anna.id, 50.5, 200.0)
    one, all_of_them = await database.read.endings.since(time.time() - 600)
    assert (one.session_id, one.user_id, one.valid_from) == ("s1", anna.id, None)
    assert (all_of_them.session_id, all_of_them.user_id, all_of_them.valid_from) == (None, anna.id, 50.5)
    assert abs(one.at - time.time()) < 600
    assert await database.read.endings.since(all_of_them.at) == [all_of_them]
    assert await database.read.endings.since(time.time() + 600) == []


async def test_an_ending_outlives_the_person(database, anna):
    async with database.transaction() as tables:
        await tables.endings.end_user(anna.id, 50.0, 200.0)
        await tables.users.delete(anna.id)
    assert [ending.user_id for ending in await database.read.endings.since(0.0)] == [anna.id]


async def test_endings_past_their_keeping_are_purged(database, anna):
    async with database.transaction() as tables:
        await tables.endings.end_session("s1", anna.id, 100.0)
        await tables.endings.end_session("s2", anna.id, 200.0)
        assert await tables.endings.purge(150.0) == 1
    assert [ending.session_id for ending in await database.read.endings.since(0.0)] == ["s2"]
