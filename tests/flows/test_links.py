"""One-time links: they stand in for the password, half-way they change nothing, and what they lead to is a new one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.errors import Conflict, Refused, Unavailable
from gatekeeper.domain.model import Method, OwnerFacts, Permission, Step
from gatekeeper.flows import given_passwords, links, new_password, sign_in, standing, two_factor
from gatekeeper.flows.acting import Actor, Forbidden, Via, command_line
from gatekeeper.flows.links import LinkEnded
from gatekeeper.flows.new_password import Typed
from gatekeeper.flows.standing import AttemptEnded
from gatekeeper.store.links import Purpose
from tests.flows.world import AWAY, HOME, OTHER, PASSWORD, SECRET

OPERATOR = command_line()
NEW = Typed("", OTHER, OTHER)


def actor(*permissions: Permission) -> Actor:
    owner = OwnerFacts("7d0d8f7e-0000-4000-8000-000000000001", "helper", "helper@example.com", "Helper")
    return Actor(owner, frozenset(permissions), HOME, Via.TOKEN)


def token_of(link: str) -> str:
    return link.partition("?token=")[2]


async def link_of(world, user) -> str:
    return token_of(await links.create(world.services, OPERATOR, user.id, "forgot it", world.now))


async def used(world, token: str, client=AWAY):
    return await links.use(world.services, token, "/", client, world.now)


async def changed(world, where, new: Typed = NEW):
    attempt = await new_password.change_in_attempt(world.services, where, new, AWAY, world.now)
    return await standing.weigh(world.services, attempt, world.now)


async def signed_in(world, password: str = PASSWORD, client=HOME):
    _, where = await sign_in.give_password(world.services, "anna", password, client, world.now, following="/")
    return await sign_in.finish(world.services, where, client, world.now)


async def test_a_link_leads_to_a_new_password_and_then_in(world):
    user = await world.person()
    link = await links.create(world.services, OPERATOR, user.id, "forgot it", world.now)
    assert link.startswith("http://127.0.0.1:8080/gatekeeper/login/reset?token=")
    _, where = await used(world, token_of(link))
    assert where.step is Step.NEW_PASSWORD
    assert not where.ask_current
    where = await changed(world, where)
    done = await sign_in.finish(world.services, where, AWAY, world.now)
    assert done.session.amr == ("pwd",)
    assert Method.LINK not in {proof.method for proof in done.session.proofs}
    assert (await world.log("password.changed"))[0].details["by"] == "link"
    world.clock.advance(5)
    assert (await signed_in(world, OTHER)).session.owner.user_id == user.id


async def test_a_person_without_a_password_gets_their_first_one_by_a_link(world):
    user = await world.person(password=None)
    _, where = await used(world, await link_of(world, user))
    assert (await changed(world, where)).step is Step.DONE


async def test_the_code_of_an_authenticator_comes_first(world):
    user = await world.person(secret=SECRET)
    _, where = await used(world, await link_of(world, user))
    assert where.step is Step.CODE
    attempt = await two_factor.give_code(world.services, where, world.code(), AWAY, world.now, trust=True)
    where = await standing.weigh(world.services, attempt, world.now)
    assert where.step is Step.NEW_PASSWORD
    where = await changed(world, where)
    assert where.step is Step.DONE
    assert (await sign_in.finish(world.services, where, AWAY, world.now)).session.amr == ("pwd", "otp", "mfa")


async def test_the_new_password_follows_every_rule_of_the_policy(world):
    user = await world.person()
    _, where = await used(world, await link_of(world, user))
    for new in (PASSWORD, "short", "anna-anna-anna"):
        with pytest.raises(Refused):
            await changed(world, where, Typed("", new, new))


async def test_enrolment_comes_after_the_new_password(world):
    user = await world.person()
    await world.two_factor()
    _, where = await used(world, await link_of(world, user))
    assert where.step is Step.NEW_PASSWORD
    assert (await changed(world, where)).step is Step.ENROL


async def test_a_link_works_once_and_half_an_hour(world):
    user = await world.person()
    token = await link_of(world, user)
    assert await links.is_good(world.services, token, world.now)
    await used(world, token)
    assert not await links.is_good(world.services, token, world.now)
    with pytest.raises(LinkEnded):
        await used(world, token)
    late = await link_of(world, user)
    world.clock.advance(links.LIFETIME)
    assert not await links.is_good(world.services, late, world.now)
    with pytest.raises(LinkEnded):
        await used(world, late)


async def test_of_many_who_use_one_link_at_once_one_gets_on(world):
    token = await link_of(world, await world.person())
    results = await asyncio.gather(*(used(world, token) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(result, LinkEnded) for result in results) == 9


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "\ud800", "\x00"])
async def test_what_is_no_link_opens_nothing(world, token):
    await world.person()
    assert not await links.is_good(world.services, token, world.now)
    with pytest.raises(LinkEnded):
        await used(world, token)


async def test_a_link_that_confirms_an_address_is_none_to_a_password(world):
    user = await world.person()
    token = await link_of(world, user)
    async with world.services.database.transaction() as tables:
        link = await tables.links.use(digest(token), Purpose.RESET, world.now)
        await tables.links.add(replace(link, purpose=Purpose.RECOVERY_ADDRESS))
    with pytest.raises(LinkEnded):
        await used(world, token)


async def test_looking_at_a_link_uses_nothing_up(world):
    token = await link_of(world, await world.person())
    for _ in range(20):
        assert await links.is_good(world.services, token, world.now)
    await used(world, token)


async def test_half_way_nothing_has_changed(world):
    user = await world.person()
    session = (await signed_in(world)).session
    token = await link_of(world, user)
    async with world.services.database.transaction() as tables:
        await tables.users.set_locked("anna", world.now)
    await used(world, token)
    assert (await world.user(user.id)).locked_at is not None
    assert await world.services.reader.read(session.id, world.now) is not None


async def test_the_new_password_ends_sessions_trust_and_other_links_and_opens_a_closed_name(world):
    user = await world.person()
    session = (await signed_in(world)).session
    async with world.services.database.transaction() as tables:
        await tables.users.set_locked("anna", world.now)
        await tables.devices.remember(user.id, "d", world.now)
        await tables.devices.trust(user.id, "d", world.now, world.now + 1_000, 9)
    token = await link_of(world, user)
    async with world.services.database.transaction() as tables:
        other = token_of(await links.make(world.services, tables, user, world.now, address=None))
    _, where = await used(world, token)
    await changed(world, where)
    assert await world.services.reader.read(session.id, world.now) is None
    assert (await world.user(user.id)).locked_at is None
    assert await world.services.database.read.devices.trusted_of(user.id, world.now) == []
    with pytest.raises(LinkEnded):
        await used(world, other)


async def test_where_the_new_password_could_not_be_stored_it_is_still_owed(world, monkeypatch):
    user = await world.person()
    token, where = await used(world, await link_of(world, user))
    monkeypatch.setattr(new_password, "_write", _fails)
    with pytest.raises(Unavailable):
        await changed(world, where)
    monkeypatch.undo()
    where = await standing.stand(world.services, token, world.now)
    assert where.step is Step.NEW_PASSWORD
    with pytest.raises(AssertionError):
        await sign_in.finish(world.services, where, AWAY, world.now)
    assert (await changed(world, where)).step is Step.DONE


async def _fails(*_given, **_named):
    raise Unavailable("PostgreSQL")


async def test_sessions_that_are_ended_meanwhile_end_the_attempt_of_a_link(world):
    from gatekeeper.flows import ending

    user = await world.person()
    token, _ = await used(world, await link_of(world, user))
    await ending.sign_out(world.services, OPERATOR, user.id, world.now)
    with pytest.raises(AttemptEnded):
        await standing.stand(world.services, token, world.now)


async def test_a_password_that_was_set_otherwise_voids_links(world):
    user = await world.person()
    token = await link_of(world, user)
    await given_passwords.set_password(world.services, OPERATOR, user.id, OTHER, must_change=False, now=world.now)
    with pytest.raises(LinkEnded):
        await used(world, token)


async def test_a_newer_link_voids_the_one_before(world):
    user = await world.person()
    first, second = await link_of(world, user), await link_of(world, user)
    with pytest.raises(LinkEnded):
        await used(world, first)
    await used(world, second)


async def test_a_disabled_persons_link_does_nothing(world):
    user = await world.person()
    token = await link_of(world, user)
    async with world.services.database.transaction() as tables:
        await tables.users.set_enabled(user.id, False)
    assert not await links.is_good(world.services, token, world.now)
    with pytest.raises(LinkEnded):
        await used(world, token)
    with pytest.raises(Conflict):
        await link_of(world, user)


async def test_making_one_takes_a_permission_a_reason_and_no_less_than_the_person_holds(world):
    user = await world.person()
    manager = actor(Permission.USERS_MANAGE)
    with pytest.raises(Forbidden):
        await links.create(world.services, actor(Permission.USERS_RESET_TWO_FACTOR), user.id, "why", world.now)
    with pytest.raises(Refused):
        await links.create(world.services, manager, user.id, "  ", world.now)
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(user.id, [Permission.POLICIES_MANAGE])
    with pytest.raises(Forbidden):
        await links.create(world.services, manager, user.id, "why", world.now)


async def test_the_log_says_who_made_a_link_and_that_it_was_used_but_never_the_link(world):
    user = await world.person()
    token = await link_of(world, user)
    await used(world, token)
    made, taken = (await world.log("user.one-time-link.create"))[0], (await world.log("password.link-used"))[0]
    assert (made.target_name, made.details["reason"]) == ("anna", "forgot it")
    assert (taken.target_name, taken.details["by"], taken.address) == ("anna", "administrator", AWAY.address)
    assert token not in str([made, taken])
