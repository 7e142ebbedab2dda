"""Sessions that are lent: short, worth nothing but looking, and given back."""

from __future__ import annotations

import pytest

from gatekeeper.crypto.tokens import new_id
from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.login import PROOF_AGE
from gatekeeper.flows import acting, lending
from tests.flows.world import HOME, World


def clock_of(world: World):
    return lambda: world.now


async def test_a_lent_session_opens_what_the_persons_own_would_and_ends_with_the_block(world: World):
    user = await world.person()
    async with lending.lent(world.services, acting.command_line(), user.id, clock_of(world)) as lent:
        found = await world.services.reader.read(lent.session.id, world.now)
        assert found is not None
        assert found.owner == user.facts
        assert found.expires_at - world.now <= lending.LASTS + 1
    assert await world.services.reader.read(lent.session.id, world.now) is None
    assert await world.services.sessions.get(lent.session.id) is None


async def test_it_proves_nothing(world: World):
    user = await world.person()
    async with lending.lent(world.services, acting.command_line(), user.id, clock_of(world)) as lent:
        assert lent.session.amr == ()
        assert not lent.session.second_factor
        actor = await acting.of_session(world.services, lent.session, HOME)
        assert not actor.proved_recently(world.now)
        assert world.now - lent.session.authenticated_at > PROOF_AGE


async def test_it_is_given_back_whatever_happens(world: World):
    user = await world.person()
    with pytest.raises(RuntimeError):
        async with lending.lent(world.services, acting.command_line(), user.id, clock_of(world)) as lent:
            raise RuntimeError
    assert await world.services.reader.read(lent.session.id, world.now) is None


async def test_both_ends_are_in_the_log_and_name_the_borrower(world: World):
    user = await world.person()
    async with lending.lent(world.services, acting.command_line("command line (root)"), user.id, clock_of(world)):
        pass
    page = await world.services.database.read.audit.search(user=user.id)
    told = [(record.action, record.actor_name) for record in page.items if record.action.startswith("user.session.")]
    assert told == [
        ("user.session.give-back", "command line (root)"),
        ("user.session.lend", "command line (root)"),
    ]


async def test_nobody_borrows_but_at_the_command_line(world: World):
    user = await world.person()
    async with lending.lent(world.services, acting.command_line(), user.id, clock_of(world)) as lent:
        actor = await acting.of_session(world.services, lent.session, HOME)
        with pytest.raises(acting.Forbidden):
            async with lending.lent(world.services, actor, user.id, clock_of(world)):
                pass
    with pytest.raises(NotFound):
        async with lending.lent(world.services, acting.command_line(), new_id(), clock_of(world)):
            pass
