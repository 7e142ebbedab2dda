"""Delays grow, start later for an address, and a name closes at a hundred."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.lockout import LONGEST_DELAY, address_delay, delay, is_locked


def test_the_first_mistakes_cost_no_waiting():
    assert [delay(failures) for failures in range(8)] == [0, 0, 0, 0, 0, 1, 2, 4]


def test_an_address_shared_by_many_waits_later():
    assert address_delay(20) == 0
    assert address_delay(21) == 1


@given(st.integers(0, 10_000))
def test_delays_never_shrink_and_are_bounded(failures):
    assert delay(failures) <= delay(failures + 1) <= LONGEST_DELAY


def test_a_name_closes_at_a_hundred_consecutive_failures():
    assert not is_locked(99)
    assert is_locked(100)
