"""The bus: what is published arrives everywhere, and silence is noticed in time."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from gatekeeper.domain.errors import Unavailable
from gatekeeper.sessions.bus import Bus, PoliciesChanged, SessionsChanged
from gatekeeper.sessions.connection import connect
from tests.sessions.conftest import Node, OwnRedis, until


async def test_a_message_reaches_other_nodes_within_100_ms_and_its_own_at_once(node: Node, other: Node) -> None:
    publishing = node.bus.publish(PoliciesChanged(5))
    await publishing
    assert node.heard[0] == PoliciesChanged(5)
    assert await until(lambda: bool(other.heard)) < 0.1
    assert other.heard == [PoliciesChanged(5)]


async def test_a_bus_that_does_not_run_is_not_trusted(redis: Redis) -> None:
    assert not Bus(redis).trusted


async def test_trust_outlasts_silence_between_messages(node: Node) -> None:
    lost: list[None] = []
    node.bus.on_trust_lost(lambda: lost.append(None))
    for _ in range(25):
        assert node.bus.trusted
        await asyncio.sleep(0.1)
    assert not lost


async def test_a_bus_that_is_stopped_is_not_trusted(redis: Redis) -> None:
    bus, lost = Bus(redis), []
    bus.on_trust_lost(lambda: lost.append(None))
    running = asyncio.create_task(bus.run())
    await until(lambda: bus.trusted)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert not bus.trusted
    assert lost == [None]


async def test_a_frozen_redis_loses_trust_within_1500_ms_and_gets_it_back(
    own_redis: OwnRedis, new_node: Callable[[str], Node]
) -> None:
    node, lost = new_node(own_redis.url), []
    node.bus.on_trust_lost(lambda: lost.append(None))
    await until(lambda: node.bus.trusted)
    own_redis.signal(signal.SIGSTOP)
    assert await until(lambda: not node.bus.trusted) <= 1.55
    await until(lambda: bool(lost), 1.0)
    own_redis.signal(signal.SIGCONT)
    await until(lambda: node.bus.trusted)
    assert lost == [None]


async def test_a_killed_redis_loses_trust_at_once_and_gets_it_back_when_it_returns(
    own_redis: OwnRedis, new_node: Callable[[str], Node]
) -> None:
    node, lost = new_node(own_redis.url), []
    node.bus.on_trust_lost(lambda: lost.append(None))
    await until(lambda: node.bus.trusted)
    own_redis.kill()
    assert await until(lambda: not node.bus.trusted) < 0.2
    with pytest.raises(Unavailable):
        await node.bus.publish(PoliciesChanged(1))
    own_redis.start()
    await until(lambda: node.bus.trusted)
    await node.bus.publish(PoliciesChanged(2))
    assert node.heard[-1] == PoliciesChanged(2)
    assert lost == [None]


async def test_a_dropped_subscription_loses_trust_before_it_is_renewed(node: Node) -> None:
    lost: list[bool] = []
    node.bus.on_trust_lost(lambda: lost.append(node.bus.trusted))
    await node.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await until(lambda: bool(lost))
    await until(lambda: node.bus.trusted)
    assert lost == [False]


async def test_a_message_that_nobody_understands_may_have_been_an_ending(node: Node) -> None:
    lost: list[None] = []
    node.bus.on_trust_lost(lambda: lost.append(None))
    await node.redis.publish("gk:bus", '{"kind": "newer"}')
    await until(lambda: bool(lost))
    await until(lambda: node.bus.trusted)


async def test_a_handler_that_fails_costs_trust_but_stops_neither_the_others_nor_the_bus(redis: Redis) -> None:
    bus, heard, lost = Bus(redis), [], []

    def fails(*_: object) -> None:
        raise RuntimeError

    bus.subscribe(fails)
    bus.subscribe(heard.append)
    bus.on_trust_lost(fails)
    bus.on_trust_lost(lambda: lost.append(None))
    running = asyncio.create_task(bus.run())
    await until(lambda: bus.trusted)
    await bus.publish(SessionsChanged(("a",)))
    assert heard[0] == SessionsChanged(("a",))
    assert lost  # once here, and perhaps once more already by the way through Redis
    await until(lambda: bus.trusted)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_an_unforeseen_error_does_not_end_the_bus(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus(redis)
    listen, calls = bus._listen, []

    async def fails_first() -> None:
        calls.append(None)
        if len(calls) == 1:
            raise LookupError
        await listen()

    monkeypatch.setattr(bus, "_listen", fails_first)
    running = asyncio.create_task(bus.run())
    await until(lambda: bus.trusted)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_process_that_was_stopped_itself_does_not_trust_what_it_kept(redis: Redis) -> None:
    bus, lost = Bus(redis), []
    bus.on_trust_lost(lambda: lost.append(None))
    running = asyncio.create_task(bus.run())
    await until(lambda: bus.trusted)
    bus.trusted_until -= 10
    assert not bus.trusted
    await until(lambda: bus.trusted)
    assert lost == [None]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_redis_that_was_never_there_is_waited_for(own_redis: OwnRedis, new_node: Callable[[str], Node]) -> None:
    own_redis.kill()
    node = new_node(own_redis.url)
    await asyncio.sleep(0.3)
    assert not node.bus.trusted
    own_redis.start()
    await until(lambda: node.bus.trusted)


async def test_the_bus_needs_no_connection_of_the_pool(redis_url: str) -> None:
    client = connect(redis_url)
    bus = Bus(client)
    running = asyncio.create_task(bus.run())
    await until(lambda: bus.trusted)
    await asyncio.gather(*(client.ping() for _ in range(100)))
    assert bus.trusted
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await client.aclose()


async def test_a_bus_that_is_told_to_stop_stops_at_whatever_it_is(redis: Redis) -> None:
    for turns in range(60):
        bus = Bus(redis)
        running = asyncio.create_task(bus.run())
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        async with asyncio.timeout(2):
            await asyncio.gather(running, return_exceptions=True)
        assert running.cancelled()


async def test_a_bus_that_is_told_to_stop_while_its_connection_breaks_stops(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task group that is ending because of an error loses a cancellation, before Python 3.13."""
    bus = Bus(redis)

    async def breaks(_: object) -> None:
        pinging = asyncio.current_task()
        assert pinging is not None
        pinging.add_done_callback(lambda _: running.cancel())
        raise ConnectionResetError

    monkeypatch.setattr(bus, "_ping", breaks)
    running = asyncio.create_task(bus.run())
    await asyncio.wait([running], timeout=5)
    assert running.cancelled()
