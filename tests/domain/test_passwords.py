"""The levels, what counts as what, and what is refused at any level."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.model import Strength
from gatekeeper.domain.passwords import MAX_LENGTH, check, falls_short, normalise, reused, strength_of


@pytest.mark.parametrize(
    ("password", "level"),
    [
        ("short7!", None),
        ("kwvzqhfb", Strength.BASIC),
        ("Kwvzqhfb", Strength.BASIC),
        ("kwvzqhf7", Strength.BASIC),
        ("Kwvzqhf7", Strength.MEDIUM),
        ("Kwvzqh 7", Strength.MEDIUM),
        ("Kwvzqh_7", Strength.ADVANCED),
        ("Éàùìòèç٣", Strength.MEDIUM),
        ("Жёлтый-дом-٣", Strength.ADVANCED),
        ("e\u0301" * 4, None),
        ("🔑" * 8, Strength.BASIC),
        ("Gatekeeper-1", Strength.ADVANCED),
        ("        ", Strength.BASIC),
    ],
)
def test_the_level_that_a_password_meets(password, level):
    assert strength_of(password) is level


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("kwvzqhf", ["length", "uppercase", "digit", "special"]),
        ("kwvzqhfb", ["uppercase", "digit", "special"]),
        ("Kwvzqhfb", ["digit", "special"]),
        ("Kwvzqhf7", ["special"]),
        ("Kwvzqh-7", []),
        ("", ["length", "uppercase", "digit", "special"]),
    ],
)
def test_advanced_names_each_thing_that_it_misses(password, codes):
    assert [fault.code for fault in check(password, Strength.ADVANCED)] == codes


def test_a_lower_level_asks_for_less():
    assert check("kwvzqhfb", Strength.BASIC) == []
    assert [fault.code for fault in check("kwvzqhfb", Strength.MEDIUM)] == ["uppercase", "digit"]


@pytest.mark.parametrize("password", ["password", "PASSWORD", "12345678", "iloveyou", "qwertyuiop"])
def test_the_commonest_are_refused_at_every_level(password):
    assert "common" in [fault.code for fault in check(password, Strength.BASIC)]


@pytest.mark.parametrize(
    "password", ["anna.rossi-9X", "xx-ROSSI-xx", "my anna@example.com", "annarossi77", "X1!ANNA.ROSSI"]
)
def test_a_password_with_the_persons_name_is_refused(password):
    faults = check(password, Strength.BASIC, names=("anna.rossi", "anna@example.com", "Anna Rossi"))
    assert [fault.code for fault in faults] == ["name"]


def test_a_short_name_blocks_no_word():
    assert check("blimey-whale-song", Strength.BASIC, names=("li", "li@example.com", "Li Wu")) == []


def test_256_characters_are_taken_and_257_are_not():
    phrase = "Aa1!" * (MAX_LENGTH // 4)
    assert check(phrase, Strength.ADVANCED) == []
    assert [fault.code for fault in check(phrase + "x", Strength.ADVANCED)] == ["too-long"]
    assert [fault.code for fault in check("a" * 4000, Strength.ADVANCED)] == ["too-long"]
    assert [fault.code for fault in check("ﷺ" * 100, Strength.BASIC)] == ["too-long"]


def test_spaces_are_kept():
    assert normalise(" pass word ") == " pass word "


def test_raising_the_level_touches_those_below_it_but_not_the_unknown():
    assert falls_short(Strength.BASIC, Strength.ADVANCED)
    assert not falls_short(Strength.ADVANCED, Strength.MEDIUM)
    assert not falls_short(None, Strength.ADVANCED)


def test_a_reused_password_is_named_as_such():
    assert reused().code == "reused"


@given(st.text(max_size=64))
def test_a_password_accepted_at_a_level_meets_it(password):
    for level in Strength:
        if not check(password, level):
            met = strength_of(password)
            assert met is not None
            assert met.rank >= level.rank


@given(st.text(min_size=8, max_size=64))
def test_levels_rise_together(password):
    codes = [{fault.code for fault in check(password, level)} - {"common"} for level in Strength]
    assert codes[0] <= codes[1] <= codes[2]
