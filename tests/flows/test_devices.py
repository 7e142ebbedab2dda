"""Trusted devices: they stand in for the code at their own person's sign-in, for a while, and for nothing else."""

from __future__ import annotations

import pytest

from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.model import Client, Step, TwoFactorMode
from gatekeeper.flows import (
    assistance,
    devices,
    given_passwords,
    new_password,
    sign_in,
    standing,
    two_factor,
)
from gatekeeper.flows.acting import command_line
from gatekeeper.flows.new_password import Typed
from tests.flows.world import AWAY, DAY, HOME, OTHER, PASSWORD, SECRET, on_device

OPERATOR = command_line()


async def given(world, client: Client = HOME, name: str = "anna", password: str = PASSWORD, **named):
    named = {"following": "/"} | named
    _, where = await sign_in.give_password(world.services, name, password, client, world.now, **named)
    return where


async def coded(world, client: Client = HOME, *, trust: bool = True, code: str | None = None, name: str = "anna"):
    """A whole sign-in with a code, whose box is ticked or not."""
    world.clock.advance(31)
    where = await given(world, client, name)
    assert where.step is Step.CODE
    attempt = await two_factor.give_code(world.services, where, code or world.code(), client, world.now, trust=trust)
    where = await standing.weigh(world.services, attempt, world.now)
    return await sign_in.finish(world.services, where, client, world.now)


async def allowed(world, days: int | None = 30) -> None:
    await world.two_factor(TwoFactorMode.EVERYONE, trusted_devices_days=days)


async def trusting(world):
    """Somebody, their device's client, and their session."""
    await allowed(world)
    user = await world.person(secret=SECRET)
    done = await coded(world)
    return user, on_device(done.device, HOME), done.session


async def step_on(world, client: Client, **named) -> Step:
    return (await given(world, client, **named)).step


async def test_a_trusted_device_stands_in_for_the_code_until_its_time_and_adds_nothing_to_amr(world):
    user, device, _ = await trusting(world)
    where = await given(world, device)
    assert where.step is Step.DONE
    done = await sign_in.finish(world.services, where, device, world.now)
    assert done.session.amr == ("pwd",)
    assert done.session.trusted_device
    assert not done.session.second_factor
    [listed] = await devices.trusted_of(world.services, user.id, world.now)
    assert listed.trusted_until == pytest.approx(listed.trusted_at + 30 * DAY)
    assert (listed.user_agent, listed.address) == (HOME.user_agent, HOME.address)
    world.clock.advance(30 * DAY + 1)
    assert await step_on(world, device) is Step.CODE
    assert await devices.trusted_of(world.services, user.id, world.now) == []
    assert [entry.target_name for entry in await world.log("device.trusted")] == ["anna"]


async def test_trust_is_off_unless_the_box_was_ticked_and_the_policy_allows_it(world):
    await world.person(secret=SECRET)
    await allowed(world)
    first = await coded(world, trust=False)
    assert await step_on(world, on_device(first.device, HOME)) is Step.CODE
    await allowed(world, None)
    second = await coded(world)
    await allowed(world)
    assert await step_on(world, on_device(second.device, HOME)) is Step.CODE


async def test_a_recovery_code_makes_no_device_trusted(world):
    user = await world.person(secret=SECRET)
    await allowed(world)
    async with world.services.database.transaction() as tables:
        await tables.recovery_codes.replace(user.id, [two_factor.recovery_digest(user.id, "abcde-fghjk")])
        await tables.recovery_codes.confirm(user.id)
    done = await coded(world, code="abcde-fghjk")
    assert await step_on(world, on_device(done.device, HOME)) is Step.CODE


async def test_it_replaces_the_code_only_never_the_password(world):
    _, device, _ = await trusting(world)
    with pytest.raises(Exception, match="do not go together"):
        await given(world, device, password=OTHER)


async def test_it_satisfies_no_place_that_asks_for_a_code(world):
    _, device, _ = await trusting(world)
    assert await step_on(world, device, second_factor_wanted=True) is Step.CODE


async def test_it_is_nobody_elses(world):
    _, device, _ = await trusting(world)
    await world.person("marco", secret=SECRET)
    assert await step_on(world, device, name="marco") is Step.CODE
    assert await step_on(world, AWAY) is Step.CODE


@pytest.mark.parametrize("planted", ["x" * 43, "short", "a.b.c.d.e.f", "\x00", "é" * 43])
async def test_a_planted_cookie_is_worth_nothing(world, planted):
    user, _, _ = await trusting(world)
    assert await step_on(world, on_device(planted)) is Step.CODE
    done = await coded(world, on_device(planted))
    assert done.device.split(".")[0] != planted
    assert await devices.known(world.services, user.id, on_device(planted)) is None


async def test_a_digest_out_of_the_store_is_no_cookie(world):
    _, device, _ = await trusting(world)
    assert await step_on(world, on_device(digest(device.device)[:43])) is Step.CODE


async def test_two_people_trust_one_device_each_for_themselves(world):
    _, device, _ = await trusting(world)
    await world.person("marco", secret=SECRET)
    both = on_device((await coded(world, device, name="marco")).device, HOME)
    assert await step_on(world, both) is Step.DONE
    assert await step_on(world, both, name="marco") is Step.DONE


async def test_signing_in_again_stretches_nothing(world):
    user, device, _ = await trusting(world)
    [before] = await devices.trusted_of(world.services, user.id, world.now)
    world.clock.advance(10 * DAY)
    await sign_in.finish(world.services, await given(world, device), device, world.now)
    [after] = await devices.trusted_of(world.services, user.id, world.now)
    assert after.trusted_until == before.trusted_until


async def test_a_policy_with_fewer_days_shortens_and_one_with_more_lengthens_nothing(world):
    _, device, _ = await trusting(world)
    world.clock.advance(8 * DAY)
    await allowed(world, 365)
    assert await step_on(world, device) is Step.DONE
    await allowed(world, 7)
    assert await step_on(world, device) is Step.CODE
    await allowed(world, 365)
    world.clock.advance(22.5 * DAY)
    assert await step_on(world, device) is Step.CODE


async def test_a_policy_that_is_withdrawn_voids_trust_for_good_and_at_once(world):
    user, device, _ = await trusting(world)
    half_way = await given(world, device)
    await allowed(world, None)
    assert await step_on(world, device) is Step.CODE
    assert (await standing.weigh(world.services, half_way.attempt, world.now)).step is Step.CODE
    await allowed(world)
    assert await step_on(world, device) is Step.CODE
    assert await devices.trusted_of(world.services, user.id, world.now) == []
    again = on_device((await coded(world, device)).device, HOME)
    assert await step_on(world, again) is Step.DONE


async def changed_at_home(world, user, session):
    await new_password.change_in_session(world.services, session, Typed(PASSWORD, OTHER, OTHER), HOME, world.now)


async def changed_as_demanded(world, user, _):
    await given_passwords.require_change(world.services, OPERATOR, user.id, world.now)
    world.clock.advance(31)
    where = await given(world, AWAY)
    attempt = await two_factor.give_code(world.services, where, world.code(), AWAY, world.now)
    where = await standing.weigh(world.services, attempt, world.now)
    await new_password.change_in_attempt(world.services, where, Typed("", OTHER, OTHER), AWAY, world.now)


async def set_by_an_administrator(world, user, _):
    await given_passwords.set_password(world.services, OPERATOR, user.id, OTHER, must_change=False, now=world.now)


@pytest.mark.parametrize("change", [changed_at_home, changed_as_demanded, set_by_an_administrator])
async def test_a_new_password_ends_trust_however_it_came(world, change):
    user, device, session = await trusting(world)
    await change(world, user, session)
    world.clock.advance(5)
    assert await step_on(world, device, password=OTHER) is Step.CODE


async def test_a_reset_ends_trust_also_for_the_next_authenticator(world):
    user, device, _ = await trusting(world)
    await assistance.reset_two_factor(world.services, OPERATOR, user.id, "lost it", world.now)
    await world.enrol(user.id)
    world.clock.advance(5)
    assert await step_on(world, device) is Step.CODE


async def test_a_device_that_is_trusted_no_more_counts_no_more_half_way(world):
    user, device, _ = await trusting(world)
    where = await given(world, device)
    async with world.services.database.transaction() as tables:
        assert await tables.devices.untrust(user.id, digest(device.device))
    assert (await standing.weigh(world.services, where.attempt, world.now)).step is Step.CODE


async def test_a_session_that_owes_something_counts_on_its_device_while_that_is_trusted(world):
    user, device, _ = await trusting(world)
    session = (await sign_in.finish(world.services, await given(world, device), device, world.now)).session

    async def taken_over(client: Client) -> Step:
        _, where = await standing.begin_from_session(
            world.services, session, "/", client, world.now, second_factor_wanted=False
        )
        return where.step

    assert await taken_over(device) is Step.DONE
    assert await taken_over(AWAY) is Step.CODE
    async with world.services.database.transaction() as tables:
        await tables.devices.untrust_all(user.id)
    assert await taken_over(device) is Step.CODE


async def test_trust_that_was_taken_away_while_somebody_signed_in_stays_away(world):
    user, device, _ = await trusting(world)
    where = await given(world, device)
    async with world.services.database.transaction() as tables:
        await tables.devices.untrust_all(user.id)
    await sign_in.finish(world.services, where, device, world.now)
    assert await devices.trusted_of(world.services, user.id, world.now) == []
