"""The last enabled person who can grant permissions stays so, also where two take it from each other at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gatekeeper.domain.errors import LastHolder, NotFound
from gatekeeper.domain.model import Permission
from gatekeeper.store.database import Database, Tables

GRANT = frozenset({Permission.PERMISSIONS_GRANT})
Change = Callable[[Tables, str], Awaitable[object]]

LOSSES: list[Change] = [
    lambda tables, user_id: tables.users.set_permissions(user_id, {Permission.AUDIT_READ}),
    lambda tables, user_id: tables.users.set_enabled(user_id, False),
    lambda tables, user_id: tables.users.delete(user_id),
]
each_loss = pytest.mark.parametrize("lose", LOSSES, ids=["permission", "disabled", "deleted"])


async def enabled_holders(database: Database) -> list[str]:
    holders = await database.read.users.holders(Permission.PERMISSIONS_GRANT)
    return [holder.facts.username for holder in holders if holder.facts.enabled]


@each_loss
async def test_the_last_holder_stays(database, add, lose):
    admin = await add("admin", permissions=GRANT)
    await add("disabled", permissions=GRANT, enabled=False)
    await add("anna", permissions=frozenset({Permission.USERS_MANAGE}))
    for spelling in (admin.id, admin.id.upper(), f"{{{admin.id}}}"):
        with pytest.raises(LastHolder):
            async with database.transaction() as tables:
                await lose(tables, spelling)
    assert await enabled_holders(database) == ["admin"]


@each_loss
async def test_one_of_two_holders_may_go(database, add, lose):
    admin = await add("admin", permissions=GRANT)
    await add("other", permissions=GRANT)
    async with database.transaction() as tables:
        await lose(tables, admin.id)
    assert await enabled_holders(database) == ["other"]


@each_loss
async def test_who_holds_nothing_may_go_where_one_holder_is_left(database, add, anna, lose):
    await add("admin", permissions=GRANT)
    async with database.transaction() as tables:
        await lose(tables, anna.id)


@pytest.mark.parametrize("first", LOSSES, ids=["permission", "disabled", "deleted"])
@each_loss
async def test_two_who_remove_each_other_at_once_leave_one(database, add, first, lose):
    one = await add("one", permissions=GRANT)
    two = await add("two", permissions=GRANT)
    both = asyncio.Barrier(2)

    async def remove(user_id: str, change: Change) -> bool:
        try:
            async with database.transaction() as tables:
                await tables.users.count()  # both transactions are under way before either takes a lock
                await both.wait()
                await change(tables, user_id)
        except LastHolder:
            return False
        return True

    assert sorted(await asyncio.gather(remove(one.id, first), remove(two.id, lose))) == [False, True]
    assert len(await enabled_holders(database)) == 1


async def test_five_who_remove_one_another_in_a_ring_leave_one(database, add):
    ring = [await add(f"admin{number}", permissions=GRANT) for number in range(5)]

    async def remove(user_id: str) -> None:
        async with database.transaction() as tables:
            await tables.users.set_permissions(user_id, frozenset())

    results = await asyncio.gather(*(remove(user.id) for user in ring), return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [LastHolder]
    assert len(await enabled_holders(database)) == 1


async def test_holders_of_a_permission_are_found_in_order(database, add, anna):
    await add("zoe", permissions=GRANT | {Permission.AUDIT_READ})
    await add("bob", permissions=frozenset({Permission.AUDIT_READ}), enabled=False)
    holders = await database.read.users.holders(Permission.AUDIT_READ)
    assert [user.facts.username for user in holders] == ["bob", "zoe"]
    assert await database.read.users.holders(Permission.CLIENTS_MANAGE) == []


@each_loss
async def test_what_is_no_id_is_not_found(database, add, lose):
    await add("admin", permissions=GRANT)
    with pytest.raises(NotFound):
        async with database.transaction() as tables:
            await lose(tables, "nonsense")
