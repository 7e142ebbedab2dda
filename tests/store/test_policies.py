"""Policies: one row, a list beside it, a version for each writer to name, and an epoch for each change."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.domain.errors import Conflict, NotFound
from gatekeeper.domain.model import Enrolment, PasswordPolicy, Policies, Strength, TwoFactorMode, TwoFactorPolicy
from gatekeeper.store.authenticators import Authenticator
from gatekeeper.store.database import Database
from tests.store.samples import NOBODY, new_id, new_user

STRICT = PasswordPolicy(expiry_days=90, warn_days=14, forbid_last=5, strength=Strength.ADVANCED)
EVERYONE = TwoFactorPolicy(TwoFactorMode.EVERYONE)
SELECTED = TwoFactorPolicy(TwoFactorMode.SELECTED)


async def set_two_factor(database: Database, policy, people, expected=None) -> Policies:
    async with database.transaction() as tables:
        return await tables.policies.set_two_factor(policy, people, expected)


async def set_password(database: Database, policy, expected=None) -> Policies:
    async with database.transaction() as tables:
        return await tables.policies.set_password(policy, expected)


async def test_a_new_database_has_the_default_policies(database_url):
    database = Database.connect(database_url)
    try:
        assert await database.read.policies.read() == Policies()
    finally:
        await database.close()


async def test_a_policy_is_read_as_written_and_raises_version_and_epoch(database):
    after = await set_password(database, STRICT, 0)
    assert after == Policies(password=STRICT, epoch=1, password_version=1)
    assert await database.read.policies.read() == after
    wanted = TwoFactorPolicy(TwoFactorMode.EVERYONE, trusted_devices_days=30, enrolment=Enrolment.WITH_CODE)
    after = await set_two_factor(database, wanted, [], 0)
    assert after == Policies(STRICT, wanted, epoch=2, password_version=1, two_factor_version=1)


async def test_a_stale_version_is_a_conflict_and_changes_nothing(database):
    before = await set_password(database, STRICT, 0)
    with pytest.raises(Conflict):
        await set_password(database, PasswordPolicy(), 0)
    await set_two_factor(database, EVERYONE, [], 0)
    with pytest.raises(Conflict):
        await set_two_factor(database, SELECTED, [], 0)
    after = await database.read.policies.read()
    assert (after.password, after.two_factor) == (before.password, EVERYONE)


async def test_of_many_who_replace_one_version_at_once_one_does(database):
    async def replace(days: int) -> bool:
        try:
            await set_password(database, PasswordPolicy(expiry_days=days), 0)
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(replace(days) for days in range(1, 9)))) == 1
    after = await database.read.policies.read()
    assert (after.epoch, after.password_version) == (1, 1)


async def test_without_an_expected_version_the_last_writer_wins(database):
    await set_password(database, STRICT)
    assert (await set_password(database, PasswordPolicy())).password == PasswordPolicy()


async def test_a_demanded_change_raises_the_epoch_and_outlives_a_new_policy(database):
    async with database.transaction() as tables:
        after = await tables.policies.demand_change(77.5)
    assert (after.password.change_demanded_at, after.epoch, after.password_version) == (77.5, 1, 0)
    assert (await set_password(database, STRICT)).password.change_demanded_at == 77.5


async def test_a_transaction_that_fails_raises_no_epoch(database):
    async def fail() -> None:
        async with database.transaction() as tables:
            await tables.policies.set_password(STRICT, 0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await database.read.policies.read() == Policies()


@pytest.mark.parametrize(
    ("policy", "listed", "unlisted"),
    [(TwoFactorPolicy(), False, False), (EVERYONE, False, True), (SELECTED, True, False)],
    ids=["off", "everyone-except", "selected"],
)
async def test_the_scope_reaches_whom_it_says(database, anna, add, policy, listed, unlisted):
    other = await add("other")
    epoch = (await set_two_factor(database, policy, [anna.id])).epoch
    assert await database.read.policies.applies_to(anna.id) == (epoch, listed)
    assert await database.read.policies.applies_to(other.id) == (epoch, unlisted)


async def test_somebody_created_tomorrow_falls_under_the_rule_for_everyone(database, add):
    await set_two_factor(database, EVERYONE, [])
    assert (await database.read.policies.applies_to((await add("tomorrow")).id))[1]


async def test_the_list_is_replaced_counted_and_paged(database):
    new = [new_user(f"user{number:04}") for number in range(1000)]
    async with database.transaction() as tables:
        await tables.users.add_many(new)
    ids = [one.id for one in new]
    after = await set_two_factor(database, SELECTED, [*ids, ids[0].upper()], 0)
    assert after.two_factor.listed == 1000
    names, cursor = [], None
    while True:
        page = await database.read.policies.people(cursor=cursor, limit=300)
        names += [user.facts.username for user in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert names == [one.username for one in new]
    assert (await set_two_factor(database, EVERYONE, ids[:2])).two_factor.listed == 2
    assert (await set_two_factor(database, SELECTED, None)).two_factor.listed == 2


async def test_people_are_listed_and_unlisted_one_by_one(database, anna):
    before = await set_two_factor(database, SELECTED, [])
    async with database.transaction() as tables:
        added = await tables.policies.add_person(anna.id, before.two_factor_version)
        again = await tables.policies.add_person(anna.id)
    assert (added.two_factor.listed, added.epoch) == (1, before.epoch + 1)
    assert added.two_factor_version == before.two_factor_version + 1
    assert again == added
    async with database.transaction() as tables:
        with pytest.raises(Conflict):
            await tables.policies.remove_person(anna.id, before.two_factor_version)
        removed = await tables.policies.remove_person(anna.id)
        assert await tables.policies.remove_person(anna.id) == removed
    assert (removed.two_factor.listed, removed.epoch) == (0, added.epoch + 1)


async def test_many_who_are_listed_at_once_are_all_counted(database):
    new = [new_user(f"user{number}") for number in range(8)]
    async with database.transaction() as tables:
        await tables.users.add_many(new)

    async def list_one(user_id: str) -> None:
        async with database.transaction() as tables:
            await tables.policies.add_person(user_id)

    await asyncio.gather(*(list_one(one.id) for one in new))
    assert (await database.read.policies.read()).two_factor.listed == 8


@pytest.mark.parametrize("user_id", [NOBODY, "nonsense"])
async def test_nobody_cannot_be_listed(database, user_id):
    with pytest.raises(NotFound):
        await set_two_factor(database, SELECTED, [user_id])
    with pytest.raises(NotFound):
        async with database.transaction() as tables:
            await tables.policies.add_person(user_id)
    assert (await database.read.policies.read()).two_factor.listed == 0


async def test_who_is_listed_and_deleted_while_the_list_is_replaced_harms_neither(database):
    new = [new_user(f"user{number}") for number in range(6)]
    async with database.transaction() as tables:
        await tables.users.add_many(new)
    ids = [one.id for one in new]
    await set_two_factor(database, SELECTED, ids)

    async def delete(user_id: str) -> None:
        async with database.transaction() as tables:
            await tables.users.delete(user_id)

    await asyncio.gather(*(delete(user_id) for user_id in ids[:3]), *(set_two_factor(database, SELECTED, ids[3:]),) * 1)
    policies = await database.read.policies.read()
    assert policies.two_factor.listed == 3
    assert len((await database.read.policies.people()).items) == 3


async def test_a_preview_lists_enabled_people_without_authenticator_whom_a_policy_reaches(database, anna, add):
    marco = await add("marco")
    lucia = await add("lucia")
    await add("disabled", enabled=False)
    async with database.transaction() as tables:
        await tables.authenticators.add(Authenticator(new_id(), lucia.id, "phone", "sealed", 1.0))
    read = database.read.policies

    async def reached(mode: TwoFactorMode, people) -> list[str]:
        names = [user.facts.username for user in (await read.unenrolled_in(mode, people)).items]
        assert await read.count_unenrolled_in(mode, people) == len(names)
        return names

    assert await reached(TwoFactorMode.OFF, [anna.id]) == []
    assert await reached(TwoFactorMode.EVERYONE, []) == ["anna", "marco"]
    assert await reached(TwoFactorMode.EVERYONE, [anna.id]) == ["marco"]
    assert await reached(TwoFactorMode.SELECTED, [anna.id, lucia.id]) == ["anna"]
    assert await reached(TwoFactorMode.SELECTED, []) == []
    await set_two_factor(database, SELECTED, [marco.id])
    assert await reached(TwoFactorMode.SELECTED, None) == ["marco"]
    assert await reached(TwoFactorMode.EVERYONE, None) == ["anna"]


async def test_a_preview_is_paged(database, anna, add):
    await add("marco")
    page = await database.read.policies.unenrolled_in(TwoFactorMode.EVERYONE, [], limit=1)
    rest = await database.read.policies.unenrolled_in(TwoFactorMode.EVERYONE, [], cursor=page.next_cursor, limit=1)
    assert [user.facts.username for user in (*page.items, *rest.items)] == ["anna", "marco"]
    assert rest.next_cursor is None


async def test_people_owe_an_enrolment_since_the_rule_came_to_reach_them(database, add):
    anna, bert, carl = [await add(name) for name in ("anna", "bert", "carl")]

    async def since(user) -> float | None:
        return (await database.read.users.by_id(user.id)).two_factor_owed_since

    async def replace(mode, listed, now) -> None:
        async with database.transaction() as tables:
            await tables.policies.set_two_factor(TwoFactorPolicy(mode), [user.id for user in listed], None, now)

    await replace(TwoFactorMode.SELECTED, [anna], 100.0)
    assert (await database.read.policies.two_factor_since(), await since(anna)) == (100.0, None)
    await replace(TwoFactorMode.SELECTED, [anna, bert], 200.0)
    async with database.transaction() as tables:
        await tables.policies.add_person(carl.id, now=300.0)
    assert [await since(user) for user in (anna, bert, carl)] == [None, 200.0, 300.0]
    await replace(TwoFactorMode.EVERYONE, [anna, bert], 400.0)
    await replace(TwoFactorMode.EVERYONE, [bert], 500.0)
    async with database.transaction() as tables:
        await tables.policies.remove_person(bert.id, now=600.0)
    assert await database.read.policies.two_factor_since() == 400.0
    assert [await since(user) for user in (anna, bert)] == [500.0, 600.0]


async def test_of_some_people_those_on_the_list_are_found(database):
    async with database.transaction() as tables:
        anna, marco, lucia = [await tables.users.add(new_user(name)) for name in ("anna", "marco", "lucia")]
        await tables.policies.set_two_factor(SELECTED, [anna.id, lucia.id], None)
    read = database.read.policies
    assert await read.listed_among([anna.id, marco.id, new_id()]) == {anna.id}
    assert await read.listed_among([]) == set()
