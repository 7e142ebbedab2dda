"""An engine that ends unasked comes back, with its data, on its address."""

from __future__ import annotations

import asyncio
import os
import signal

import asyncpg
import pytest
from redis.exceptions import RedisError

from gatekeeper.embedded import EngineError, Engines, keeping
from gatekeeper.embedded.processes import running_in


async def finds(lab, engines):
    try:
        return await lab.finds(engines)
    except (OSError, RedisError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


@pytest.mark.parametrize(("folder", "program"), [("valkey", "valkey-server"), ("postgresql", "postgres")])
async def test_a_killed_engine_comes_back_with_its_data(copy, lab, folder, program):
    async with Engines.start(copy, durable=False) as engines:
        await lab.write(engines)
        killed = running_in(copy.resolve() / folder, program)[0]
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(30):
            while not await finds(lab, engines):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        assert killed not in lab.running(copy)
    assert lab.running(copy) == []


async def test_one_that_does_not_start_is_tried_again_later_and_later(monkeypatch):
    waits, tries = [], []

    async def sleep(seconds):
        waits.append(seconds)

    class Broken:
        runs = False

        async def restart(self):
            tries.append(len(tries))
            if len(tries) == 12:
                raise asyncio.CancelledError
            raise EngineError("it does not start")

    monkeypatch.setattr(keeping.asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await keeping.keep("Broken", Broken())
    assert waits[:3] == [0.25, 0.5, 1.0]
    assert waits[-1] == keeping.LONGEST_WAIT
