"""For how long a trusted device stands in for the code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.model import Policies, TwoFactorPolicy
from gatekeeper.domain.trust import DAY, trusted_until

AT = 1_800_000_000.0


def policies(days: int | None, trust_epoch: int = 0) -> Policies:
    return Policies(two_factor=TwoFactorPolicy(trusted_devices_days=days), trust_epoch=trust_epoch, epoch=9)


def test_a_promise_stands_under_the_policy_that_it_was_given_under():
    assert trusted_until(AT, AT + 30 * DAY, 3, policies(30)) == AT + 30 * DAY


def test_fewer_days_shorten_a_promise_and_more_days_lengthen_none():
    assert trusted_until(AT, AT + 30 * DAY, 3, policies(7)) == AT + 7 * DAY
    assert trusted_until(AT, AT + 30 * DAY, 3, policies(90)) == AT + 30 * DAY


def test_what_was_promised_before_trusted_devices_were_withdrawn_is_void_for_good():
    assert trusted_until(AT, AT + 30 * DAY, 3, policies(None, 4)) == 0
    assert trusted_until(AT, AT + 30 * DAY, 3, policies(30, 4)) == 0
    assert trusted_until(AT, AT + 30 * DAY, 4, policies(30, 4)) == AT + 30 * DAY


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_device_that_was_never_trusted_never_is(missing):
    given_: list[float | None] = [AT, AT + DAY, 3]
    given_[missing] = None
    assert trusted_until(given_[0], given_[1], given_[2], policies(30)) == 0


@given(days=st.none() | st.integers(1, 365), promised=st.integers(1, 365), epoch=st.integers(0, 9))
def test_no_policy_gives_more_than_was_promised(days, promised, epoch):
    assert trusted_until(AT, AT + promised * DAY, epoch, policies(days, 5)) <= AT + promised * DAY
