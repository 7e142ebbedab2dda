"""One's own recovery codes: the old ones die with the new ones, which are shown until they are saved."""

from __future__ import annotations

import pytest

from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.flows import own_recovery_codes as own
from gatekeeper.flows import proving
from tests.flows.own import away, enrolled, signed_in
from tests.flows.world import AWAY, HOME, SECRET


async def issued(world, session):
    await own.issue(world.services, session, HOME, world.now)
    codes = await own.shown(world.services, session)
    assert codes is not None
    return codes


async def prove(world, session, code):
    return await proving.prove_by_code(world.services, away(session), code, HOME, world.now)


async def test_the_same_ones_are_shown_until_they_are_saved(world):
    session = await enrolled(world)
    codes = await issued(world, session)
    assert len(set(codes)) == 10
    assert await own.shown(world.services, session) == codes
    await own.saved(world.services, session)
    assert await own.shown(world.services, session) is None
    assert not (await world.user(session.owner.user_id)).facts.recovery_codes_pending


async def test_old_ones_are_dead_and_new_ones_work_once(world):
    session = await enrolled(world)
    old = await issued(world, session)
    new = await issued(world, session)
    with pytest.raises(Refused):
        await prove(world, session, old[0])
    _, proven = await prove(world, session, new[0])
    assert proven.second_factor
    with pytest.raises(Refused):
        await prove(world, proven, new[0])


async def test_dead_ones_are_neither_shown_nor_saved(world):
    session = await enrolled(world)
    world.clock.advance(60)
    other = await signed_in(world, secret=SECRET, client=AWAY)
    await issued(world, session)
    await issued(world, other)
    assert await own.shown(world.services, session) is None
    with pytest.raises(NotFound):
        await own.saved(world.services, session)
    assert (await world.user(session.owner.user_id)).facts.recovery_codes_pending


async def test_they_are_shown_in_no_other_session(world):
    session = await enrolled(world)
    world.clock.advance(60)
    other = await signed_in(world, secret=SECRET, client=AWAY)
    await issued(world, session)
    assert await own.shown(world.services, other) is None


async def test_who_has_no_authenticator_has_none(world):
    await world.person()
    session = await signed_in(world)
    with pytest.raises(NotFound):
        await own.issue(world.services, session, HOME, world.now)
