"""The languages that pages are written in: which there are, which one a reader gets, and how each says things.

A language is a folder: ``templates/locales/<tag>/gatekeeper.po``, edited as it is and read once, at the start; one in
the operator's own folder adds a language, or replaces ours. English is the source and needs none. Here alone a
``Text`` (``domain.wording``) is said in another language, and here alone times and numbers become words.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import structlog
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

from gatekeeper.domain.wording import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from babel.messages.catalog import Catalog, Message

log = structlog.get_logger()

ENGLISH = "en"
CATALOGUE = "gatekeeper.po"
FOLDER = "locales"
_LONGEST_WISH = 256
_WISHES_REMEMBERED = 256
_PLACE = re.compile(r"%\((\w+)\)s")
_ELIDED = re.compile(r"\b([Ii]l|[Dd]al|[Aa]l|[Dd]el|[Nn]el|[Ss]ul) (?=(?:<time[^>]*>)?(?:8|11)\b)")
"""Where Italian joins an article to a number that is spoken with a vowel in front: "l'8 gennaio", "dall'11"."""
_REGIONS = {ENGLISH: "en_GB"}
"""Whose manner of dates and numbers stands for a language without a region."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes:
        tag: its name in addresses, headers and ``lang`` (BCP 47): ``it``, ``pt-BR``.
        locale: its manner of dates and numbers.
        catalogue: its translations.
    """

    tag: str
    locale: Locale
    catalogue: NullTranslations

    @property
    def name(self) -> str:
        """What it calls itself, as people look for it in a list: "Italiano"."""
        name = Locale.parse(self.tag, sep="-").get_display_name() or self.tag
        return name[0].upper() + name[1:]

    def say(self, text: str) -> str:
        """A text in this language; a plain string is data, and stays as it is."""
        if not isinstance(text, Text):
            return text
        if text.plural is None:
            words = self.catalogue.gettext(text.message)
        else:
            words = self.catalogue.ngettext(text.message, text.plural, text.number)
        if not text.values:
            return words
        return self.joined(words % {name: self.value(given) for name, given in text.values.items()})

    def joined(self, words: str) -> str:
        """A sentence with its values in place, after what a language does where a word of its own meets a value."""
        return _ELIDED.sub(_elided, words) if self.locale.language == "it" else words

    def value(self, given: object) -> object:
        """What stands in a sentence for a value: texts are said, numbers written as this language writes them."""
        if isinstance(given, Text):
            return self.say(given)
        if isinstance(given, int | float) and not isinstance(given, bool):
            return self.number(given)
        return given

    def number(self, number: float) -> str:
        """A number with its separators: ``1,234.5``, ``1.234,5``."""
        return format_decimal(number, locale=self.locale)

    def day(self, at: float) -> str:
        """The day of a time (seconds since the epoch; UTC): "25 November 2026"."""
        return format_date(_utc(at).date(), "long", locale=self.locale)

    def short_day(self, at: float) -> str:
        """The day of a time without its year, as it stands under a chart: "25 Nov"."""
        return format_skeleton("MMMd", _utc(at), locale=self.locale)

    def moment(self, at: float) -> str:
        """The day and the minute of a time, in UTC and saying so: "25 November 2026, 01:26 UTC"."""
        return f"{self.day(at)}, {format_datetime(_utc(at), 'HH:mm', locale=self.locale)} UTC"

    def exactly(self, at: float) -> str:
        """All of a time, in UTC: "Wednesday, 25 November 2026, 01:26:40 UTC"."""
        day = format_date(_utc(at).date(), "full", locale=self.locale)
        return f"{day}, {format_datetime(_utc(at), 'HH:mm:ss', locale=self.locale)} UTC"


class Languages:
    """Every language that there is a catalogue for, and English.

    Args:
        folders: of templates; of two catalogues for one language that in the earlier folder counts.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        found = {ENGLISH: Language(ENGLISH, _locale(ENGLISH), NullTranslations())}
        for folder in reversed(list(folders)):
            for path in sorted((folder / FOLDER).glob(f"*/{CATALOGUE}")):
                language = _read(path)
                if language is not None:
                    found[language.tag] = language
        self._found = found
        self.wished = lru_cache(_WISHES_REMEMBERED)(self._wished)

    def __iter__(self) -> Iterator[Language]:
        """All of them, by their own names."""
        return iter(sorted(self._found.values(), key=lambda language: language.name))

    def __getitem__(self, tag: str) -> Language:
        """The language of this tag; English where there is none."""
        return self._found.get(tag) or self._found[ENGLISH]

    def __contains__(self, tag: object) -> bool:
        """Whether there is a language of this tag."""
        return tag in self._found

    def chosen(self, person: str | None, wishes: str) -> str:
        """The tag of the language that a reader gets.

        Args:
            person: the one that they chose, if they did.
            wishes: ``Accept-Language`` as the browser sent it, or nothing.
        """
        if person is not None and person in self._found:
            return person
        return self.wished(wishes[:_LONGEST_WISH]) if wishes else ENGLISH

    def _wished(self, wishes: str) -> str:
        for wish in _in_order(wishes):
            for tag in (wish, wish.partition("-")[0]):
                match = next((known for known in self._found if known.lower() == tag), None)
                if match is not None:
                    return match
        return ENGLISH


def _in_order(wishes: str) -> list[str]:
    """The ranges of an ``Accept-Language``, in lower case, the most wanted first (RFC 9110 §12.5.4)."""
    weighed: list[tuple[float, str]] = []
    for wish in wishes.split(","):
        tag, *parameters = (part.strip().lower() for part in wish.split(";"))
        quality = next((given.removeprefix("q=") for given in parameters if given.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            continue
        if tag and 0 < weight <= 1:
            weighed.append((weight, tag))
    return [tag for _, tag in sorted(weighed, key=lambda one: -one[0])]


def catalogue_faults(path: Path) -> list[str]:
    """What is wrong with a catalogue: that it cannot be read, or the messages whose translations take other values."""
    try:
        _, catalogue = _catalogue(path)
    except ValueError as error:
        return [str(error)]
    return [f"the translation of {_forms(message.id)[0]!r} has other places" for message in _misfits(catalogue)]


def _read(path: Path) -> Language | None:
    """The language of a catalogue; what cannot be used is left out, and said to be: pages go on without it."""
    try:
        locale, catalogue = _catalogue(path)
    except ValueError as error:
        log.warning("languages.unreadable", file=str(path), reason=str(error))
        return None
    for message in _misfits(catalogue):
        log.warning("languages.other_places", file=str(path), message=str(message.id))
        catalogue.delete(message.id, message.context)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(path.parent.name, locale, Translations(compiled))


def _catalogue(path: Path) -> tuple[Locale, Catalog]:
    """A file as it is.

    Raises:
        ValueError: it is no catalogue, or its folder is no language.
    """
    try:
        locale = _locale(path.parent.name)
        with path.open("rb") as file:
            return locale, read_po(file, locale=locale, abort_invalid=True)
    except UnknownLocaleError:
        raise ValueError(f"{path.parent.name!r} is no language") from None
    except (OSError, PoFileError) as error:
        raise ValueError(f"it cannot be read: {error}") from error


def _misfits(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id and not _fits(message)]


def _fits(message: Message) -> bool:
    """Whether a translation takes the values that the message has; another would end in an error on the page."""
    values = dict.fromkeys(_PLACE.findall(" ".join(_forms(message.id))), "")
    try:
        return not values or all(text % values is not None for text in _forms(message.string))
    except (KeyError, ValueError, TypeError):
        return False


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)


def _locale(tag: str) -> Locale:
    return Locale.parse(_REGIONS.get(tag, tag.replace("-", "_")))


def _elided(article: re.Match[str]) -> str:
    found = article[1]
    return {"il": "l", "Il": "L"}.get(found, f"{found}l") + "\N{RIGHT SINGLE QUOTATION MARK}"


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
