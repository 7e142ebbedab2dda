"""People: names that lead to one person, facts that sessions hear of, and nothing half-written."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from gatekeeper.domain.errors import AlreadyExists, NotFound, Refused
from gatekeeper.domain.model import Permission, Strength, User
from gatekeeper.store.database import Database
from tests.store.samples import BEGAN, NOBODY, new_id, new_user


async def changed(database: Database, user_id: str, **values: Any) -> User:
    async with database.transaction() as tables:
        return await tables.users.update(user_id, **values)


async def test_a_person_is_read_as_stored(database, add):
    permissions = frozenset({Permission.AUDIT_READ, Permission.USERS_MANAGE})
    new = new_user(
        "jörn",
        email="Jörn@xn--mnchen-3ya.de",
        groups=("a", "b"),
        permissions=permissions,
        enabled=False,
        password_hash="$hash",
        password_strength=Strength.MEDIUM,
        change_required=True,
    )
    async with database.transaction() as tables:
        user = await tables.users.add(new)

    assert user == await database.read.users.by_id(new.id)
    facts = user.facts
    assert (facts.username, facts.email, facts.display_name) == ("jörn", "Jörn@xn--mnchen-3ya.de", "Jörn")
    assert (facts.groups, facts.permissions, facts.enabled) == (("a", "b"), permissions, False)
    assert (facts.password_changed_at, facts.password_strength) == (BEGAN, Strength.MEDIUM)
    assert facts.change_required
    assert user.created_at == BEGAN


@pytest.mark.parametrize("user_id", [NOBODY, "nonsense", "", "x\x00y"])
async def test_an_id_of_nobody_is_not_found(database, user_id):
    with pytest.raises(NotFound):
        await database.read.users.by_id(user_id)


async def test_a_name_leads_to_one_person_by_user_name_or_address(database, anna):
    assert await database.read.users.by_login("anna") == anna
    assert await database.read.users.by_login("anna@example.com") == anna
    assert await database.read.users.by_login("ann") is None


@pytest.mark.parametrize("name", ["x\x00y", "\ud800", "a\u200bb", ""])
async def test_a_name_that_cannot_be_stored_leads_to_nobody(database, anna, name):
    assert await database.read.users.by_login(name) is None
    async with database.transaction() as tables:
        assert not await tables.users.set_locked(name, 1.0)


@pytest.mark.parametrize(
    ("names", "field"),
    [
        (("ANNA", "other@example.com"), "username"),
        (("other", "Anna@EXAMPLE.com"), "email"),
        (("anna@example.com", "other@example.com"), "username"),
        (("other", "info@example.com"), "email"),
    ],
)
async def test_no_two_people_share_a_name_whatever_its_spelling(database, anna, add, names, field):
    await add("info@example.com", email="else@example.com")
    with pytest.raises(AlreadyExists) as refused:
        await add(names[0], email=names[1])
    assert refused.value.field == field
    assert await database.read.users.count() == 2


async def test_user_name_and_address_of_one_person_may_be_the_same(database, add):
    user = await add("marco@example.com", email="Marco@Example.com")
    assert await database.read.users.by_login("marco@example.com") == user


async def test_of_two_who_take_one_name_at_once_one_gets_it(database):
    async def take() -> bool:
        try:
            async with database.transaction() as tables:
                await tables.users.add(new_user("lucia"))
        except AlreadyExists:
            return False
        return True

    assert sorted(await asyncio.gather(*(take() for _ in range(5)))) == [False, False, False, False, True]


async def test_an_id_is_taken_once(database, anna, add):
    with pytest.raises(AlreadyExists) as refused:
        await add("other", id=anna.id)
    assert refused.value.field == "id"


async def test_what_is_given_changes_and_the_rest_stays(database, anna):
    user = await changed(database, anna.id, display_name="Anna Bianchi", groups=["board"])
    assert user.facts.display_name == "Anna Bianchi"
    assert user.facts.groups == ("board",)
    assert user.facts.email == anna.facts.email
    assert (await changed(database, anna.id)) == user


async def test_a_new_address_takes_the_place_of_the_old_one(database, anna, add):
    await changed(database, anna.id, email="rossi@example.com")
    assert await database.read.users.by_login("anna@example.com") is None
    assert (await database.read.users.by_login("rossi@example.com")).id == anna.id
    await add("other", email="anna@example.com")


async def test_an_address_that_is_the_user_name_too_stays_a_name_when_it_changes(database, add):
    user = await add("marco@example.com", email="marco@example.com")
    await changed(database, user.id, email="else@example.com")
    assert (await database.read.users.by_login("marco@example.com")).id == user.id
    await changed(database, user.id, email="marco@example.com")
    assert (await database.read.users.by_login("marco@example.com")).id == user.id
    assert await database.read.users.by_login("else@example.com") is None


async def test_an_address_that_is_taken_is_refused_and_nothing_changes(database, anna, add):
    other = await add("other")
    with pytest.raises(AlreadyExists) as refused:
        await changed(database, other.id, email="anna@example.com", display_name="Thief")
    assert refused.value.field == "email"
    assert await database.read.users.by_id(other.id) == other


async def test_another_spelling_of_ones_own_address_is_stored(database, anna):
    user = await changed(database, anna.id, email="Anna@example.com")
    assert user.facts.email == "Anna@example.com"
    assert (await database.read.users.by_login("anna@example.com")).id == anna.id


async def test_a_recovery_address_counts_only_once_confirmed(database, anna):
    user = await changed(database, anna.id, recovery_email="home@example.org")
    assert (user.recovery_email, user.recovery_email_confirmed) == ("home@example.org", False)
    async with database.transaction() as tables:
        assert not await tables.users.confirm_recovery_email(anna.id, "else@example.org")
        assert await tables.users.confirm_recovery_email(anna.id, "home@example.org")
    assert (await database.read.users.by_id(anna.id)).recovery_email_confirmed
    assert (await changed(database, anna.id, recovery_email="home@example.org")).recovery_email_confirmed
    assert not (await changed(database, anna.id, recovery_email="new@example.org")).recovery_email_confirmed
    assert (await changed(database, anna.id, recovery_email="")).recovery_email is None


async def test_every_change_of_facts_raises_their_version_and_waits_to_be_told(database, anna):
    assert await database.read.users.pending_owner_changes(time.time() + 60) == []
    async with database.transaction() as tables:
        changes = [
            await tables.users.update(anna.id, groups=["x"]),
            await tables.users.set_enabled(anna.id, False),
            await tables.users.set_permissions(anna.id, {Permission.AUDIT_READ}),
            await tables.passwords.set(anna.id, "h", Strength.BASIC, 5.0),
            await tables.passwords.require_change(anna.id),
        ]
    versions = [user.facts.version for user in (anna, *changes)]
    assert versions == sorted(set(versions))

    assert await database.read.users.pending_owner_changes(time.time() - 60) == []
    [facts] = await database.read.users.pending_owner_changes(time.time() + 60)
    assert facts == (await database.read.users.by_id(anna.id)).facts
    assert facts.version == versions[-1]


async def test_a_change_that_was_told_is_done_unless_a_newer_one_came(database, anna):
    first = await changed(database, anna.id, groups=["x"])
    second = await changed(database, anna.id, groups=["y"])
    async with database.transaction() as tables:
        await tables.users.owner_change_done(anna.id, first.facts.version)
    assert len(await database.read.users.pending_owner_changes(time.time() + 60)) == 1
    async with database.transaction() as tables:
        await tables.users.owner_change_done(anna.id, second.facts.version)
    assert await database.read.users.pending_owner_changes(time.time() + 60) == []


async def test_a_transaction_that_fails_leaves_neither_change_nor_note(database, anna):
    async def fail() -> None:
        async with database.transaction() as tables:
            await tables.users.update(anna.id, display_name="Else", email="else@example.com")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await database.read.users.by_id(anna.id) == anna
    assert await database.read.users.pending_owner_changes(time.time() + 60) == []


async def test_what_is_no_fact_of_sessions_changes_no_version(database, anna):
    async with database.transaction() as tables:
        await tables.users.record_sign_in(anna.id, 10.5)
        await tables.users.end_sessions_before(anna.id, 20.0)
        await tables.users.end_sessions_before(anna.id, 15.0)
        await tables.users.set_two_factor_owed_since(anna.id, 30.0)
        await tables.users.set_two_factor_owed_since(anna.id, 40.0)
        await tables.users.set_enrolment_code(anna.id, "digest", required=True)
    user = await database.read.users.by_id(anna.id)
    assert user.facts == anna.facts
    assert (user.last_sign_in_at, user.sessions_valid_from, user.two_factor_owed_since) == (10.5, 20.0, 30.0)
    assert (user.enrolment_code_digest, user.enrolment_code_required) == ("digest", True)
    async with database.transaction() as tables:
        await tables.users.set_two_factor_owed_since(anna.id, None)
    assert (await database.read.users.by_id(anna.id)).two_factor_owed_since is None


async def test_changes_to_nobody_are_not_found(database):
    async with database.transaction() as tables:
        for change in (
            tables.users.record_sign_in(NOBODY, 1.0),
            tables.users.update(NOBODY, display_name="x"),
            tables.users.set_enabled(NOBODY, True),
            tables.users.set_permissions(NOBODY, frozenset()),
            tables.users.delete(NOBODY),
            tables.users.set_enrolment_code(NOBODY, None, required=False),
        ):
            with pytest.raises(NotFound):
                await change


async def test_an_enrolment_code_is_used_once(database, anna):
    async with database.transaction() as tables:
        await tables.users.set_enrolment_code(anna.id, "digest", required=True)

    async def use(digest: str) -> bool:
        async with database.transaction() as tables:
            return await tables.users.use_enrolment_code(anna.id, digest)

    assert not await use("wrong")
    assert sorted(await asyncio.gather(*(use("digest") for _ in range(5)))) == [False, False, False, False, True]


async def test_of_many_who_lock_a_name_one_is_told_so(database, anna):
    async def lock(at: float | None) -> bool:
        async with database.transaction() as tables:
            return await tables.users.set_locked("anna@example.com", at)

    assert sorted(await asyncio.gather(*(lock(7.0) for _ in range(5)))) == [False, False, False, False, True]
    assert (await database.read.users.by_id(anna.id)).locked_at == 7.0
    assert await lock(None)
    assert not await lock(None)
    assert (await database.read.users.by_id(anna.id)).locked_at is None


async def test_with_a_person_goes_all_that_is_theirs(database, anna):
    async with database.transaction() as tables:
        await tables.passwords.set(anna.id, "h", Strength.BASIC, 5.0)
        await tables.passwords.set(anna.id, "i", Strength.BASIC, 6.0)
        await tables.recovery_codes.replace(anna.id, ["x"])
        await tables.devices.remember(anna.id, "device", 1.0)
        await tables.policies.add_person(anna.id)
        await tables.users.delete(anna.id)
    assert await database.read.users.by_login("anna") is None
    assert await database.read.users.count() == 0
    assert (await database.read.policies.read()).two_factor.listed == 0
    assert (await database.read.users.search("anna")).items == []


async def test_people_by_ids_come_in_order_and_the_unknown_are_left_out(database, anna, add):
    marco = await add("marco")
    found = await database.read.users.by_ids([marco.id, anna.id, new_id(), "nonsense", anna.id])
    assert found == [anna, marco]
    assert await database.read.users.by_ids([]) == []
    assert await database.read.users.existing([marco.id, new_id(), "nonsense"]) == {marco.id}
    assert await database.read.users.existing([]) == set()


async def test_many_people_at_once_are_stored_as_one_by_one(database):
    new = [new_user(f"user{number:04}", password_hash="h") for number in range(1100)]
    async with database.transaction() as tables:
        await tables.users.add_many(new)
    assert await database.read.users.count() == 1100
    assert (await database.read.users.by_login("user1099@example.com")).id == new[-1].id
    assert [user.facts.username async for user in database.read.users.stream()] == [one.username for one in new]
    assert (await database.read.passwords.current(new[7].id)).hash == "h"


async def test_many_people_are_stored_whole_or_not_at_all(database, anna):
    twice = [new_user("one"), new_user("two"), new_user("ONE", email="x@example.com")]
    for new in (twice, [new_user("one"), new_user("anna", email="y@example.com")]):
        with pytest.raises(AlreadyExists) as refused:
            async with database.transaction() as tables:
                await tables.users.add_many(new)
        assert refused.value.field == "username"
    assert await database.read.users.count() == 1


async def test_taken_names_tell_whose_they_are(database, anna):
    names = ["anna", "anna@example.com", "free", "x\x00y", *(f"free{number}" for number in range(1200))]
    assert await database.read.users.taken(names) == {"anna": anna.id, "anna@example.com": anna.id}


async def test_a_text_that_cannot_be_stored_is_refused(database, anna):
    for text in ("a\x00b", "\ud800"):
        with pytest.raises(Refused):
            await changed(database, anna.id, display_name=text)


async def test_a_read_cannot_write(database, anna):
    with pytest.raises(RuntimeError, match="transaction"):
        await database.read.users.record_sign_in(anna.id, 1.0)
