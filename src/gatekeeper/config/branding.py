"""Reads ``[branding]``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gatekeeper.config import values
from gatekeeper.config.faults import Wrong
from gatekeeper.config.model import Branding

if TYPE_CHECKING:
    from pathlib import Path

    from gatekeeper.config.section import Section

LARGEST_LOGO = 200_000
"""Bytes. A logo is on every page, and pages are meant to weigh 60 kB with all their parts."""

_COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{3}){1,2}")
_BEGINS = {
    ".svg": re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml|<!--|<!DOCTYPE svg|<svg)", re.IGNORECASE),
    ".png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    ".jpg": re.compile(rb"\xff\xd8\xff"),
    ".jpeg": re.compile(rb"\xff\xd8\xff"),
    ".webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
"""How a picture of each kind begins."""


def read_branding(section: Section) -> Branding:
    """What people see."""
    standard = Branding()
    branding = Branding(
        name=section.take("name", values.text, standard.name),
        logo=section.take("logo", lambda value: _logo(section.file_path(value)), None),
        accent=section.take("accent", _colour, None),
        help_text=section.take("help_text", values.text, ""),
        contact=section.take("contact", values.text, ""),
        templates=section.take("templates", lambda value: _folder(section.file_path(value)), None),
    )
    section.finish()
    return branding


def _colour(value: Any) -> str:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise Wrong('is a colour such as "#1b5e8c"')
    return value.lower()


def _logo(path: Path) -> Path:
    begins = _BEGINS.get(path.suffix.lower())
    if begins is None:
        raise Wrong(f"is a picture: {', '.join(kind[1:].upper() for kind in _BEGINS if kind != '.jpeg')}")
    try:
        picture = path.read_bytes()
    except OSError as error:
        raise Wrong(f"{path} cannot be read: {error.strerror}") from None
    if not begins.match(picture):
        raise Wrong(f"{path} is no {path.suffix[1:].upper()}")
    if len(picture) > LARGEST_LOGO:
        raise Wrong(
            f"{path} has {len(picture) / 1000:,.0f} kB, and every page carries it: make it {LARGEST_LOGO // 1000} kB "
            "at most, or better an SVG"
        )
    return path


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise Wrong(f"{path} is no folder that can be read")
    return path
