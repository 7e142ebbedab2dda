"""Numbers for charts: who must have an authenticator and who has, under each mode; when passwords expire."""

from __future__ import annotations

import pytest

from gatekeeper.domain.model import Client, Permission, Strength, TwoFactorMode, TwoFactorPolicy
from gatekeeper.flows import statistics
from gatekeeper.flows.acting import Actor, Forbidden, Via, command_line
from tests.flows.world import DAY, SECRET

ADMIN = command_line()


async def scope(world, mode, *people):
    async with world.services.database.transaction() as tables:
        await tables.policies.set_two_factor(TwoFactorPolicy(mode), [user.id for user in people], None)


@pytest.mark.parametrize(
    ("mode", "must", "waiting", "free"),
    [
        (TwoFactorMode.OFF, 0, 0, 2),
        (TwoFactorMode.SELECTED, 2, 1, 1),
        (TwoFactorMode.EVERYONE, 1, 1, 1),
    ],
)
async def test_who_must_and_who_waits_follow_from_mode_and_list(world, mode, must, waiting, free):
    anna = await world.person("anna", secret=SECRET)
    bert = await world.person("bert")
    await world.person("carl")
    await world.person("closed", enabled=False)
    await scope(world, mode, *([] if mode is TwoFactorMode.OFF else [anna, bert]))
    numbers = await statistics.of_two_factor(world.services, ADMIN)
    assert (numbers.people, numbers.enabled, numbers.enrolled) == (4, 3, 1)
    assert (numbers.must, numbers.waiting, numbers.free) == (must, waiting, free)
    listed = await statistics.waiting(world.services, ADMIN)
    assert len(listed.items) == waiting


async def test_passwords_of_unknown_strength_count_apart(world):
    await world.person("anna", strength=Strength.BASIC)
    await world.person("bert", strength=Strength.MEDIUM)
    await world.person("carl", strength=None)
    numbers = await statistics.of_strength(world.services, ADMIN, Strength.MEDIUM)
    assert (numbers.meets, numbers.short, numbers.unknown, numbers.total) == (1, 1, 1, 3)


async def test_passwords_are_counted_in_the_week_in_which_they_expire(world):
    await world.person("anna")
    world.clock.advance(7 * DAY)
    await world.person("bert")
    weeks = await statistics.expiring(world.services, ADMIN, 20, world.now)
    assert [week.count for week in weeks] == [0, 1, 1, 0, 0, 0, 0, 0]
    assert weeks[1].begins_at == world.now + 7 * DAY


async def test_they_are_for_those_who_manage_policies(world):
    user = await world.person("paula")
    actor = Actor(user.facts, frozenset({Permission.USERS_MANAGE}), Client("192.0.2.1"), Via.TOKEN)
    for asked in (
        statistics.of_two_factor(world.services, actor),
        statistics.of_strength(world.services, actor, Strength.BASIC),
        statistics.expiring(world.services, actor, 90, world.now),
        statistics.with_password(world.services, actor),
        statistics.waiting(world.services, actor),
    ):
        with pytest.raises(Forbidden):
            await asked
