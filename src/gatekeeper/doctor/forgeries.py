"""Forged headers: those that say who is asking, or for which path, in every spelling that somebody takes for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from gatekeeper.domain.headers import SECOND_PATH_HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

QUESTION_PATH = ("X-Forwarded-Uri",)
"""By which proxies say what their question is about."""
_SECOND_PATHS = tuple(name for name in SECOND_PATH_HEADERS if "Host" not in name)


class Claim(Enum):
    """What forged headers claim, as sentences name it."""

    NAME = "name"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Forgery:
    """Header lines of one request that claim to be from somebody who does not exist, or for another path.

    Attributes:
        about: how the names are spelt, for people: ``"with underscores"``.
        names: the names as sent.
        canary: a word that is nowhere else in the world; each name's value has it, with a number of its own.
        valued: whether the headers are sent; otherwise they are only named in ``Connection``.
        named: whether ``Connection`` names them.
        claim: what they claim.
        pattern: their values, ``{}`` for the mark of each.
    """

    about: str
    names: tuple[str, ...]
    canary: str
    valued: bool = True
    named: bool = False
    claim: Claim = Claim.NAME
    pattern: str = "{}"

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines, ``Connection`` among them."""
        connection = ", ".join(("close", *(self.names if self.named else ())))
        claims = [f"{name}: {self._value(at)}" for at, name in enumerate(self.names)] if self.valued else []
        return (*claims, f"Connection: {connection}")

    def mark(self, at: int) -> str:
        """What stands in the value of one name, and nowhere else."""
        return f"{self.canary}x{at:03d}x"

    def taken(self, says: Callable[[str], bool]) -> tuple[str, ...]:
        """The names whose value an answer shows."""
        return tuple(dict.fromkeys(name.strip() for at, name in enumerate(self.names) if says(self.mark(at))))

    def alone(self) -> Iterable[Forgery]:
        """The same with each name by itself."""
        for name in dict.fromkeys(self.names):
            yield replace(self, names=(name,))

    def _value(self, at: int) -> str:
        value = self.pattern.format(self.mark(at))
        return f"{value}@doctor.invalid" if "email" in self.names[at].lower() else value


def _first(name: str, separator: str) -> str:
    return name.replace("-", separator, 1)


def _last(name: str, separator: str) -> str:
    return separator.join(name.rsplit("-", 1))


_SPELLINGS: tuple[tuple[str, Callable[[str], tuple[str, ...]]], ...] = (
    ("as it is", lambda name: (name,)),
    ("in lower case", lambda name: (name.lower(),)),
    ("with underscores", lambda name: (name.replace("-", "_"),)),
    ("with dots", lambda name: (name.replace("-", "."),)),
    ("with an underscore first", lambda name: (_first(name, "_"),)),
    ("with an underscore last", lambda name: (_last(name, "_"),)),
    ("with a dot first", lambda name: (_first(name, "."),)),
    ("with a dot last", lambda name: (_last(name, "."),)),
    ("with a space before the colon", lambda name: (f"{name} ",)),
    ("twice", lambda name: (name, name.lower())),
)


def forgeries(names: Sequence[str], canary: Callable[[], str]) -> list[Forgery]:
    """Every forgery of some headers.

    Args:
        names: as they are usually written.
        canary: a new word at each call.
    """
    spelt = [
        Forgery(about, tuple(spelling for name in names for spelling in spell(name)), canary())
        for about, spell in _SPELLINGS
    ]
    return [*spelt, Forgery("named in Connection too", tuple(names), canary(), named=True)]


def other_paths(open_path: str, canary: Callable[[], str]) -> list[Forgery]:
    """Every forgery of the path that is asked for.

    Args:
        open_path: one that is open to everybody: a proxy that passes the claim on would ask about it instead.
        canary: a new word at each call.
    """
    return [
        Forgery(
            about,
            tuple(spelling for name in names for spelling in spell(name)),
            canary(),
            claim=Claim.PATH,
            pattern=pattern,
        )
        for names, pattern in ((QUESTION_PATH, open_path), (_SECOND_PATHS, "/{}"))
        for about, spell in _SPELLINGS
    ]


def taking_off(names: Sequence[str], canary: str) -> Forgery:
    """The trick that takes a true header off: ``Connection`` names it, and a proxy drops what is named there."""
    return Forgery("named in Connection", tuple(names), canary, valued=False, named=True)


def harmless(canary: str) -> Forgery:
    """What a forgery is compared with: a header of the same look that nobody believes."""
    return Forgery("harmless", ("X-Doctor-Compares",), canary)
