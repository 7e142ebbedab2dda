"""Authenticators: each code once, and whether a person is enrolled follows from what they have."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import OwnerFacts
from gatekeeper.store.authenticators import Authenticator
from gatekeeper.store.database import Database
from tests.store.samples import NOBODY, new_id


def authenticator(user_id: str, **changes) -> Authenticator:
    values = {"id": new_id(), "name": "phone", "sealed_secret": "sealed", "created_at": 1.5, "last_counter": 100}
    return Authenticator(user_id=user_id, **{**values, **changes})


async def enrol(database: Database, user_id: str, **changes) -> Authenticator:
    one = authenticator(user_id, **changes)
    async with database.transaction() as tables:
        await tables.authenticators.add(one)
    return one


async def facts(database: Database, user_id: str) -> OwnerFacts:
    return (await database.read.users.by_id(user_id)).facts


async def test_an_authenticator_is_read_as_stored(database, anna):
    second = await enrol(database, anna.id, created_at=3.0)
    first = await enrol(database, anna.id, created_at=2.0)
    assert await database.read.authenticators.of_user(anna.id) == [first, second]
    assert await database.read.authenticators.of_user(NOBODY) == []


async def test_enrolling_settles_what_was_owed(database, anna):
    async with database.transaction() as tables:
        await tables.users.set_two_factor_owed_since(anna.id, 1.0)
        await tables.users.set_enrolment_code(anna.id, "digest", required=True)
    await enrol(database, anna.id)
    user = await database.read.users.by_id(anna.id)
    assert user.facts.enrolled
    assert user.facts.version > anna.facts.version
    assert user.two_factor_owed_since is None
    assert (user.enrolment_code_digest, user.enrolment_code_required) == (None, False)


async def test_nobody_cannot_enrol(database):
    with pytest.raises(NotFound):
        await enrol(database, NOBODY)


async def test_of_fifty_uses_of_one_code_one_succeeds(database, anna):
    one = await enrol(database, anna.id)

    async def use() -> bool:
        async with database.transaction() as tables:
            return await tables.authenticators.use_counter(one.id, 101, 5.0)

    results = await asyncio.gather(*(use() for _ in range(50)))
    assert sum(results) == 1


async def test_no_code_of_an_earlier_or_equal_step_counts(database, anna):
    one = await enrol(database, anna.id, last_counter=100)
    async with database.transaction() as tables:
        uses = [
            await tables.authenticators.use_counter(one.id, counter, 5.0) for counter in (99, 100, 102, 101, 102, 103)
        ]
    assert uses == [False, False, True, False, False, True]
    async with database.transaction() as tables:
        assert not await tables.authenticators.use_counter(NOBODY, 1, 5.0)


async def test_with_the_last_authenticator_go_enrolment_and_recovery_codes(database, anna):
    first, second = await enrol(database, anna.id), await enrol(database, anna.id)
    async with database.transaction() as tables:
        await tables.recovery_codes.replace(anna.id, ["a", "b"])
        await tables.authenticators.remove(anna.id, first.id)
    assert (await facts(database, anna.id)).enrolled
    assert await database.read.recovery_codes.left(anna.id) == 2
    async with database.transaction() as tables:
        await tables.authenticators.remove(anna.id, second.id)
    after = await facts(database, anna.id)
    assert (after.enrolled, after.recovery_codes_pending) == (False, False)
    assert await database.read.recovery_codes.left(anna.id) == 0


async def test_two_removals_at_once_leave_nobody_enrolled_without_authenticator(database, anna):
    both = [await enrol(database, anna.id), await enrol(database, anna.id)]

    async def remove(authenticator_id: str) -> None:
        async with database.transaction() as tables:
            await tables.authenticators.remove(anna.id, authenticator_id)

    await asyncio.gather(*(remove(one.id) for one in both))
    assert not (await facts(database, anna.id)).enrolled


async def test_a_reset_removes_all_and_can_be_repeated(database, anna):
    await enrol(database, anna.id)
    await enrol(database, anna.id)
    async with database.transaction() as tables:
        await tables.recovery_codes.replace(anna.id, ["a"])
        assert await tables.authenticators.remove_all(anna.id) == 2
        assert await tables.authenticators.remove_all(anna.id) == 0
    assert not (await facts(database, anna.id)).enrolled
    assert not (await facts(database, anna.id)).recovery_codes_pending


async def test_an_authenticator_gets_another_name(database, anna):
    one = await enrol(database, anna.id)
    async with database.transaction() as tables:
        await tables.authenticators.rename(anna.id, one.id, "tablet")
    [renamed] = await database.read.authenticators.of_user(anna.id)
    assert renamed.name == "tablet"


async def test_what_does_not_exist_is_neither_renamed_nor_removed(database, anna):
    async with database.transaction() as tables:
        for change in (
            tables.authenticators.rename(anna.id, NOBODY, "x"),
            tables.authenticators.remove(anna.id, NOBODY),
            tables.authenticators.remove_all(NOBODY),
        ):
            with pytest.raises(NotFound):
                await change


async def test_the_time_of_the_last_code_is_kept(database, anna):
    one = await enrol(database, anna.id)
    async with database.transaction() as tables:
        assert await tables.authenticators.use_counter(one.id, 101, 7.5)
        assert not await tables.authenticators.use_counter(one.id, 101, 9.0)
    [used] = await database.read.authenticators.of_user(anna.id)
    assert used.last_used_at == 7.5


@pytest.mark.parametrize("wrong", [NOBODY, "1 or 1", ""])
async def test_somebody_elses_authenticator_is_neither_renamed_nor_removed(database, anna, wrong):
    one = await enrol(database, anna.id)
    for owner, identity in ((NOBODY, one.id), (anna.id, wrong)):
        async with database.transaction() as tables:
            with pytest.raises(NotFound):
                await tables.authenticators.rename(owner, identity, "x")
            with pytest.raises(NotFound):
                await tables.authenticators.remove(owner, identity)
    assert await database.read.authenticators.of_user(anna.id) == [one]


async def test_who_holds_them_lets_nobody_else_add_or_remove_one(database, anna):
    one = await enrol(database, anna.id)
    async with database.transaction() as tables:
        assert await tables.authenticators.held(anna.id) == [one]
        other = asyncio.create_task(enrol(database, anna.id))
        await asyncio.wait({other}, timeout=0.2)
        assert not other.done()
    await other
    assert len(await database.read.authenticators.of_user(anna.id)) == 2
