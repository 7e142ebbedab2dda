"""Taking turns."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.flows.turns import Turns


async def test_one_name_is_held_by_one_at_a_time_and_others_do_not_wait():
    turns, order = Turns(), []

    async def hold(name: str, gate: asyncio.Event | None = None) -> None:
        async with turns.take(name):
            order.append(f"{name} in")
            if gate is not None:
                await gate.wait()
            order.append(f"{name} out")

    gate = asyncio.Event()
    first = asyncio.create_task(hold("a", gate))
    second = asyncio.create_task(hold("a"))
    await asyncio.sleep(0)
    await hold("b")
    assert order == ["a in", "b in", "b out"]
    gate.set()
    await asyncio.gather(first, second)
    assert order == ["a in", "b in", "b out", "a out", "a in", "a out"]


async def test_nothing_is_kept_of_names_that_nobody_holds():
    turns = Turns()

    async def fail() -> None:
        async with turns.take("a"):
            assert len(turns) == 1
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        await fail()
    assert len(turns) == 0


async def test_who_stops_waiting_leaves_nothing_behind():
    turns = Turns()
    async with turns.take("a"):
        waiting = asyncio.create_task(turns.take("a").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert len(turns) == 0
