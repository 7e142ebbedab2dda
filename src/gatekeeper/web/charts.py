"""Charts made on the server: numbers in, SVG out, for people who would rather look than read.

A :class:`Chart` is a picture and the figures in it; ``console/charts.html`` shows both, the figures as a table. The
picture has no style of its own: the stylesheet colours its classes (``tone-…``), so dark mode and forced colours work.
It has no width either: places along it are percentages, so it fits wherever it stands, and its text is never scaled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEIGHT = 160
_TOP = 20
_BASE = HEIGHT - 24
_GAP = 0.22
"""The share of a column that stays free between two bars."""
_LEAST = 2.0
"""The height of the smallest bar that is not nothing, in pixels: one failure among a thousand sign-ins is seen."""
_STRIP = 16
_MOST_NUMBERED = 12
_MOST_LABELS = 4
_EDGE = 6.0
"""How near to an end of the picture, in percent of its width, a text in the middle of its column could be cut."""


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers of one kind.

    Attributes:
        label: what they count, as people read it.
        values: one for each column.
        tone: how they look: ``accent``, ``danger``, ``warning``, ``ok`` or ``quiet``.
    """

    label: str
    values: Sequence[int]
    tone: str = "accent"


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with its figures.

    Attributes:
        picture: the SVG; what it says in a sentence is its name.
        columns: what stands along it, in order.
        series: the figures, one for each column.
    """

    picture: Markup
    columns: tuple[str, ...]
    series: tuple[Series, ...]

    @property
    def rows(self) -> list[tuple[str, list[int]]]:
        """The figures as rows of a table: the column's label, then a number of each series."""
        return [(label, [one.values[at] for one in self.series]) for at, label in enumerate(self.columns)]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(any(one.values) for one in self.series)


def bars(
    summary: str,
    columns: Sequence[str],
    *series: Series,
    number: Callable[[int], str] = str,
    up_to_now: bool = False,
) -> Chart:
    """Upright bars, side by side along time; several series stand upon one another, the first at the bottom.

    Args:
        summary: what the picture says, in a sentence.
        columns: the label of each bar; where they are many only some are written under it, and only the highest bar
            has its number.
        series: the numbers, the same count of each as there are labels.
        number: writes a number in the reader's language.
        up_to_now: whether the last column is the one to be labelled; otherwise it is the first.
    """
    totals = [sum(one.values[at] for one in series) for at in range(len(columns))]
    highest = max([*totals, 1])
    wide = 100 / max(len(columns), 1)
    step = max(1, -(-len(columns) // _MOST_LABELS))
    written = range((len(columns) - 1) % step if up_to_now else 0, len(columns), step)
    numbered = range(len(columns)) if len(columns) <= _MOST_NUMBERED else (totals.index(max(totals)),)
    inside = [Markup('<line class="chart-base" x1="0" x2="100%" y1="{0}" y2="{0}"></line>').format(_BASE)]
    for at, label in enumerate(columns):
        middle = wide * (at + 0.5)
        bottom = float(_BASE)
        for one in series:
            tall = _tall(one.values[at], highest)
            bottom -= tall
            if tall:
                inside.append(_bar(one, label, number(one.values[at]), wide * (at + _GAP / 2), bottom, wide, tall))
        if at in numbered and totals[at]:
            inside.append(_text("chart-number", middle, bottom - 6, number(totals[at])))
        if at in written:
            inside.append(_text("chart-label", middle, HEIGHT - 6, label))
    return Chart(_svg(summary, HEIGHT, inside), tuple(columns), series)


def share(summary: str, *parts: Series, number: Callable[[int], str] = str) -> Chart:
    """One strip, of which each part takes its share.

    Args:
        summary: what the picture says, in a sentence.
        parts: each with one value.
        number: writes a number in the reader's language.
    """
    total = sum(sum(part.values) for part in parts)
    inside = [Markup('<rect class="chart-rest" width="100%" height="{0}" rx="4"></rect>').format(_STRIP)]
    left = 0.0
    for part in parts:
        value = sum(part.values)
        if value:
            wide = 100 * value / total
            place = Markup('x="{}" width="{}" height="{}"').format(_percent(left), _percent(wide), _STRIP)
            inside.append(Markup('<rect class="tone-{}" {}><title>{}</title></rect>').format(
                part.tone, place, f"{part.label}: {number(value)}"
            ))  # fmt: skip
            left += wide
    return Chart(_svg(summary, _STRIP, inside), ("",), parts)


def _tall(value: int, highest: int) -> float:
    return max(_LEAST, value / highest * (_BASE - _TOP)) if value > 0 else 0.0


def _bar(  # noqa: PLR0917 - a rectangle has that many sides
    series: Series, label: str, number: str, left: float, top: float, wide: float, tall: float
) -> Markup:
    return Markup('<rect class="tone-{}" x="{}" y="{:.1f}" width="{}" height="{:.1f}"><title>{}</title></rect>').format(
        series.tone, _percent(left), top, _percent(wide * (1 - _GAP)), tall, f"{label}: {number} {series.label}"
    )


def _text(name: str, middle: float, baseline: float, words: str) -> Markup:
    """A text in the middle of its column; at an end of the picture it begins or ends there, so nothing of it is cut."""
    place, anchor = (0, "start") if middle < _EDGE else (100, "end") if middle > 100 - _EDGE else (middle, "middle")
    text = Markup('<text class="{}" x="{}" y="{:.1f}" text-anchor="{}">{}</text>')
    return text.format(name, _percent(place), baseline, anchor, words)


def _svg(summary: str, height: int, inside: Sequence[Markup]) -> Markup:
    opened = Markup('<svg class="chart-picture" data-is-data="" role="img" aria-label="{}" width="100%" height="{}">')
    return opened.format(summary, height) + Markup("").join(inside) + Markup("</svg>")


def _percent(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"
