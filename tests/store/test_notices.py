"""What people were told once."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.domain.errors import NotFound
from gatekeeper.store.notices import LAST_ID, Place
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


async def test_who_was_told_is_passed_over_and_no_more_are_looked_at_than_asked_for(database, add):
    people = [await add(f"p{number}", password_hash="h", created_at=1_000.0 + number) for number in range(5)]
    places = [(1_000.0 + number, user.id) for number, user in enumerate(people)]

    async def untold(after: Place, limit: int = 2) -> tuple[list[str], Place | None]:
        found, last = await database.read.notices.untold_of_expiry(
            "expires", 90, after=after, changed_until=1_003.5, limit=limit
        )
        return [ending.about for ending in found], last

    assert await untold((999.0, LAST_ID)) == (["1000+90", "1001+90"], places[1])
    assert await note(database, people[1].id, "1001+90", kind="expires")
    assert await note(database, people[2].id, "1002+30", kind="expires")
    assert await untold((1_000.0, LAST_ID)) == (["1002+90"], places[2])
    assert await untold(places[1]) == (["1002+90", "1003+90"], places[3])
    assert await untold(places[3]) == ([], None)
    assert await untold((999.0, LAST_ID), limit=5) == (["1000+90", "1002+90", "1003+90"], None)
