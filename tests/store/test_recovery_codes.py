"""Recovery codes: each once, and pending until they are saved."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.domain.errors import NotFound
from tests.store.samples import NOBODY


async def replace(database, user_id, digests) -> None:
    async with database.transaction() as tables:
        await tables.recovery_codes.replace(user_id, digests)


async def pending(database, user_id) -> bool:
    return (await database.read.users.by_id(user_id)).facts.recovery_codes_pending


async def test_each_code_works_once(database, anna):
    await replace(database, anna.id, ["a", "b"])

    async def use(digest: str) -> bool:
        async with database.transaction() as tables:
            return await tables.recovery_codes.use(anna.id, digest)

    assert sum(await asyncio.gather(*(use("a") for _ in range(50)))) == 1
    assert not await use("c")
    assert await database.read.recovery_codes.left(anna.id) == 1
    assert await use("b")
    assert await database.read.recovery_codes.left(anna.id) == 0


async def test_a_code_is_its_owners_alone(database, anna, add):
    other = await add("other")
    await replace(database, anna.id, ["a"])
    async with database.transaction() as tables:
        assert not await tables.recovery_codes.use(other.id, "a")


async def test_new_codes_void_the_old_ones_and_are_pending_until_saved(database, anna):
    await replace(database, anna.id, ["a", "b"])
    await replace(database, anna.id, ["c", "d", "c"])
    assert await database.read.recovery_codes.left(anna.id) == 2
    assert await pending(database, anna.id)
    async with database.transaction() as tables:
        assert not await tables.recovery_codes.use(anna.id, "a")
        await tables.recovery_codes.confirm(anna.id)
    assert not await pending(database, anna.id)


async def test_no_codes_leave_nothing_pending(database, anna):
    await replace(database, anna.id, ["a"])
    await replace(database, anna.id, [])
    assert await database.read.recovery_codes.left(anna.id) == 0
    assert not await pending(database, anna.id)


async def test_nobody_gets_no_codes(database):
    with pytest.raises(NotFound):
        await replace(database, NOBODY, ["a"])
    with pytest.raises(NotFound):
        async with database.transaction() as tables:
            await tables.recovery_codes.confirm(NOBODY)


async def test_codes_stand_until_later_ones_make_them_void(database, anna):
    await replace(database, anna.id, ["a", "b"])
    async with database.transaction() as tables:
        await tables.recovery_codes.use(anna.id, "a")
    assert await database.read.recovery_codes.stand(anna.id, ["a", "b"])
    assert not await database.read.recovery_codes.stand(NOBODY, ["a"])
    await replace(database, anna.id, ["c", "d"])
    assert not await database.read.recovery_codes.stand(anna.id, ["a", "b"])
