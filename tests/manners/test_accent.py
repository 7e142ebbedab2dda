from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.manners import accent
from gatekeeper.manners.accent import BLACK, DARK_SURFACE, LIGHT_SURFACE, READABLE, VISIBLE, WHITE

colours = st.tuples(*[st.integers(0, 255)] * 3)


@pytest.mark.parametrize("text", ["#1b5e8c", "1b5e8c", " #1B5E8C "])
def test_a_colour_is_six_digits(text):
    assert accent.parse(text) == (0x1B, 0x5E, 0x8C)


def test_three_digits_are_short_for_six():
    assert accent.parse("#1af") == accent.parse("#11aaff")


@pytest.mark.parametrize("text", ["", "blue", "#12345", "#1234567", "#ggg", "#fff;}", "rgb(0,0,0)"])
def test_nothing_else_is_a_colour(text):
    with pytest.raises(ValueError, match="not a colour"):
        accent.parse(text)


def test_contrast_runs_from_1_to_21():
    assert accent.contrast(WHITE, WHITE) == 1
    assert accent.contrast(WHITE, BLACK) == pytest.approx(21)


@given(colours, st.sampled_from([LIGHT_SURFACE, DARK_SURFACE]), st.sampled_from([READABLE, VISIBLE]))
def test_any_colour_comes_to_stand_out(colour, surface, ratio):
    assert accent.contrast(accent.standing_out(colour, surface, ratio), surface) >= ratio


def test_a_colour_that_stands_out_already_is_left_alone():
    assert accent.standing_out((0x1F, 0x5F, 0xBF), LIGHT_SURFACE, READABLE) == (0x1F, 0x5F, 0xBF)


@given(colours)
def test_what_is_written_on_any_colour_can_be_read(colour):
    assert accent.contrast(accent.ink_on(colour), colour) >= READABLE


@given(colours)
def test_every_pair_in_the_stylesheet_can_be_read(colour):
    text = accent.stylesheet("#{:02x}{:02x}{:02x}".format(*colour))
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    for scheme, surface in ((light, LIGHT_SURFACE), (dark, DARK_SURFACE)):
        tokens = {name: accent.parse(value) for name, value in re.findall(r"--([a-z-]+): (#\w+);", scheme)}
        assert accent.contrast(tokens["accent"], surface) >= READABLE
        assert accent.contrast(tokens["accent-hover"], surface) >= READABLE
        assert accent.contrast(tokens["accent-ink"], tokens["accent-fill"]) >= READABLE
        assert accent.contrast(tokens["accent-ink"], tokens["accent-fill-hover"]) >= READABLE
        assert accent.contrast(tokens["accent-fill"], surface) >= VISIBLE


def test_the_surfaces_are_those_of_the_stylesheet():
    css = (Path(__file__).resolve().parents[2] / "templates/static/gatekeeper.css").read_text()
    assert [accent.parse(found) for found in re.findall(r"--raised: (#\w+);", css)] == [LIGHT_SURFACE, DARK_SURFACE]


def test_a_colour_that_can_be_read_needs_no_remark():
    assert accent.remark("#1f5fbf") is None


def test_a_colour_that_cannot_be_read_is_said_to_be_shown_in_the_nearest_that_can():
    said = accent.remark("#ffee00") or ""
    assert said.startswith("#ffee00 has a contrast of 1.1 to light pages, where text needs 4.5")
    nearest = re.findall(r"#\w{6}", said)[1]
    assert accent.contrast(accent.parse(nearest), LIGHT_SURFACE) >= READABLE
    assert nearest in accent.stylesheet("#ffee00")
