"""A change of the password whose stores fail in the middle: nobody is locked out, and what was done is said to be done.

Each test goes through all the calls that a change makes to one store, and has the store fail at each in turn.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from gatekeeper.domain.errors import Refused, Unavailable
from gatekeeper.domain.model import Step
from gatekeeper.flows import links, new_password, passwords, sign_in, standing
from gatekeeper.flows.acting import command_line
from gatekeeper.flows.new_password import SignInAgain, Typed
from gatekeeper.flows.standing import CHANGED, AttemptEnded
from tests.flows.faults import POSTGRESQL, REDIS, Fault, failing
from tests.flows.world import HOME, OTHER, PASSWORD, World

MOST_CALLS = 40


@dataclass
class Case:
    """One person, and a store that fails at one of the calls that changing their password makes."""

    world: World
    name: str
    store: tuple[str, ...]
    fault: Fault

    async def fails(self, change) -> Exception | None:
        """Change the password; what comes of it once the store is mended."""
        try:
            await change(failing(self.world.services, self.store, self.fault))
        except (Unavailable, AttemptEnded, SignInAgain) as error:
            return error
        finally:
            self.fault.mend()
        return None

    async def gives(self, password: str) -> standing.Standing:
        world = self.world
        _, where = await sign_in.give_password(world.services, self.name, password, HOME, world.now, following="/")
        return where

    async def signed_in(self, password: str = PASSWORD) -> sign_in.SignedIn:
        where = await self.gives(password)
        assert where.step is Step.DONE
        return await sign_in.finish(self.world.services, where, HOME, self.world.now)

    async def is_password(self, password: str) -> bool:
        try:
            await passwords.prove(self.world.services, self.name, password, HOME, self.world.now)
        except Refused:
            return False
        return True

    async def is_changed(self) -> bool:
        """Whether the new password is the one that counts; one of the two always is."""
        changed = await self.is_password(OTHER)
        assert await self.is_password(PASSWORD) is not changed
        return changed


async def each(world: World, store: tuple[str, ...], *, late: bool) -> AsyncIterator[Case]:
    """A case for each call that a change makes to a store; the last one fails at none."""
    for number in range(MOST_CALLS):
        fault = Fault(number, late=late)
        world.clock.advance(60)
        yield Case(world, f"person-{number}", store, fault)
        if not fault.met:
            assert number > 0
            return
    raise AssertionError("a change makes more calls than that")


async def by_link(case: Case) -> tuple[str, str]:
    """An attempt that began with a link."""
    world = case.world
    user = await world.person(case.name)
    link = await links.create(world.services, command_line(), user.id, "forgot it", world.now)
    token, _ = await links.use(world.services, link.partition("?token=")[2], "/", HOME, world.now)
    return token, ""


async def by_session(case: Case) -> tuple[str, str]:
    """An attempt of somebody who is signed in, of whom a new password is demanded."""
    world = case.world
    user = await world.person(case.name)
    session = (await case.signed_in()).session
    async with world.services.database.transaction() as tables:
        await tables.passwords.require_change(user.id)
    world.clock.advance(1)
    token, _ = await standing.begin_from_session(
        world.services, session, "/", HOME, world.now, second_factor_wanted=False
    )
    return token, PASSWORD


@pytest.mark.parametrize("store", [REDIS, POSTGRESQL], ids=["redis", "postgresql"])
@pytest.mark.parametrize(("begin", "late"), [(by_link, False), (by_link, True), (by_session, False)])
async def test_a_sign_in_goes_on_or_says_that_the_new_password_is_set(world, begin, store, late):
    async for case in each(world, store, late=late):
        token, current = await begin(case)
        typed = Typed(current, OTHER, OTHER)

        async def change(services, token=token, typed=typed):
            where = await standing.stand(world.services, token, world.now)
            await new_password.change_in_attempt(services, where, typed, HOME, world.now)

        outcome = await case.fails(change)
        if not await case.is_changed():
            assert isinstance(outcome, Unavailable)
            await change(world.services)
            outcome = None
        if outcome is None:
            where = await standing.stand(world.services, token, world.now)
            await sign_in.finish(world.services, where, HOME, world.now)
            continue
        if isinstance(outcome, Unavailable):
            # PostgreSQL did not say whether it did it: the next page does.
            assert (store, late) == (POSTGRESQL, True)
            with pytest.raises(AttemptEnded) as ended:
                await standing.stand(world.services, token, world.now)
            outcome = ended.value
        assert isinstance(outcome, AttemptEnded)
        assert outcome.reason == CHANGED
        world.clock.advance(5)
        await case.signed_in(OTHER)


@pytest.mark.parametrize("store", [REDIS, POSTGRESQL], ids=["redis", "postgresql"])
@pytest.mark.parametrize("late", [False, True])
async def test_a_session_goes_on_or_says_that_the_new_password_is_set(world, store, late):
    async for case in each(world, store, late=late):
        user = await world.person(case.name)
        before = (await case.signed_in()).session

        async def change(services, before=before):
            typed = Typed(PASSWORD, OTHER, OTHER)
            return await new_password.change_in_session(services, before, typed, HOME, world.now)

        outcome = await case.fails(change)
        await world.services.node.refresh()
        stands = await world.services.reader.read(before.id, world.now) is not None
        assert stands is not await case.is_changed()
        if stands:
            assert isinstance(outcome, Unavailable)
            _, fresh = await change(world.services)
            assert await world.services.reader.read(fresh.id, world.now) is not None
        elif isinstance(outcome, Unavailable):
            assert (store, late) == (POSTGRESQL, True)
        world.clock.advance(5)
        await case.signed_in(OTHER)
        assert len(await world.services.database.read.passwords.history(user.id, 5)) == 2
