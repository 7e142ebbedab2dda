"""Charts: what the picture shows is what the numbers are."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree as ET

import pytest

from gatekeeper.web.charts import Series, bars, share


def parsed(chart):
    return ET.fromstring(str(chart.picture))


def test_the_highest_bar_is_as_high_as_there_is_room_and_the_others_in_proportion():
    chart = bars("Twice as many", ["one", "two", "none"], Series("people", [50, 100, 0]))
    low, high = (float(bar.get("height")) for bar in parsed(chart).iter("rect"))
    assert high == pytest.approx(2 * low, abs=0.2)


def test_one_among_a_million_is_seen():
    low, _ = parsed(bars("", ["a", "b"], Series("people", [1, 1_000_000]))).iter("rect")
    assert float(low.get("height")) >= 2


def test_series_stand_upon_one_another():
    lower, upper = parsed(bars("", ["a"], Series("in", [3]), Series("failed", [1], "danger"))).iter("rect")
    assert float(upper.get("y")) + float(upper.get("height")) == pytest.approx(float(lower.get("y")), abs=0.2)
    assert (lower.get("class"), upper.get("class")) == ("tone-accent", "tone-danger")


def test_bars_stay_within_the_picture_and_do_not_touch():
    rects = list(parsed(bars("", [str(day) for day in range(30)], Series("n", [1] * 30))).iter("rect"))
    edges = [(float(r.get("x")[:-1]), float(r.get("width")[:-1])) for r in rects]
    assert edges[0][0] > 0
    assert sum(edges[-1]) < 100
    assert all(left + width < following for (left, width), (following, _) in itertools.pairwise(edges))


def test_many_columns_are_not_all_labelled():
    chart = bars("", [str(day) for day in range(30)], Series("n", [1] * 30))
    assert len(list(parsed(chart).iter("text"))) <= 8


def test_the_last_of_many_days_is_labelled_and_only_the_highest_has_its_number():
    values = [1] * 29 + [7]
    chart = bars("", [f"day {day}" for day in range(30)], Series("n", values), up_to_now=True)
    texts = [text.text for text in parsed(chart).iter("text")]
    assert (texts[0], texts[-2:]) == ("day 5", ["7", "day 29"])


def test_no_label_is_cut_at_an_end_of_the_picture():
    texts = list(parsed(bars("", [str(day) for day in range(30)], Series("n", [0] * 30))).iter("text"))
    assert (texts[0].get("x"), texts[0].get("text-anchor")) == ("0%", "start")
    last = list(parsed(bars("", [str(day) for day in range(30)], Series("n", [0] * 30), up_to_now=True)).iter("text"))
    assert (last[-1].get("x"), last[-1].get("text-anchor")) == ("100%", "end")


def test_the_parts_of_a_strip_fill_it():
    chart = share("", Series("with", [3], "ok"), Series("none", [0]), Series("without", [1], "quiet"))
    _, first, second = parsed(chart).iter("rect")
    assert (first.get("width"), second.get("x"), second.get("width")) == ("75%", "75%", "25%")


@pytest.mark.parametrize("chart", [bars("Nobody", [], Series("n", [])), share("Nobody", Series("n", [0]))])
def test_nothing_is_no_error(chart):
    assert chart.empty
    assert parsed(chart).get("aria-label") == "Nobody"


def test_the_figures_are_the_rows_of_a_table():
    chart = bars("", ["Monday", "Tuesday"], Series("in", [1, 2]), Series("failed", [3, 4]))
    assert chart.rows == [("Monday", [1, 3]), ("Tuesday", [2, 4])]


def test_what_people_typed_is_escaped_and_nothing_is_styled_inline():
    chart = bars('<b>"', ["<i>"], Series("<u>", [1]), number=lambda value: f"{value}<")
    assert parsed(chart).get("aria-label") == '<b>"'
    assert not re.search(r"style=|<[biu]>", str(chart.picture))
