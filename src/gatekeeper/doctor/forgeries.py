"""Forged identity: the headers that say who is asking, in every spelling that some proxy or platform takes for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Forgery:
    """Header lines of one request that claim to be somebody who does not exist.

    Attributes:
        about: how the names are spelt, for people: ``"with underscores"``.
        names: the names as sent.
        canary: a word that is nowhere else in the world; each name's value has it, with a number of its own.
        valued: whether the headers are sent; otherwise they are only named in ``Connection``.
        named: whether ``Connection`` names them.
    """

    about: str
    names: tuple[str, ...]
    canary: str
    valued: bool = True
    named: bool = False

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
            yield Forgery(self.about, (name,), self.canary, self.valued, self.named)

    def _value(self, at: int) -> str:
        return f"{self.mark(at)}@doctor.invalid" if "email" in self.names[at].lower() else self.mark(at)


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


def taking_off(names: Sequence[str], canary: str) -> Forgery:
    """The trick that takes a true header off: ``Connection`` names it, and a proxy drops what is named there."""
    return Forgery("named in Connection", tuple(names), canary, valued=False, named=True)


def harmless(canary: str) -> Forgery:
    """What a forgery is compared with: a header of the same look that nobody believes."""
    return Forgery("harmless", ("X-Doctor-Compares",), canary)
