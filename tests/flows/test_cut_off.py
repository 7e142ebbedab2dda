"""PostgreSQL dies in the middle: what was not written down has not happened, and nobody is signed out by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.errors import NotFound, Unavailable
from gatekeeper.flows import new_password, sign_in, standing
from gatekeeper.flows.new_password import Typed
from gatekeeper.flows.standing import AttemptEnded
from tests.flows.faults import POSTGRESQL, REDIS, Fault, failing
from tests.flows.world import HOME, OTHER, PASSWORD, World, open_world
from tests.store.cable import Cable


@pytest.fixture
async def cable(database_url: str) -> AsyncIterator[Cable]:
    async with Cable(database_url) as cable:
        yield cable


@pytest.fixture
async def world(cable: Cable, redis_url: str) -> AsyncIterator[World]:
    async with open_world(cable.url, redis_url) as world:
        yield world


class CutsAfterHashing:
    """The hasher; once a new password is hashed, the database is gone."""

    def __init__(self, world: World, cable: Cable) -> None:
        self._hasher = world.services.hasher
        self._cable = cable

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hasher, name)

    async def hash(self, password: str) -> str:
        made = await self._hasher.hash(password)
        await self._cable.cut()
        return made


async def given_password(world: World, password: str = PASSWORD) -> tuple[str, standing.Standing]:
    return await sign_in.give_password(world.services, "anna", password, HOME, world.now, following="/")


async def signed_in(world: World) -> sign_in.SignedIn:
    _, where = await given_password(world)
    return await sign_in.finish(world.services, where, HOME, world.now)


async def test_a_sign_in_that_was_cut_off_at_its_last_step_takes_that_step_again(world, cable):
    user = await world.person()
    token, where = await given_password(world)
    await cable.cut()
    with pytest.raises(Unavailable):
        await sign_in.finish(world.services, where, HOME, world.now)
    await cable.mend()
    where = await standing.stand(world.services, token, world.now)
    done = await sign_in.finish(world.services, where, HOME, world.now)
    assert [session.id for session in await world.services.sessions.of_user(user.id)] == [done.session.id]
    assert len(await world.log("sign-in.succeeded")) == 1


async def test_a_sign_in_whose_process_died_can_be_finished_a_little_later(world, monkeypatch):
    await world.person()
    monkeypatch.setattr(sign_in, "FINISHING", 0.2)
    token, where = await given_password(world)
    await world.services.once.first(f"finish:{where.attempt.id}", sign_in.FINISHING)
    with pytest.raises(AttemptEnded):
        await sign_in.finish(world.services, where, HOME, world.now)
    await asyncio.sleep(0.3)
    where = await standing.stand(world.services, token, world.now)
    assert (await sign_in.finish(world.services, where, HOME, world.now)).session is not None


async def test_an_attempt_that_ended_makes_no_second_session_however_late(world, monkeypatch):
    user = await world.person()
    monkeypatch.setattr(sign_in, "FINISHING", 0.001)
    _, where = await given_password(world)
    await sign_in.finish(world.services, where, HOME, world.now)
    await asyncio.sleep(0.01)
    with pytest.raises(AttemptEnded):
        await sign_in.finish(world.services, where, HOME, world.now)
    assert len(await world.services.sessions.of_user(user.id)) == 1


async def test_a_change_of_password_that_was_cut_off_leaves_session_and_password_as_they_were(world, cable):
    await world.person()
    session = (await signed_in(world)).session
    services = replace(world.services, hasher=CutsAfterHashing(world, cable))
    with pytest.raises(Unavailable):
        await new_password.change_in_session(services, session, Typed(PASSWORD, OTHER, OTHER), HOME, world.now)
    await cable.mend()
    assert await world.services.reader.read(session.id, world.now) is not None
    _, where = await given_password(world)
    assert where.user.id == session.owner.user_id


async def test_of_two_tabs_that_change_the_password_one_does(world):
    await world.person()
    session = (await signed_in(world)).session
    results = await asyncio.gather(
        *(
            new_password.change_in_session(world.services, session, Typed(PASSWORD, new, new), HOME, world.now)
            for new in (OTHER, f"{OTHER}-or-this")
        ),
        return_exceptions=True,
    )
    (failed,) = [result for result in results if isinstance(result, BaseException)]
    assert isinstance(failed, NotFound)
    (token, fresh) = next(result for result in results if not isinstance(result, BaseException))
    assert [one.id for one in await world.services.sessions.of_user(session.owner.user_id)] == [digest(token)]
    assert await world.services.reader.read(fresh.id, world.now) is not None
    assert len(await world.log("password.changed")) == 1


@pytest.mark.parametrize(("store", "late"), [(REDIS, True), (POSTGRESQL, False)], ids=["redis", "postgresql"])
async def test_a_sign_in_whose_last_step_failed_half_way_is_finished_or_begun_again(world, store, late):
    for number in range(30):
        name, fault = f"person-{number}", Fault(number, late=late)
        user = await world.person(name)
        token, where = await sign_in.give_password(world.services, name, PASSWORD, HOME, world.now, following="/")
        with suppress(Unavailable, AttemptEnded):
            await sign_in.finish(failing(world.services, store, fault), where, HOME, world.now)
        fault.mend()
        if not fault.met:
            assert number > 0
            return
        try:
            where = await standing.stand(world.services, token, world.now)
            done = await sign_in.finish(world.services, where, HOME, world.now)
        except AttemptEnded:
            _, where = await sign_in.give_password(world.services, name, PASSWORD, HOME, world.now, following="/")
            done = await sign_in.finish(world.services, where, HOME, world.now)
        assert await world.services.reader.read(done.session.id, world.now) is not None
        assert done.session.owner.user_id == user.id
    raise AssertionError("the last step makes more calls than that")
