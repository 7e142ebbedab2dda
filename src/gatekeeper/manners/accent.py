"""One accent colour from the operator, made readable: WCAG 2.2 AA in light and in dark (§1.4.3, §1.4.11).

The surfaces to stand out from are the worst of ``gatekeeper.css`` in each scheme: its ``--raised``.
"""

from __future__ import annotations

import re

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
LIGHT_SURFACE: Colour = (245, 246, 248)
DARK_SURFACE: Colour = (31, 35, 41)
READABLE = 4.5
VISIBLE = 3.0
_STEPS = 50


def parse(text: str) -> Colour:
    """The colour that ``#rgb`` or ``#rrggbb`` names.

    Raises:
        ValueError: it names none.
    """
    digits = text.strip().removeprefix("#")
    if not re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}", digits):
        raise ValueError(f"{text!r} is not a colour: write #rrggbb")
    if len(digits) == 3:  # noqa: PLR2004 - one digit a channel
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, *contrast ratio*)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def standing_out(colour: Colour, surface: Colour, ratio: float) -> Colour:
    """The colour, no more lightened or darkened than it takes to reach a contrast with a surface.

    Args:
        colour: where to begin.
        surface: what it stands on.
        ratio: the contrast to reach: ``READABLE`` for text, ``VISIBLE`` for a shape.
    """
    end = BLACK if _luminance(surface) > 0.5 else WHITE  # noqa: PLR2004 - half of the light
    shades = (_mixed(colour, end, step / _STEPS) for step in range(_STEPS + 1))
    return next(shade for shade in shades if contrast(shade, surface) >= ratio)


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever is read better on a colour; white where it is good enough, as people expect it."""
    return WHITE if contrast(WHITE, colour) >= READABLE else BLACK


def stylesheet(accent: str) -> str:
    """The tokens of an accent colour as CSS, for light and for dark.

    Args:
        accent: ``#rgb`` or ``#rrggbb``.

    Raises:
        ValueError: ``accent`` is no colour.
    """
    colour = parse(accent)
    light = _tokens(colour, LIGHT_SURFACE)
    dark = _tokens(colour, DARK_SURFACE)
    return (
        f":root:not([data-theme]) {{\n{light}}}\n"
        f"@media (prefers-color-scheme: dark) {{\n:root:not([data-theme]) {{\n{dark}}}\n}}\n"
    )


def remark(accent: str) -> str | None:
    """What becomes of an accent colour on light pages, where it cannot be read there; ``None`` where it can.

    Of dark pages there is nothing to say: no colour can be read on both, so they have a lighter shade of any.

    Args:
        accent: ``#rgb`` or ``#rrggbb``.
    """
    colour = parse(accent)
    ratio = contrast(colour, LIGHT_SURFACE)
    if ratio >= READABLE:
        return None
    nearest = _hex(standing_out(colour, LIGHT_SURFACE, READABLE))
    return (
        f"{_hex(colour)} has a contrast of {ratio:.1f} to light pages, where text needs {READABLE}: "
        f"links and text are shown in {nearest}, the nearest that can be read"
    )


def _tokens(colour: Colour, surface: Colour) -> str:
    text = standing_out(colour, surface, READABLE)
    fill = standing_out(colour, surface, VISIBLE)
    ink = ink_on(fill)
    away_from_surface = BLACK if surface == LIGHT_SURFACE else WHITE
    away_from_ink = BLACK if ink == WHITE else WHITE
    values = {
        "--accent": text,
        "--accent-hover": _mixed(text, away_from_surface, 0.2),
        "--accent-fill": fill,
        "--accent-fill-hover": _mixed(fill, away_from_ink, 0.15),
        "--accent-ink": ink,
    }
    return "".join(f"  {name}: {_hex(value)};\n" for name, value in values.items())


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(mine + (theirs - mine) * share) for mine, theirs in zip(colour, other, strict=True))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB
