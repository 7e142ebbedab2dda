"""Passwords: the current hash, the ones before it, and whose falls short."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import Strength
from gatekeeper.store.database import Database
from gatekeeper.store.passwords import StoredPassword, Touched
from tests.store.samples import BEGAN, NOBODY, new_user


async def set_password(database: Database, user_id: str, new: str, now: float = 1.0, **options) -> None:
    async with database.transaction() as tables:
        await tables.passwords.set(user_id, new, options.pop("strength", Strength.BASIC), now, **options)


async def test_who_has_no_password_yet_has_none(database, anna):
    assert await database.read.passwords.current(anna.id) is None
    assert await database.read.passwords.current(NOBODY) is None
    assert await database.read.passwords.history(anna.id, 24) == []


async def test_a_new_password_is_kept_with_its_level_and_time(database, anna):
    await set_password(database, anna.id, "h1", 12.5, strength=Strength.ADVANCED, must_change=True)
    assert await database.read.passwords.current(anna.id) == StoredPassword("h1", 12.5, Strength.ADVANCED, True)
    facts = (await database.read.users.by_id(anna.id)).facts
    assert (facts.password_changed_at, facts.password_strength, facts.change_required) == (
        12.5,
        Strength.ADVANCED,
        True,
    )
    await set_password(database, anna.id, "h2", 13.5)
    assert not (await database.read.passwords.current(anna.id)).change_required


async def test_history_gives_the_last_hashes_the_current_one_first(database, anna):
    for number in range(6):
        await set_password(database, anna.id, f"h{number}", keep=4)
    assert await database.read.passwords.history(anna.id, 24) == ["h5", "h4", "h3", "h2"]
    assert await database.read.passwords.history(anna.id, 2) == ["h5", "h4"]
    assert await database.read.passwords.history(anna.id, 1) == ["h5"]
    assert await database.read.passwords.history(anna.id, 0) == []


async def test_two_changes_at_once_both_stand_in_the_history(database, anna):
    await set_password(database, anna.id, "h0")
    await asyncio.gather(*(set_password(database, anna.id, f"h{number}") for number in range(1, 6)))
    assert sorted(await database.read.passwords.history(anna.id, 24)) == [f"h{number}" for number in range(6)]


async def test_rehashing_keeps_the_time_and_the_history(database, anna):
    await set_password(database, anna.id, "old", 5.0)
    async with database.transaction() as tables:
        assert await tables.passwords.rehash(anna.id, "old", "new", Strength.MEDIUM)
    assert await database.read.passwords.current(anna.id) == StoredPassword("new", 5.0, Strength.MEDIUM, False)
    assert await database.read.passwords.history(anna.id, 24) == ["new"]


async def test_rehashing_never_undoes_a_change_of_password(database, anna):
    await set_password(database, anna.id, "old")
    await set_password(database, anna.id, "changed")
    async with database.transaction() as tables:
        assert not await tables.passwords.rehash(anna.id, "old", "new", Strength.MEDIUM)
    assert (await database.read.passwords.current(anna.id)).hash == "changed"


async def test_a_change_is_asked_for_until_it_is_made(database, anna):
    await set_password(database, anna.id, "h")
    async with database.transaction() as tables:
        await tables.passwords.require_change(anna.id)
    assert (await database.read.passwords.current(anna.id)).change_required
    await set_password(database, anna.id, "i")
    assert not (await database.read.passwords.current(anna.id)).change_required


async def test_nobody_gets_no_password(database):
    for change in ("set", "require_change"):
        arguments = ("h", Strength.BASIC, 1.0) if change == "set" else ()
        with pytest.raises(NotFound):
            async with database.transaction() as tables:
                await getattr(tables.passwords, change)(NOBODY, *arguments)


@pytest.fixture
async def people(database):
    levels = [Strength.BASIC, Strength.MEDIUM, Strength.ADVANCED, None]
    new = [
        new_user(f"{level or 'unknown'}{number}", password_hash="h", password_strength=level, created_at=BEGAN + number)
        for level in levels
        for number in range(3)
    ]
    new += [
        new_user("disabled", password_hash="h", password_strength=Strength.BASIC, enabled=False),
        new_user("passwordless"),
    ]
    async with database.transaction() as tables:
        await tables.users.add_many(new)
    return database


async def everybody(fetch, *arguments) -> list[str]:
    names, cursor = [], None
    while True:
        page = await fetch(*arguments, cursor=cursor, limit=2)
        names += [user.facts.username for user in page.items]
        if (cursor := page.next_cursor) is None:
            return names


async def test_who_falls_short_of_a_level_is_listed_apart_from_the_unknown(people):
    read = people.read.passwords
    assert await everybody(read.falling_short, Strength.BASIC) == []
    assert await everybody(read.falling_short, Strength.MEDIUM) == ["basic0", "basic1", "basic2"]
    expected = ["basic0", "basic1", "basic2", "medium0", "medium1", "medium2"]
    assert await everybody(read.falling_short, Strength.ADVANCED) == expected
    assert await everybody(read.of_unknown_strength) == ["unknown0", "unknown1", "unknown2"]


async def test_who_falls_short_is_counted(people):
    read = people.read.passwords
    assert await read.count_touched(Strength.BASIC, None) == Touched(0, 0, 0, 3)
    assert await read.count_touched(Strength.MEDIUM, None) == Touched(3, 0, 0, 3)
    assert await read.count_touched(Strength.ADVANCED, None) == Touched(6, 0, 0, 3)


async def test_who_falls_short_and_is_past_their_term_is_counted_once(people):
    read = people.read.passwords
    assert await read.count_touched(Strength.BASIC, BEGAN + 2) == Touched(0, 8, 0, 3)
    assert await read.count_touched(Strength.ADVANCED, BEGAN + 2) == Touched(6, 8, 4, 3)


async def test_passwords_older_than_a_time_are_listed_the_oldest_first(people):
    read = people.read.passwords
    names = await everybody(read.expired, BEGAN + 2)
    assert len(names) == len(set(names)) == 8
    assert {name[-1] for name in names[:4]} == {"0"}
    assert {name[-1] for name in names[4:]} == {"1"}
    assert await everybody(read.expired, BEGAN) == []
