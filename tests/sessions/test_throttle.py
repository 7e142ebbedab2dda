"""Throttling: failures add up across nodes, repeats of one wrong secret do not, and the waits are exact."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from gatekeeper.sessions.connection import connect
from gatekeeper.sessions.throttle import Throttle
from tests.sessions.conftest import NOW


def delay(failures: int) -> float:
    return 0.0 if failures < 3 else 2.0 ** (failures - 3)


@pytest.fixture
def throttle(redis: Redis) -> Throttle:
    return Throttle(redis, delay)


async def fail(throttle: Throttle, times: int, key: str = "anna") -> None:
    for number in range(times):
        await throttle.fail(key, f"wrong {number}", NOW)


async def test_who_never_failed_goes_on(throttle: Throttle) -> None:
    assert await throttle.check(["anna", "203.0.113.7"], NOW) == 0
    assert await throttle.check([], NOW) == 0
    assert await throttle.count("anna") == 0


async def test_the_wait_counts_from_the_last_failure_to_the_fraction_of_a_second(throttle: Throttle) -> None:
    await fail(throttle, 5)
    assert await throttle.check(["anna"], NOW) == 4.0
    assert await throttle.check(["anna"], NOW + 1.75) == 2.25
    assert await throttle.check(["anna"], NOW + 4) == 0


async def test_the_longest_wait_of_all_keys_counts(throttle: Throttle) -> None:
    await fail(throttle, 4)
    await fail(throttle, 6, key="203.0.113.7")
    assert await throttle.check(["anna", "203.0.113.7", "unknown"], NOW) == 8.0


async def test_a_repeat_of_a_recent_secret_counts_once_and_puts_nothing_off(throttle: Throttle) -> None:
    await fail(throttle, 5)
    assert [await throttle.fail("anna", "wrong 0", NOW + 3) for _ in range(20)] == [5] * 20
    assert await throttle.check(["anna"], NOW + 3) == 1.0


async def test_sixteen_secrets_are_remembered_and_no_more(throttle: Throttle) -> None:
    await fail(throttle, 16)
    assert await throttle.fail("anna", "wrong 0", NOW) == 16
    assert await throttle.fail("anna", "another", NOW) == 17
    assert await throttle.fail("anna", "wrong 1", NOW) == 17
    assert await throttle.fail("anna", "wrong 0", NOW) == 18


async def test_failures_in_parallel_from_several_nodes_are_all_counted(redis_url: str) -> None:
    clients = [connect(redis_url) for _ in range(3)]
    nodes = [Throttle(client, delay) for client in clients]
    counts = await asyncio.gather(*(nodes[number % 3].fail("anna", f"wrong {number}", NOW) for number in range(60)))
    assert sorted(counts) == list(range(1, 61))
    assert await nodes[0].count("anna") == 60
    assert await asyncio.gather(*(node.check(["anna"], NOW) for node in nodes)) == [2.0**57] * 3
    for client in clients:
        await client.aclose()


async def test_one_secret_in_parallel_counts_once(throttle: Throttle) -> None:
    assert set(await asyncio.gather(*(throttle.fail("anna", "the same", NOW) for _ in range(20)))) == {1}


async def test_a_clock_that_lags_shortens_no_wait(throttle: Throttle) -> None:
    await fail(throttle, 3)
    await throttle.fail("anna", "from a slow clock", NOW - 90)
    assert await throttle.check(["anna"], NOW) == 2.0


async def test_a_success_forgets_the_failures_of_its_key_alone(throttle: Throttle) -> None:
    await fail(throttle, 5)
    await fail(throttle, 4, key="marco")
    await throttle.clear("anna")
    assert (await throttle.count("anna"), await throttle.count("marco")) == (0, 4)
    assert await throttle.fail("anna", "wrong 0", NOW) == 1


async def test_failures_are_forgotten_after_their_time_and_each_one_puts_that_off(redis: Redis) -> None:
    await Throttle(redis, delay).fail("anna", "x", NOW)
    assert 29 * 86400 < await redis.ttl("gk:t:anna") <= 30 * 86400
    short = Throttle(redis, delay, ttl=60)
    await short.fail("address", "x", NOW)
    await redis.expire("gk:t:address", 5)
    await short.fail("address", "x", NOW)
    assert 50 < await redis.ttl("gk:t:address") <= 60


async def test_what_was_tried_is_not_kept(throttle: Throttle, redis: Redis) -> None:
    await throttle.fail("anna", "fingerprint", NOW)
    assert b"fingerprint" not in b"".join((await redis.hgetall("gk:t:anna")).values())
