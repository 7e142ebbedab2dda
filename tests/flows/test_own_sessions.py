"""One's own sessions and trusted devices: ended is refused at the next request, and nobody else's can be ended."""

from __future__ import annotations

import pytest

from gatekeeper.domain.errors import NotFound
from gatekeeper.flows import own_sessions as own
from tests.flows.own import signed_in
from tests.flows.world import AWAY, HOME, SECRET


async def read(world, session):
    return await world.services.reader.read(session.id, world.now)


async def test_ones_open_sessions_are_listed_the_latest_used_first(world):
    await world.person()
    await world.person("marco")
    first = await signed_in(world)
    world.clock.advance(10)
    second = await signed_in(world, client=AWAY)
    await signed_in(world, "marco")
    listed = await own.standing(world.services, first.owner.user_id, world.now)
    assert [one.id for one in listed] == [second.id, first.id]
    world.clock.advance(world.services.config.session.idle_timeout + 1)
    assert await own.standing(world.services, first.owner.user_id, world.now) == []


async def test_one_is_ended_for_good_and_the_log_says_which(world):
    await world.person()
    mine, other = await signed_in(world), await signed_in(world, client=AWAY)
    await own.end(world.services, mine, other.id, HOME, world.now)
    assert await read(world, other) is None
    assert await read(world, mine) is not None
    await world.services.sessions.create(other)
    assert await read(world, other) is None
    (entry,) = await world.log("session.ended-elsewhere")
    assert entry.details["address"] == AWAY.address


async def test_neither_somebody_elses_nor_this_one_is_ended(world):
    await world.person()
    await world.person("marco")
    mine, his = await signed_in(world), await signed_in(world, "marco")
    for identity in (his.id, mine.id, "nonsense"):
        with pytest.raises(NotFound):
            await own.end(world.services, mine, identity, HOME, world.now)
    assert await read(world, his) is not None
    assert await read(world, mine) is not None


async def test_all_others_are_ended_and_this_one_stays(world):
    await world.person()
    await world.person("marco")
    mine, his = await signed_in(world), await signed_in(world, "marco")
    others = [await signed_in(world, client=AWAY) for _ in range(3)]
    assert await own.end_others(world.services, mine, HOME, world.now) == 3
    assert await own.end_others(world.services, mine, HOME, world.now) == 0
    for one in others:
        await world.services.sessions.create(one)
        assert await read(world, one) is None
    assert await read(world, mine) is not None
    assert await read(world, his) is not None
    assert len(await world.log("session.ended-elsewhere")) == 1


async def test_ones_own_trusted_device_is_taken_back_and_nobody_elses(world):
    await world.two_factor(trusted_devices_days=30)
    anna, marco = await world.person(), await world.person("marco")
    for one in (anna, marco):
        await world.enrol(one.id)
        async with world.services.database.transaction() as tables:
            await tables.devices.remember(one.id, f"of-{one.facts.username}", world.now, user_agent="Firefox/1")
            epoch = (await tables.policies.read()).epoch
            await tables.devices.trust(one.id, f"of-{one.facts.username}", world.now, world.now + 1000, epoch)
    session = await signed_in(world, secret=SECRET)
    with pytest.raises(NotFound):
        await own.untrust(world.services, session, "of-marco", HOME, world.now)
    await own.untrust(world.services, session, "of-anna", HOME, world.now)
    with pytest.raises(NotFound):
        await own.untrust(world.services, session, "of-anna", HOME, world.now)
    devices = world.services.database.read.devices
    assert await devices.trusted_of(anna.id, world.now) == []
    assert len(await devices.trusted_of(marco.id, world.now)) == 1
    assert len(await world.log("device.untrusted")) == 1
