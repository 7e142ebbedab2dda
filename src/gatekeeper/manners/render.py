"""Templates to pages: where they are found, what every one of them is given, in which language they speak.

Templates lie in ``templates/`` at the top of a checkout, and in ``gatekeeper/_templates`` of an installed wheel. A
file in the operator's own folder goes before the one of the same name. Everything is escaped (but in ``.txt``), and a
name that a page was not given is an error, not an empty place.

Each language has an environment of its own, in which ``_``, the filters for times and numbers, and whatever a page
outputs speak it: a ``Text`` (``domain.wording``) that comes to an output is said in the language of the page there,
so nobody else need think of it. The compiled templates are shared.
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import segno
from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    pass_context,
    pass_eval_context,
)
from jinja2 import select_autoescape as escaped_but
from markupsafe import Markup

import gatekeeper
from gatekeeper.domain.wording import N_, Text
from gatekeeper.manners.languages import ENGLISH, Languages
from gatekeeper.manners.static import StaticFiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.bccache import Bucket
    from jinja2.nodes import EvalContext

    from gatekeeper.config import Branding
    from gatekeeper.manners.languages import Language

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
        languages: those that pages can be written in.
    """

    def __init__(self, branding: Branding, prefix: str, override: Path | None = None) -> None:
        searched = folders(override)
        self.files = StaticFiles(f"{prefix}/static", [folder / "static" for folder in searched], branding)
        self.languages = Languages(searched)
        self._given = {"brand": branding, "prefix": prefix, "static": self.files.url}
        self._loader = ChoiceLoader([FileSystemLoader(folder) for folder in searched])
        self._compiled = _Compiled()
        self._environments: dict[str, Environment] = {}

    def page(self, name: str, *, lang: str = ENGLISH, **context: object) -> str:
        """A page as HTML, or a mail as plain text.

        Args:
            name: the template's path, such as ``login/sign_in.html``.
            lang: the tag of the language to write it in; English where there is no such language.
            context: what the page shows. ``notice``, ``errors``, ``values``, ``next`` and ``csrf_token`` may be left
                out of pages that have none.
        """
        given = {"notice": None, "errors": {}, "values": {}, "next": "/", "csrf_token": ""} | context
        return self._environment(self.languages[lang]).get_template(name).render(given)

    def _environment(self, language: Language) -> Environment:
        found = self._environments.get(language.tag)
        if found is None:
            found = self._environments[language.tag] = self._speaking(language)
        return found

    def _speaking(self, language: Language) -> Environment:
        environment = Environment(
            loader=self._loader,
            bytecode_cache=self._compiled,
            autoescape=escaped_but(  # noqa: S701 - it is on for all but plain text
                disabled_extensions=("txt",), default=True, default_for_string=True
            ),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
            finalize=partial(_said, language),
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.newstyle_gettext = True  # type: ignore[attr-defined]
        words = partial(_words, language)
        environment.globals.update(
            self._given,
            _=pass_eval_context(words),
            gettext=pass_eval_context(words),
            ngettext=pass_eval_context(partial(_counted, language)),
            lang=language.tag,
            as_number=language.number,
        )
        environment.filters.update(
            day=_while_rendering(partial(_time, language, language.day, "day")),
            moment=_while_rendering(partial(_time, language, language.moment, "moment")),
            day_text=_while_rendering(language.day),
            short_day=_while_rendering(language.short_day),
            moment_text=_while_rendering(language.moment),
            number=_while_rendering(language.number),
            initial=initial,
            device=device,
        )
        return environment


class _Compiled(BytecodeCache):
    """Templates as they were compiled for one language, for the next: the code is the same."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        code = self._codes.get(bucket.key)
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


def _while_rendering(write: Callable[[float], str]) -> Callable[[object, float], str]:
    """A filter that is never worked out while compiling: the code is every language's."""
    return pass_context(lambda _, value: write(value))


def _said(language: Language, value: object) -> object:
    """What a page shows for a value that it outputs."""
    return language.say(value) if isinstance(value, Text) else value


def _words(language: Language, context: EvalContext, message: str, /, **values: object) -> str:
    """What ``_`` in a template stands for; a text that was made elsewhere is said as it is."""
    if isinstance(message, Text):
        return language.say(message)
    return _filled(language, context, language.catalogue.gettext(message), values)


def _counted(language: Language, context: EvalContext, one: str, many: str, number: int, /, **values: object) -> str:
    """What ``ngettext`` in a template stands for; ``%(num)s`` is the number."""
    words = language.catalogue.ngettext(one, many, number)
    return _filled(language, context, words, {"num": number, **values})


def _filled(language: Language, context: EvalContext, words: str, values: dict[str, object]) -> str:
    """A translated sentence with its values in place; catalogues may hold tags, values may not."""
    shown = {name: language.value(value) for name, value in values.items()}
    if not shown:
        return Markup(words) if context.autoescape else words  # noqa: S704 - a catalogue is as trusted as a template
    if not context.autoescape:
        return language.joined(words % shown)
    return Markup(language.joined(Markup(words) % shown))  # noqa: S704 - its values are escaped already


def _time(language: Language, written: Callable[[float], str], shows: str, at: float) -> Markup:
    """A ``<time>`` in UTC, which a script in the page turns into the reader's own; the exact one is in its tooltip."""
    exact = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    element = Markup('<time datetime="{}" title="{}" data-shows="{}">{}</time>')
    return element.format(exact, language.exactly(at), shows, written(at))


def initial(name: str) -> str:
    """The letter that stands for a name where there is no logo."""
    return next((character.upper() for character in name if character.isalnum()), "")


def device(user_agent: str) -> str:
    """What a person would call the browser and system of a ``User-Agent``: "Firefox on Windows"."""
    browser = next((name for name, pattern in _BROWSERS if re.search(pattern, user_agent)), None)
    system = next((name for name, pattern in _SYSTEMS if re.search(pattern, user_agent)), None)
    if browser and system:
        return N_("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or N_("An unknown device")


def qr_svg(uri: str) -> Markup:
    """A QR code as inline SVG, dark on white, with the quiet zone of four modules (ISO/IEC 18004 §9.1).

    It has a ``viewBox`` and no size of its own, and no inline style: the stylesheet gives it its width, and what stands
    around it its name. A screen does not get scratched, so the lowest level of correction does, and its modules are
    larger; where a higher one costs no larger symbol, that is taken.
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
    picture = out.getvalue().decode().replace("<svg", '<svg aria-hidden="true"', 1)
    return Markup(picture)  # noqa: S704 - written by segno from our own address, which it encodes as modules
