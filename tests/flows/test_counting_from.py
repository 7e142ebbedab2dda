"""The instant from which sessions count again is the same before and after PostgreSQL has kept it."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.flows.sessions import MARGIN, counts_from


@given(st.floats(0, 4e9))
def test_the_instant_survives_being_stored(now):
    instant = counts_from(now)
    assert datetime.fromtimestamp(instant, UTC).timestamp() == instant
    assert now < instant <= now + MARGIN
