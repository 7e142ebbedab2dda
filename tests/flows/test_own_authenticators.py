"""One's own authenticators: nothing changes before it is confirmed, and one's own alone can be changed."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.model import Enrolment, TwoFactorMode
from gatekeeper.flows import own_authenticators as own
from gatekeeper.flows import own_recovery_codes, sessions, two_factor
from tests.flows.own import away, enrolled, fresh, signed_in
from tests.flows.world import AWAY, HOME, SECRET


async def held(world, session):
    return await world.services.database.read.authenticators.of_user(session.owner.user_id)


async def begun(world, session, replaces=None):
    await own.begin(world.services, session, replaces)
    draft = await own.pending(world.services, session, replaces)
    assert draft is not None
    return draft


async def confirm(world, session, draft, *, code=None, name="", enrolment_code="", replaces=None):
    typed = own.Typed(world.code(draft.secret) if code is None else code, name, enrolment_code)
    return await own.confirm(world.services, session, replaces, typed, client=HOME, now=world.now)


async def add(world, session, name="Tablet"):
    return await confirm(world, session, await begun(world, session), name=name)


async def test_the_secret_stays_the_same_over_reloads_wrong_codes_and_second_tabs(world):
    session = await enrolled(world)
    draft = await begun(world, session)
    with pytest.raises(Refused) as refused:
        await confirm(world, session, draft, code="000000")
    assert refused.value.field == "code"
    assert (await begun(world, session)).secret == draft.secret
    kept = await asyncio.gather(*(begun(world, session) for _ in range(5)))
    assert {one.secret for one in kept} == {draft.secret}


async def test_the_secret_lies_sealed_and_is_bound_to_the_session(world):
    session, other = await enrolled(world), None
    world.clock.advance(60)
    other = await signed_in(world, secret=SECRET, client=AWAY)
    draft = await begun(world, session)
    kept = await world.services.drafts.get(f"authenticator:{digest(session.csrf_secret)}:new")
    assert draft.secret not in kept
    assert await own.pending(world.services, other) is None
    with pytest.raises(NotFound):
        await confirm(world, other, draft)


async def test_what_is_begun_ends_by_itself_after_ten_minutes(world):
    session = await enrolled(world)
    await begun(world, session)
    redis = world.services.drafts._redis
    (key,) = [name async for name in redis.scan_iter("gk:d:authenticator:*")]
    assert 590 < await redis.ttl(key) <= 600
    await redis.delete(key)
    assert await own.pending(world.services, session) is None


async def test_a_second_one_is_accepted_beside_the_first_each_with_its_own_codes(world):
    session = await enrolled(world)
    draft = await begun(world, session)
    added = await confirm(world, session, draft, name="Tablet")
    assert (added.name, added.first, added.session) == ("Tablet", False, None)
    world.clock.advance(60)
    for secret in (SECRET, draft.secret):
        assert (await signed_in(world, secret=secret)).second_factor
    first, second = await held(world, session)
    assert first.last_used_at == second.last_used_at == pytest.approx(world.now)


async def test_the_code_that_confirms_is_used_up(world):
    session = await enrolled(world)
    draft = await begun(world, session)
    await confirm(world, session, draft)
    with pytest.raises(Refused):
        await signed_in(world, secret=draft.secret)


async def test_confirming_twice_adds_one(world):
    session = await enrolled(world)
    draft = await begun(world, session)
    results = await asyncio.gather(
        *(confirm(world, session, draft, name=f"Tablet {number}") for number in range(3)), return_exceptions=True
    )
    assert sum(isinstance(result, own.Added) for result in results) == 1
    assert all(isinstance(result, own.Added | NotFound) for result in results)
    assert len(await held(world, session)) == 2


async def test_a_voluntary_first_one_brings_recovery_codes_and_counts_as_a_proof(world):
    await world.person()
    session = await signed_in(world)
    draft = await begun(world, session)
    assert draft.first
    added = await confirm(world, session, draft)
    assert added.first
    assert added.session is not None
    assert added.session.second_factor
    assert await world.services.reader.read(session.id, world.now) is None
    assert (await fresh(world, added.session)).owner.enrolled
    codes = await own_recovery_codes.shown(world.services, added.session)
    assert len(codes) == 10
    assert (await world.user(session.owner.user_id)).facts.recovery_codes_pending
    await own_recovery_codes.saved(world.services, added.session)
    assert not (await world.user(session.owner.user_id)).facts.recovery_codes_pending
    assert [entry.action for entry in await world.log("two-factor.enrolled")] == ["two-factor.enrolled"]


async def test_replacing_keeps_the_old_one_until_the_new_one_is_confirmed_and_then_takes_it_away(world):
    session = await enrolled(world)
    (old,) = await held(world, session)
    draft = await begun(world, session, old.id)
    assert draft.replaces == old
    world.clock.advance(60)
    assert (await signed_in(world, secret=SECRET)).second_factor
    await confirm(world, session, draft, replaces=old.id)
    (new,) = await held(world, session)
    assert (new.id, new.name) == (draft.id, old.name)
    world.clock.advance(60)
    with pytest.raises(Refused):
        await signed_in(world, secret=SECRET)
    assert (await signed_in(world, secret=draft.secret)).second_factor
    assert len(await world.log("authenticator.replaced")) == 1


async def test_recovery_codes_outlive_a_replacement(world):
    session = await enrolled(world)
    await own_recovery_codes.issue(world.services, session, HOME, world.now)
    (old,) = await held(world, session)
    await confirm(world, session, await begun(world, session, old.id), replaces=old.id)
    assert await world.services.database.read.recovery_codes.left(session.owner.user_id) == 10


async def test_what_is_not_ones_own_is_not_found(world):
    anna = await enrolled(world)
    marco = await enrolled(world, "marco", "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU")
    (his,) = await held(world, marco)
    for identity in (his.id, "nonsense", ""):
        for work in (
            own.begin(world.services, anna, identity),
            own.pending(world.services, anna, identity),
            own.rename(world.services, anna, identity, "Mine", client=HOME, now=world.now),
            own.remove(world.services, anna, identity, HOME, world.now),
        ):
            with pytest.raises(NotFound):
                await work
    assert await held(world, marco) == [his]


async def test_there_are_at_most_five(world):
    session = await enrolled(world)
    for number in range(2, 6):
        await add(world, session, f"Number {number}")
    with pytest.raises(Refused, match="5"):
        await own.begin(world.services, session)
    (first, *_) = await held(world, session)
    await begun(world, session, first.id)


@pytest.mark.parametrize("name", ["TABLET", " ", "a\u200bb", "x" * 61])
async def test_a_name_that_is_taken_or_cannot_be_read_is_refused(world, name):
    session = await enrolled(world)
    (first,) = await held(world, session)
    await add(world, session, "Tablet")
    with pytest.raises(Refused) as refused:
        await own.rename(world.services, session, first.id, name, client=HOME, now=world.now)
    assert refused.value.field == "name"
    assert {one.name for one in await held(world, session)} == {first.name, "Tablet"}


async def test_another_name_is_stored_trimmed_and_may_be_the_same_in_other_letters(world):
    session = await enrolled(world)
    (one,) = await held(world, session)
    for typed in (" Work phone ", "WORK phone"):
        name = await own.rename(world.services, session, one.id, typed, client=HOME, now=world.now)
        assert name == typed.strip()
    assert [entry.details["from"] for entry in await world.log("authenticator.renamed")] == ["Work phone", one.name]


async def test_the_last_one_stays_while_the_policy_asks_for_one(world):
    session = await enrolled(world)
    (one,) = await held(world, session)
    await world.two_factor()
    with pytest.raises(Refused):
        await own.remove(world.services, session, one.id, HOME, world.now)
    assert await held(world, session) == [one]
    assert await world.log("authenticator.removed") == []


async def test_the_last_one_goes_with_recovery_codes_and_trust_where_nothing_asks_for_it(world):
    session = await enrolled(world)
    await own_recovery_codes.issue(world.services, session, HOME, world.now)
    user_id = session.owner.user_id
    async with world.services.database.transaction() as tables:
        await tables.devices.remember(user_id, "d", world.now)
        await tables.devices.trust(user_id, "d", world.now, world.now + 1000, 0)
    (one,) = await held(world, session)
    await own.remove(world.services, session, one.id, HOME, world.now)
    facts = (await world.user(user_id)).facts
    assert (facts.enrolled, facts.recovery_codes_pending) == (False, False)
    assert not (await fresh(world, session)).owner.enrolled
    read = world.services.database.read
    assert await read.recovery_codes.left(user_id) == 0
    assert await read.devices.trusted_of(user_id, world.now) == []


async def test_two_removals_at_once_leave_one_where_one_is_needed(world):
    session = await enrolled(world)
    await add(world, session)
    await world.two_factor()
    results = await asyncio.gather(
        *(own.remove(world.services, session, one.id, HOME, world.now) for one in await held(world, session)),
        return_exceptions=True,
    )
    assert [type(result) for result in results if isinstance(result, Exception)] == [Refused]
    assert len(await held(world, session)) == 1


async def test_a_first_one_needs_the_administrators_code_where_enrolling_does(world):
    user = await world.person()
    await world.two_factor(TwoFactorMode.OFF, Enrolment.WITH_CODE)
    session = await signed_in(world)
    draft = await begun(world, session)
    assert draft.with_code
    for typed in ("", "aaaaa-bbbbb"):
        with pytest.raises(Refused) as refused:
            await confirm(world, session, draft, enrolment_code=typed)
        assert refused.value.field == "enrolment_code"
    async with world.services.database.transaction() as tables:
        await tables.users.set_enrolment_code(user.id, two_factor.enrolment_code_digest("abcde-fghij"), required=True)
    added = await confirm(world, session, draft, enrolment_code="ABCDE FGHIJ")
    assert added.first
    assert (await world.user(user.id)).enrolment_code_digest is None


async def test_a_second_one_needs_no_code_of_the_administrator(world):
    session = await enrolled(world)
    await world.two_factor(TwoFactorMode.EVERYONE, Enrolment.WITH_CODE)
    assert not (await begun(world, session)).with_code
    await add(world, session)


async def test_a_session_without_a_code_adds_none_beside_one_that_was_enrolled_meanwhile(world):
    user = await world.person()
    session = await signed_in(world)
    draft = await begun(world, session)
    await world.enrol(user.id)
    with pytest.raises(NotFound):
        await confirm(world, away(session), draft)
    assert len(await held(world, session)) == 1


async def test_an_ended_session_changes_nothing(world):
    session = await enrolled(world)
    draft = await begun(world, session)
    (one,) = await held(world, session)
    async with world.services.database.transaction() as tables:
        await sessions.mark_all_ended(world.services, tables, session.owner.user_id, world.now)
    for work in (
        confirm(world, session, draft),
        own.remove(world.services, session, one.id, HOME, world.now),
        own.rename(world.services, session, one.id, "x", client=HOME, now=world.now),
        own_recovery_codes.issue(world.services, session, HOME, world.now),
    ):
        with pytest.raises(NotFound):
            await work
    assert await held(world, session) == [one]


async def test_a_draft_of_a_lost_key_begins_anew(world):
    session = await enrolled(world)
    await world.services.drafts.begin(f"authenticator:{digest(session.csrf_secret)}:new", "1.other.nonsense", 600)
    assert await own.pending(world.services, session) is None
    assert (await begun(world, session)).secret
