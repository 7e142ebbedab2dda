"""What a node knows of policies and endings, and how soon."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from gatekeeper.domain.errors import Unavailable
from gatekeeper.domain.model import Method, PasswordPolicy, Proof, Session
from gatekeeper.flows import changes, sessions
from gatekeeper.flows.devices import KEPT
from gatekeeper.flows.node import NodeState
from gatekeeper.flows.reader import SessionReader
from gatekeeper.sessions.bus import Bus
from gatekeeper.sessions.cache import SessionCache
from gatekeeper.sessions.sessions import Sessions
from gatekeeper.store.links import Link, Purpose
from tests.flows.world import HOME, SESSION


async def signed_in(world, user, id_: str = "a" * 64, **changed) -> Session:
    session = Session(
        id=id_,
        owner=user.facts,
        created_at=world.now,
        expires_at=world.now + SESSION.absolute_timeout,
        last_seen_at=world.now,
        proofs=(Proof(Method.PASSWORD, world.now),),
        csrf_secret="c",
    )
    session = replace(session, **changed)
    await world.services.sessions.create(session)
    return session


async def until(condition, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for lies in another process
            await asyncio.sleep(0.01)


def another_node(world, every: float = 3600.0) -> NodeState:
    """A second node on the same engines."""
    services = world.services
    bus = Bus(services.attempts._redis)
    return NodeState(
        services.database,
        services.sessions,
        bus,
        absolute_timeout=SESSION.absolute_timeout,
        every=every,
        clock=world.clock,
    )


async def test_a_node_that_starts_knows_the_endings_that_were_before_it(world):
    user = await world.person()
    session = await signed_in(world, user)
    await sessions.sign_out(world.services, session, HOME, world.now)
    node = another_node(world)
    await node.start()
    assert node.is_ended(session)


async def test_another_node_learns_of_endings_without_redis(world):
    user = await world.person()
    node = another_node(world)
    await node.start()
    session, other = await signed_in(world, user), await signed_in(world, user, "b" * 64)
    await sessions.sign_out(world.services, session, HOME, world.now)
    await node.refresh()
    assert node.is_ended(session)
    assert not node.is_ended(other)


async def test_ending_all_of_a_persons_sessions_leaves_other_peoples_and_later_ones(world):
    user, marco = await world.person(), await world.person("marco")
    old, others = await signed_in(world, user), await signed_in(world, marco, "b" * 64)
    async with world.services.database.transaction() as tables:
        valid_from = await sessions.mark_all_ended(world.services, tables, user.id, world.now)
    await sessions.drop_all(world.services, user.id, valid_from)
    node = another_node(world)
    await node.start()
    later = replace(old, id="c" * 64, created_at=sessions.begins_at(world.now, valid_from))
    for known in (node, world.services.node):
        assert known.is_ended(old)
        assert not known.is_ended(others)
        assert not known.is_ended(later)


async def test_a_redis_that_lost_its_last_second_brings_no_ended_session_back(world):
    user = await world.person()
    session = await signed_in(world, user)
    await sessions.sign_out(world.services, session, HOME, world.now)
    await world.services.sessions.create(session)
    assert await world.services.reader.read(session.id, world.now) is None


async def test_a_message_hurries_the_next_look_at_the_policies(world):
    task = asyncio.create_task(world.services.node.run())
    try:
        await until(lambda: world.services.bus.trusted)
        async with world.services.database.transaction() as tables:
            policies = await tables.policies.set_password(PasswordPolicy(expiry_days=30), None)
        await changes.policies_changed(world.services, policies.epoch)
        await until(lambda: world.services.node.policies.password.expiry_days == 30, 2.0)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_facts_that_could_not_be_told_while_redis_was_away_are_told_later(world):
    user = await world.person()
    session = await signed_in(world, user)
    async with world.services.database.transaction() as tables:
        await tables.users.update(user.id, display_name="Anna Maria")
    world.clock.now = 10**11
    await world.services.node.sweep()
    stored = await world.services.sessions.get(session.id)
    assert stored.owner.display_name == "Anna Maria"
    assert await world.services.database.read.users.pending_owner_changes(10**11) == []


async def test_a_node_survives_outages_and_keeps_its_last_policies(world, monkeypatch):
    await world.password_policy(expiry_days=30)
    node = another_node(world, every=0.01)
    await node.start()
    looks = 0

    async def away():
        nonlocal looks
        looks += 1
        raise Unavailable("PostgreSQL")

    monkeypatch.setattr(world.services.database.read.policies, "read", away)
    task = asyncio.create_task(node.run())
    await until(lambda: looks > 3)
    assert node.policies.password.expiry_days == 30
    monkeypatch.undo()
    await world.password_policy(expiry_days=60)
    await until(lambda: node.policies.password.expiry_days == 60)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_endings_of_sessions_that_could_not_live_any_more_are_forgotten(world):
    user = await world.person()
    session = await signed_in(world, user)
    await sessions.sign_out(world.services, session, HOME, world.now)
    node = another_node(world)
    await node.start()
    assert node.is_ended(session)
    world.clock.advance(2 * SESSION.absolute_timeout)
    await node._forget()
    assert not node.is_ended(session)
    assert await world.services.database.read.endings.since(0) == []


async def test_once_a_day_devices_that_nobody_uses_are_forgotten_and_every_hour_links_that_have_ended(world):
    user = await world.person()
    node = another_node(world)
    async with world.services.database.transaction() as tables:
        await tables.devices.remember(user.id, "old", world.now - KEPT - 1)
        await tables.devices.remember(user.id, "new", world.now)
        await tables.links.add(Link("d", user.id, Purpose.RESET, None, world.now, world.now + 1))
    read = world.services.database.read
    await node._forget()
    assert await read.devices.known(user.id, "old") is not None
    world.clock.advance(3_601)
    await node._forget()
    assert await read.devices.known(user.id, "old") is None
    assert await read.devices.known(user.id, "new") is not None
    async with world.services.database.transaction() as tables:
        assert await tables.links.purge(world.now) == 0
        await tables.devices.remember(user.id, "older", world.now - KEPT - 1)
    world.clock.advance(3_601)
    await node._forget()
    assert await read.devices.known(user.id, "older") is not None
    world.clock.advance(86_400)
    await node._forget()
    assert await read.devices.known(user.id, "older") is None


async def test_other_chores_are_done_at_each_look_and_one_that_fails_stops_nothing(world):
    done: list[str] = []

    async def fails() -> None:
        raise Unavailable("PostgreSQL")

    async def works() -> None:
        done.append("once more")

    node = another_node(world)
    node.also("what fails", fails)
    node.also("what works", works)
    running = asyncio.create_task(node.run())
    await until(lambda: len(done) == 1)
    node.hurry()
    await until(lambda: len(done) == 2)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_an_idle_session_is_ended_by_whoever_reads_it(world):
    session = await signed_in(world, await world.person())
    reader = world.services.reader
    assert await reader.read(session.id, world.now + SESSION.idle_timeout - 1) is not None
    assert await reader.read(session.id, world.now + SESSION.idle_timeout) is None
    assert await world.services.sessions.get(session.id) is None


async def test_a_session_ends_at_its_absolute_limit_however_busy_it_is(world):
    session = await signed_in(world, await world.person())
    await world.services.sessions.touch(session.id, session.expires_at - 1)
    assert await world.services.reader.read(session.id, session.expires_at - 1) is not None
    assert await world.services.reader.read(session.id, session.expires_at) is None


async def test_the_scope_is_looked_up_once_per_session_and_epoch(world, monkeypatch):
    session = await signed_in(world, await world.person())
    looks = []
    table = world.services.database.read.policies
    original = table.applies_to

    async def counted(user_id):
        looks.append(user_id)
        return await original(user_id)

    monkeypatch.setattr(table, "applies_to", counted)
    await world.two_factor()
    for _ in range(3):
        assert (await world.services.reader.read(session.id, world.now)).two_factor_applies
    assert len(looks) == 1
    await world.password_policy(expiry_days=90)
    assert (await world.services.reader.read(session.id, world.now)).two_factor_applies
    assert len(looks) == 2


async def test_a_scope_that_cannot_be_looked_up_lets_nobody_through(world, monkeypatch):
    session = await signed_in(world, await world.person())

    async def away(_user_id):
        raise Unavailable("PostgreSQL")

    monkeypatch.setattr(world.services.database.read.policies, "applies_to", away)
    with pytest.raises(Unavailable):
        await world.services.reader.read(session.id, world.now)


async def test_a_session_ended_on_one_node_is_refused_on_the_other_at_once(world):
    redis = world.services.attempts._redis
    bus = Bus(redis)
    store = Sessions(redis, bus, idle_timeout=SESSION.idle_timeout)
    cache = SessionCache(store, bus)
    node = NodeState(world.services.database, store, bus, absolute_timeout=SESSION.absolute_timeout, clock=world.clock)
    await node.start()
    reader = SessionReader(cache, store, world.services.database, node, idle_timeout=SESSION.idle_timeout)
    task = asyncio.create_task(bus.run())
    try:
        await until(lambda: bus.trusted)
        session = await signed_in(world, await world.person())
        assert await reader.read(session.id, world.now) is not None
        await sessions.sign_out(world.services, session, HOME, world.now)
        await until(lambda: node.is_ended(session), 0.5)
        assert await reader.read(session.id, world.now) is None
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
