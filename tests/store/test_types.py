"""Column types: what Python puts in comes out again."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import Strength
from gatekeeper.store.types import Id, MalformedId, Rank, UnixTime, canonical_id, is_id

DIALECT = postgresql.dialect()


@given(st.floats(min_value=0, max_value=250_000_000_000))
def test_a_time_survives_to_the_microsecond(at: float):
    kind = UnixTime()
    back = kind.process_result_value(kind.process_bind_param(at, DIALECT), DIALECT)
    assert abs(back - at) <= 1e-6 * max(1.0, at / 1e9)


def test_levels_are_stored_in_rising_order():
    kind = Rank()
    assert [kind.process_bind_param(level, DIALECT) for level in Strength] == [0, 1, 2]
    assert [kind.process_result_value(rank, DIALECT) for rank in range(3)] == list(Strength)


@pytest.mark.parametrize("kind", [UnixTime(), Rank(), Id()])
def test_nothing_stays_nothing(kind):
    assert kind.process_bind_param(None, DIALECT) is None
    assert kind.process_result_value(None, DIALECT) is None


@given(st.uuids())
def test_an_id_has_one_spelling(value: uuid.UUID):
    assert canonical_id(str(value).upper()) == str(value)
    assert is_id(str(value))


@pytest.mark.parametrize("text", ["", "x", "\x00", "0" * 31, "é" * 32])
def test_what_is_no_id_belongs_to_nobody(text):
    assert not is_id(text)
    with pytest.raises(MalformedId) as missing:
        canonical_id(text)
    assert isinstance(missing.value, NotFound)
