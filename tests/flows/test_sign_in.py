"""The end of a sign-in: one session, in the place of the one before, with facts that are current."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.model import Method, Step
from gatekeeper.flows import devices, new_password, sessions, sign_in, standing, two_factor
from gatekeeper.flows.new_password import Typed
from gatekeeper.flows.standing import AttemptEnded
from tests.flows.world import AWAY, HOME, OTHER, PASSWORD, SECRET, SESSION, on_device


async def given(world, client=HOME, **named):
    named = {"following": "/"} | named
    return await sign_in.give_password(world.services, "anna", PASSWORD, client, world.now, **named)


async def signed_in(world, client=HOME, **named):
    _, where = await given(world, client, **named)
    return await sign_in.finish(world.services, where, client, world.now)


async def test_a_session_begins_with_what_was_proven_and_its_limits(world):
    user = await world.person()
    done = await signed_in(world)
    session = await world.services.sessions.get(digest(done.token))
    assert session == done.session
    assert session.amr == ("pwd",)
    assert session.expires_at == world.now + SESSION.absolute_timeout
    assert (session.address, session.user_agent) == (HOME.address, HOME.user_agent)
    assert (await world.user(user.id)).last_sign_in_at == pytest.approx(world.now, abs=1e-6)
    assert [entry.details for entry in await world.log("sign-in.succeeded")] == [{"amr": ["pwd"]}]


async def test_a_code_adds_its_methods_to_the_session(world):
    await world.person(secret=SECRET)
    _, where = await given(world)
    attempt = await two_factor.give_code(world.services, where, world.code(), HOME, world.now)
    where = await standing.weigh(world.services, attempt, world.now)
    session = (await sign_in.finish(world.services, where, HOME, world.now)).session
    assert session.amr == ("pwd", "otp", "mfa")
    assert session.second_factor


async def test_no_session_is_made_while_something_is_owed(world):
    await world.person(secret=SECRET)
    _, where = await given(world)
    assert where.step is Step.CODE
    with pytest.raises(AssertionError):
        await sign_in.finish(world.services, where, HOME, world.now)


async def test_of_two_who_finish_one_attempt_one_succeeds(world):
    user = await world.person()
    _, where = await given(world)
    results = await asyncio.gather(
        *(sign_in.finish(world.services, where, HOME, world.now) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(result, sign_in.SignedIn) for result in results) == 1
    assert sum(isinstance(result, AttemptEnded) for result in results) == 9
    assert len(await world.services.sessions.of_user(user.id)) == 1


async def test_the_session_before_dies_with_the_new_one_durably(world):
    await world.person()
    old = (await signed_in(world)).session
    new = (await signed_in(world, holder=old)).session
    assert await world.services.sessions.get(old.id) is None
    await world.services.sessions.create(old)
    assert await world.services.reader.read(old.id, world.now) is None
    assert await world.services.reader.read(new.id, world.now) is not None


async def test_somebody_elses_session_in_the_same_browser_ends_too(world):
    await world.person("marco")
    await world.person()
    _, where = await sign_in.give_password(world.services, "marco", PASSWORD, HOME, world.now, following="/")
    marcos = (await sign_in.finish(world.services, where, HOME, world.now)).session
    annas = (await signed_in(world, holder=marcos)).session
    assert annas.owner.username == "anna"
    assert await world.services.reader.read(marcos.id, world.now) is None


async def test_a_code_of_somebody_else_is_not_carried_over(world):
    await world.person("marco", secret=SECRET)
    await world.person(secret=SECRET)
    _, where = await sign_in.give_password(world.services, "marco", PASSWORD, HOME, world.now, following="/")
    attempt = await two_factor.give_code(world.services, where, world.code(), HOME, world.now)
    where = await standing.weigh(world.services, attempt, world.now)
    marcos = (await sign_in.finish(world.services, where, HOME, world.now)).session
    assert (await given(world, holder=marcos))[1].step is Step.CODE


async def test_an_absolute_limit_is_not_stretched_by_a_step_that_asked_for_no_password(world):
    await world.person()
    old = (await signed_in(world)).session
    await world.two_factor()
    world.clock.advance(500)
    _, where = await standing.begin_from_session(world.services, old, "/", HOME, world.now, second_factor_wanted=False)
    secret = (await two_factor.offer(world.services, where)).secret
    attempt = await two_factor.enrol(
        world.services, where, world.code(secret), enrolment_code="", client=HOME, now=world.now
    )
    where = await standing.weigh(world.services, attempt, world.now)
    await two_factor.recovery_codes_saved(world.services, where)
    where = await standing.weigh(world.services, attempt, world.now)
    new = (await sign_in.finish(world.services, where, HOME, world.now)).session
    assert new.expires_at == old.expires_at
    assert new.id != old.id
    assert new.amr == ("pwd", "otp", "mfa")


async def test_facts_that_changed_while_the_session_was_made_reach_it(world, monkeypatch):
    user = await world.person()
    _, where = await given(world)
    create = world.services.sessions.create

    async def slow(session):
        async with world.services.database.transaction() as tables:
            await tables.users.update(user.id, display_name="Anna Maria")
        await create(session)

    monkeypatch.setattr(world.services.sessions, "create", slow)
    done = await sign_in.finish(world.services, where, HOME, world.now)
    stored = await world.services.sessions.get(done.session.id)
    assert stored.owner.display_name == "Anna Maria"


async def test_a_sign_in_right_after_an_ending_stands_although_clocks_differ(world):
    user = await world.person()
    async with world.services.database.transaction() as tables:
        valid_from = await sessions.mark_all_ended(world.services, tables, user.id, world.now)
    await sessions.drop_all(world.services, user.id, valid_from)
    world.clock.advance(-1)
    done = await signed_in(world)
    assert await world.services.reader.read(done.session.id, world.now) is not None


async def test_an_attempt_from_before_an_ending_is_worth_nothing(world):
    user = await world.person()
    token, _ = await given(world)
    async with world.services.database.transaction() as tables:
        await sessions.mark_all_ended(world.services, tables, user.id, world.now)
    with pytest.raises(AttemptEnded):
        await standing.stand(world.services, token, world.now)


async def test_an_old_password_verified_just_before_a_change_gets_nobody_in(world):
    await world.person(change_required=True)
    thief, _ = await given(world, AWAY)
    _, where = await given(world)
    world.clock.advance(0.01)
    await new_password.change_in_attempt(world.services, where, Typed("", OTHER, OTHER), HOME, world.now)
    with pytest.raises(AttemptEnded):
        await standing.stand(world.services, thief, world.now)


async def test_who_must_enrol_is_listed_with_the_date_since_when(world):
    user = await world.person()
    await world.two_factor()
    await given(world)
    since = (await world.user(user.id)).two_factor_owed_since
    assert since == pytest.approx(world.now, abs=1e-6)
    world.clock.advance(100)
    await given(world)
    assert (await world.user(user.id)).two_factor_owed_since == since


async def test_a_device_is_remembered_for_each_person_who_signed_in_on_it(world):
    anna = await world.person()
    first = await signed_in(world)
    await world.person("marco")
    there = on_device(first.device, HOME)
    _, where = await sign_in.give_password(world.services, "marco", PASSWORD, there, world.now, following="/")
    second = await sign_in.finish(world.services, where, there, world.now)
    assert second.device.split(".")[1] == first.device
    both = on_device(second.device, HOME)
    assert await devices.known(world.services, anna.id, both) is not None
    assert (await signed_in(world, both)).device == second.device


@pytest.mark.parametrize("planted", ["x" * 43, "short", "a.b.c.d.e.f", "\x00", "é" * 43])
async def test_a_planted_device_is_not_taken_over(world, planted):
    user = await world.person()
    done = await signed_in(world, on_device(planted))
    assert done.device.split(".")[0] != planted
    assert await devices.known(world.services, user.id, on_device(planted)) is None


async def test_a_password_changed_on_the_account_page_keeps_other_proofs(world):
    await world.person(secret=SECRET)
    _, where = await given(world)
    attempt = await two_factor.give_code(world.services, where, world.code(), HOME, world.now)
    where = await standing.weigh(world.services, attempt, world.now)
    old = (await sign_in.finish(world.services, where, HOME, world.now)).session
    token, fresh = await new_password.change_in_session(
        world.services, old, Typed(PASSWORD, OTHER, OTHER), HOME, world.now
    )
    assert fresh.id == digest(token)
    assert {proof.method for proof in fresh.proofs} == {Method.PASSWORD, Method.OTP}
    assert fresh.expires_at == old.expires_at
    assert fresh.owner.password_changed_at == pytest.approx(world.now, abs=1e-6)
    assert await world.services.reader.read(old.id, world.now) is None
    assert await world.services.reader.read(fresh.id, world.now) is not None
