"""One person as an administrator sees them: what is shown follows what whoever looks holds."""

from __future__ import annotations

import pytest

from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.model import Permission, TwoFactorMode
from gatekeeper.flows import profiles
from gatekeeper.flows.acting import Actor, Forbidden, Via
from gatekeeper.flows.audit import entry
from tests.flows.own import enrolled
from tests.flows.world import HOME, World

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def anna(world: World) -> str:
    return (await enrolled(world)).owner.user_id


async def seen(world: World, user_id: str, *held: Permission, **more: str):
    ada = await world.services.database.read.users.by_login("ada") or await world.person("ada")
    actor = Actor(ada.facts, frozenset(held), HOME, Via.SESSION)
    return await profiles.of(world.services, actor, user_id, world.now, **more)


async def test_sessions_are_for_who_manages_people_and_history_for_who_reads_the_log(world, anna):
    helper = await seen(world, anna, Permission.USERS_RESET_TWO_FACTOR)
    assert (helper.sessions, helper.history) == (None, None)
    assert ([app.name for app in helper.authenticators], helper.recovery_codes_left) == (["App"], 0)
    manager = await seen(world, anna, Permission.USERS_MANAGE)
    assert [session.owner.user_id for session in manager.sessions] == [anna]
    assert manager.history is None
    both = await seen(world, anna, Permission.USERS_MANAGE, Permission.AUDIT_READ)
    assert "sign-in.succeeded" in {record.action for record in both.history.items}


async def test_of_somebody_who_holds_more_the_sessions_are_not_shown_and_what_is_lacking_is_named(world, anna):
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(anna, {Permission.CLIENTS_MANAGE, Permission.USERS_MANAGE})
    found = await seen(world, anna, Permission.USERS_MANAGE)
    assert (found.sessions, found.lacking) == (None, {Permission.CLIENTS_MANAGE})


async def test_the_history_goes_on_page_by_page(world, anna):
    async with world.services.database.transaction() as tables:
        await tables.audit.add_many([entry(f"test.{number}", world.now + number, HOME) for number in range(3)])
        facts = (await world.user(anna)).facts
        lines = (entry(f"anna.{number}", world.now + number, HOME, target=facts) for number in range(profiles.LINES))
        await tables.audit.add_many(list(lines))
    held = (Permission.USERS_MANAGE, Permission.AUDIT_READ)
    first = (await seen(world, anna, *held)).history
    assert [record.action for record in first.items] == [f"anna.{number}" for number in reversed(range(profiles.LINES))]
    second = (await seen(world, anna, *held, history_cursor=first.next_cursor)).history
    assert {record.target_id or record.actor_id for record in second.items} == {anna}
    with pytest.raises(Refused):
        await seen(world, anna, *held, history_cursor="nonsense")


async def test_who_is_not_there_and_who_may_not_look(world, anna):
    with pytest.raises(NotFound):
        await seen(world, NOBODY, Permission.USERS_MANAGE)
    with pytest.raises(Forbidden):
        await seen(world, anna, Permission.AUDIT_READ)


async def test_when_two_step_verification_was_changed_last_is_known_from_the_log(world, anna):
    assert (await seen(world, anna, Permission.USERS_MANAGE)).two_factor_changed_at == 0.0
    await world.two_factor(TwoFactorMode.EVERYONE)
    async with world.services.database.transaction() as tables:
        for at in (1.0, 3.0, 2.0):
            await tables.audit.add(entry("policy.two-factor.replace", world.now + at, HOME))
    found = await seen(world, anna, Permission.USERS_MANAGE)
    assert found.two_factor_changed_at == pytest.approx(world.now + 3, abs=1e-3)
    assert found.portrait.two_factor_required
