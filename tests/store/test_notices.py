"""What people were told once."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.domain.errors import NotFound
from tests.store.samples import NOBODY


async def note(database, user_id: str, about: str, kind: str = "expiry-shown") -> bool:
    async with database.transaction() as tables:
        return await tables.notices.note(user_id, kind, about, 1.0)


async def test_the_latest_of_each_kind_is_kept(database, anna):
    assert await database.read.notices.about(anna.id, "expiry-shown") is None
    assert await note(database, anna.id, "first")
    assert await note(database, anna.id, "other", kind="new-device")
    assert await note(database, anna.id, "second")
    assert await database.read.notices.about(anna.id, "expiry-shown") == "second"
    assert await database.read.notices.about(anna.id, "new-device") == "other"


async def test_of_many_who_tell_the_same_at_once_one_is_told_so(database, anna):
    assert sorted(await asyncio.gather(*(note(database, anna.id, "same") for _ in range(5)))) == [False] * 4 + [True]
    assert not await note(database, anna.id, "same")


async def test_nobody_is_told_nothing(database):
    with pytest.raises(NotFound):
        await note(database, NOBODY, "first")
