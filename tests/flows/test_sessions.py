"""When an ending counts from."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.model import OwnerFacts, User
from gatekeeper.flows import sessions
from tests.flows.world import World

NOBODY = User(OwnerFacts("id", "anna", "anna@example.com", "Anna"), created_at=0.0)
TIMES = st.floats(1_600_000_000, 4_000_000_000)


@given(TIMES, st.floats(-10, 10))
def test_an_ending_counts_from_later_than_any_before_it_whatever_the_clocks_say(now, apart):
    first = sessions.ending_at(NOBODY, now)
    second = sessions.ending_at(replace(NOBODY, sessions_valid_from=first), now + apart)
    assert first >= now + sessions.MARGIN
    assert second > first
    assert second >= now + apart + sessions.MARGIN


@given(TIMES, TIMES)
def test_what_is_given_after_an_ending_counts(now, valid_from):
    assert sessions.begins_at(now, valid_from) >= valid_from


async def test_an_ending_comes_back_from_postgresql_as_the_same_number(world: World):
    user = await world.person()
    for _ in range(20):
        world.clock.advance(0.123_456_789)
        async with world.services.database.transaction() as tables:
            valid_from = await sessions.mark_all_ended(world.services, tables, user.id, world.now)
        assert (await world.user(user.id)).sessions_valid_from == valid_from
