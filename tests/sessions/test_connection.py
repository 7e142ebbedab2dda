"""The connection: what goes wrong with Redis is one error, soon, and is over by itself."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from time import perf_counter

import pytest
from redis.asyncio import Redis

from gatekeeper.domain.errors import Unavailable
from gatekeeper.sessions.bus import Bus
from gatekeeper.sessions.connection import answer, check, connect
from gatekeeper.sessions.sessions import Sessions
from gatekeeper.sessions.throttle import Throttle
from tests.sessions.conftest import NOW, OwnRedis, make_session


@pytest.fixture
async def own(own_redis: OwnRedis) -> AsyncIterator[Redis]:
    client = connect(own_redis.url)
    await back(client)
    yield client
    await client.aclose()


async def back(client: Redis) -> None:
    """Wait until Redis answers again; the client must manage by itself."""
    for _ in range(100):
        with suppress(Unavailable):
            return await check(client)
        await asyncio.sleep(0.02)
    raise AssertionError("Redis never came back")


async def refused(client: Redis) -> float:
    began = perf_counter()
    with pytest.raises(Unavailable) as failure:
        await check(client)
    assert failure.value.service == "Redis"
    return perf_counter() - began


async def test_a_frozen_redis_is_unavailable_within_two_seconds_and_comes_back(own_redis: OwnRedis, own: Redis) -> None:
    own_redis.signal(signal.SIGSTOP)
    times = await asyncio.gather(*(refused(own) for _ in range(200)))
    own_redis.signal(signal.SIGCONT)
    assert max(times) <= 2
    await back(own)


async def test_a_killed_redis_is_unavailable_at_once_and_its_sessions_come_back(
    own_redis: OwnRedis, own: Redis
) -> None:
    sessions = Sessions(own, Bus(own), idle_timeout=1800)
    await sessions.create(make_session())
    own_redis.kill()
    assert await refused(own) < 0.5
    with pytest.raises(Unavailable):
        await sessions.get(make_session().id)
    own_redis.start()
    await back(own)
    assert await sessions.get(make_session().id) == make_session()
    await sessions.touch(make_session().id, NOW + 60)


async def test_a_restart_between_two_commands_is_not_noticed(own_redis: OwnRedis, own: Redis) -> None:
    await asyncio.gather(*(own.ping() for _ in range(20)))
    own_redis.kill()
    own_redis.start()
    other = connect(own_redis.url)
    await back(other)
    await asyncio.gather(*(check(own) for _ in range(20)))
    await other.aclose()


async def test_a_cancelled_command_leaves_no_answer_for_the_next(redis: Redis) -> None:
    for number in range(50):
        await redis.set(f"gk:test:{number}", str(number))
    for number in range(0, 50, 2):
        task = asyncio.create_task(answer(redis.get(f"gk:test:{number}")))
        for _ in range(1 + number % 7):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            assert await task == str(number).encode()
        assert await answer(redis.get(f"gk:test:{number + 1}")) == str(number + 1).encode()


async def test_a_command_cancelled_while_redis_is_frozen_leaves_no_answer_either(
    own_redis: OwnRedis, own: Redis
) -> None:
    await own.set("gk:test:secret", "somebody else's")
    await own.set("gk:test:own", "one's own")
    own_redis.signal(signal.SIGSTOP)
    tasks = [asyncio.create_task(answer(own.get("gk:test:secret"))) for _ in range(20)]
    await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    own_redis.signal(signal.SIGCONT)
    answers = await asyncio.gather(*(answer(own.get("gk:test:own")) for _ in range(50)))
    assert set(answers) == {b"one's own"}


async def test_cancelled_commands_do_not_use_up_the_pool(redis: Redis) -> None:
    for _ in range(5):
        tasks = [asyncio.create_task(answer(redis.ping())) for _ in range(100)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.gather(*(check(redis) for _ in range(200)))


async def test_a_redis_that_refuses_is_unavailable(redis: Redis) -> None:
    await redis.set("gk:t:anna", "not a hash")
    with pytest.raises(Unavailable):
        await Throttle(redis, float).count("anna")


async def test_a_wrong_password_is_unavailable(own_redis: OwnRedis, own: Redis) -> None:
    await own.config_set("requirepass", "right")
    right, wrong = connect(own_redis.url, "right"), connect(own_redis.url, "wrong")
    await check(right)
    await refused(wrong)
    for client in (right, wrong):
        await client.aclose()


async def test_an_address_with_a_password_keeps_it(own_redis: OwnRedis, own: Redis) -> None:
    await own.config_set("requirepass", "right")
    client = connect(own_redis.url.replace("unix://", "unix://:right@"), "not this one")
    await check(client)
    await client.aclose()


async def test_any_password_works_escaped_once_or_as_it_is(own_redis: OwnRedis, own: Redis) -> None:
    await own.config_set("requirepass", "a#b%2F@c/d")
    escaped = own_redis.url.replace("unix://", "unix://:a%23b%252F%40c%2Fd@")
    for client in (connect(escaped), connect(own_redis.url, "a#b%2F@c/d")):
        await check(client)
        await client.aclose()
    once_less = connect(own_redis.url, "a#b/@c/d")
    await refused(once_less)
    await once_less.aclose()


async def test_a_forgotten_script_is_sent_again(redis: Redis) -> None:
    throttle = Throttle(redis, float)
    await throttle.fail("anna", "x", NOW)
    await redis.script_flush()
    assert await throttle.fail("anna", "y", NOW) == 2


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        connect("http://127.0.0.1")
