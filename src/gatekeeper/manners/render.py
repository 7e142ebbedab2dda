"""Templates to pages: where they are found, what every one of them is given, how times are written.

Templates lie in ``templates/`` at the top of a checkout, and in ``gatekeeper/_templates`` of an installed wheel. A
file in the operator's own folder goes before the one of the same name. Everything is escaped, and a name that a page
was not given is an error, not an empty place.
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import segno
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import gatekeeper
from gatekeeper.manners.static import StaticFiles

if TYPE_CHECKING:
    from gatekeeper.config import Branding

_QUIET_ZONE = 4
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


def folders(override: Path | None = None) -> list[Path]:
    """The folders that templates and static files are looked for in, the first to hold a name wins.

    Args:
        override: the operator's own folder, if there is one.
    """
    package = Path(gatekeeper.__file__).parent
    checkout = package.parents[1] / "templates"
    own = checkout if package.parent.name == "src" and checkout.is_dir() else package / "_templates"
    return [own] if override is None else [override, own]


class Renderer:
    """Renders pages.

    Args:
        branding: name, logo, accent colour, help text and contact of the platform.
        prefix: the path that our own addresses begin with, such as ``/gatekeeper``.
        override: a folder whose files go before ours.

    Attributes:
        files: the static files that the pages name.
    """

    def __init__(self, branding: Branding, prefix: str, override: Path | None = None) -> None:
        searched = folders(override)
        self.files = StaticFiles(f"{prefix}/static", [folder / "static" for folder in searched], branding)
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in searched]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
        self._environment.globals.update(brand=branding, prefix=prefix, static=self.files.url)
        self._environment.filters.update(day=day, moment=moment, initial=initial, device=device, number=number)

    def page(self, name: str, *, lang: str = "en", **context: object) -> str:
        """A page as HTML.

        Args:
            name: the template's path, such as ``login/sign_in.html``.
            lang: the page's language (BCP 47).
            context: what the page shows. ``notice``, ``errors``, ``values``, ``next`` and ``csrf_token`` may be left
                out of pages that have none.
        """
        given = {"notice": None, "errors": {}, "values": {}, "next": "/", "csrf_token": ""} | context
        return self._environment.get_template(name).render(lang=lang, **given)


def moment(at: float) -> Markup:
    """A ``<time>`` with date and minute; UTC, which a script in the page turns into the reader's own time.

    Args:
        at: seconds since the epoch.
    """
    return _time(at, "%-d %B %Y, %H:%M UTC", "moment")


def day(at: float) -> Markup:
    """A ``<time>`` that shows the day alone; the exact time is in its tooltip."""
    return _time(at, "%-d %B %Y", "day")


def number(value: int) -> str:
    """A whole number as people read it: "12,345"."""
    return f"{value:,}"


def initial(name: str) -> str:
    """The letter that stands for a name where there is no logo."""
    return next((character.upper() for character in name if character.isalnum()), "")


def device(user_agent: str) -> str:
    """What a person would call the browser and system of a ``User-Agent``: "Firefox on Windows"."""
    browser = next((name for name, pattern in _BROWSERS if re.search(pattern, user_agent)), None)
    system = next((name for name, pattern in _SYSTEMS if re.search(pattern, user_agent)), None)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "An unknown device"


def qr_svg(uri: str) -> Markup:
    """A QR code as inline SVG, dark on white, with the quiet zone of four modules (ISO/IEC 18004 §9.1).

    It has a ``viewBox`` and no size of its own, and no inline style: the stylesheet gives it its width. A screen does
    not get scratched, so the lowest level of correction does, and its modules are larger; where a higher one costs no
    larger symbol, that is taken.
    """
    out = io.BytesIO()
    segno.make(uri, error="l", micro=False).save(
        out,
        kind="svg",
        border=_QUIET_ZONE,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgns=False,
        omitsize=True,
        nl=False,
        svgclass=None,
        lineclass=None,
    )
    picture = out.getvalue().decode().replace("<svg", '<svg role="img" aria-label="QR code"', 1)
    return Markup(picture)  # noqa: S704 - written by segno from our own address, which it encodes as modules


def _time(at: float, form: str, shows: str) -> Markup:
    exact = datetime.fromtimestamp(at, UTC)
    return Markup('<time datetime="{}" title="{}" data-shows="{}">{}</time>').format(
        exact.isoformat(timespec="seconds"),
        exact.strftime("%A, %-d %B %Y, %H:%M:%S UTC"),
        shows,
        exact.strftime(form),
    )
