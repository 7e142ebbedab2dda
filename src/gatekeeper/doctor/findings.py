"""What the doctor says: one value a finding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is, in the words that people see."""

    HOLE = "GOT THROUGH"
    UNCLEAR = "UNCLEAR"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found. ``place`` is a route's name or a setting; ``what`` and ``change`` are sentences."""

    severity: Severity
    place: str
    what: str
    change: str


def hole(place: str, what: str, change: str) -> Finding:
    """Something got through."""
    return Finding(Severity.HOLE, place, what, change)


def unclear(place: str, what: str, change: str) -> Finding:
    """Something could not be looked at, or not be told from what is harmless."""
    return Finding(Severity.UNCLEAR, place, what, change)


def remark(place: str, what: str, change: str) -> Finding:
    """Nothing got through, but it is worth knowing."""
    return Finding(Severity.REMARK, place, what, change)


def listed(names: tuple[str, ...], most: int = 4) -> str:
    """Names in a sentence, a few of them."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
