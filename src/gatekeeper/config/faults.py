"""What is wrong with a configuration, all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where (``route[0].upstream``, counted from 0 as in the environment), and what would be right."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Wrong(ValueError):
    """One value is not what it should be; the text says what would be right and never quotes a secret."""


class ConfigFaults(Exception):
    """The configuration cannot be used; ``faults`` holds every reason."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
