"""What a password must be: the three levels, and what is refused at any of them.

Letters and digits are Unicode's; length counts code points after NFKC; up to 256 are taken and none is cut off. A
special character is any that is neither letter, digit nor space. Passwords are taken as they are, never trimmed.
Deviation from NIST SP 800-63B-4 §3.1.1.2 (no composition rules): Medium and Advanced exist because platforms ask for
them; Basic, the default, follows the standard.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zxcvbn_rs_py import Warning as Weakness
from zxcvbn_rs_py import zxcvbn

from gatekeeper.domain.model import Strength
from gatekeeper.domain.wording import N_

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_LENGTH = 8
MAX_LENGTH = 256
_LONGEST_COMMON = 64
_SHORTEST_NAME = 4
_COMMON = (Weakness.ThisIsATop10Password, Weakness.ThisIsATop100Password, Weakness.ThisIsACommonPassword)


@dataclass(frozen=True, slots=True)
class Fault:
    """A reason why a password is refused: ``code`` for programs, ``message`` for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a level's list: its code, its words, and whether a password meets it."""

    code: str
    text: str
    met: Callable[[str], bool]


LENGTH = Rule("length", N_("At least %(least)s characters", least=MIN_LENGTH), lambda text: len(text) >= MIN_LENGTH)
UPPERCASE = Rule("uppercase", N_("An uppercase letter"), lambda text: any(map(_is_uppercase, text)))
DIGIT = Rule("digit", N_("A digit"), lambda text: any(map(str.isdecimal, text)))
SPECIAL = Rule("special", N_("A special character, such as ! ? & #"), lambda text: any(map(_is_special, text)))

RULES: dict[Strength, tuple[Rule, ...]] = {
    Strength.BASIC: (LENGTH,),
    Strength.MEDIUM: (LENGTH, UPPERCASE, DIGIT),
    Strength.ADVANCED: (LENGTH, UPPERCASE, DIGIT, SPECIAL),
}


def normalise(password: str) -> str:
    """The form that is measured and hashed: NFKC, nothing trimmed (NIST SP 800-63B-4 §3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def strength_of(password: str) -> Strength | None:
    """The highest level that a password meets; ``None`` where it meets none."""
    text = normalise(password)
    met = [level for level in Strength if all(rule.met(text) for rule in RULES[level])]
    return met[-1] if met else None


def check(password: str, level: Strength, *, names: tuple[str, ...] = ()) -> list[Fault]:
    """Every reason why a new password is refused; an empty list where it is fine.

    Args:
        password: as it was typed.
        level: the level of the policy in force.
        names: the person's user name, address and display name.
    """
    if len(password) > 4 * MAX_LENGTH:
        return [_too_long()]
    text = normalise(password)
    if len(text) > MAX_LENGTH:
        return [_too_long()]
    faults = [Fault(rule.code, _MISSING[rule.code]) for rule in RULES[level] if not rule.met(text)]
    if _is_common(text):
        faults.append(
            Fault("common", N_("This password is one of the most common ones. Choose one that nobody would guess."))
        )
    if _contains_name(text, names):
        faults.append(Fault("name", N_("The password contains your name or address. Choose one that does not.")))
    return faults


def reused() -> Fault:
    """The fault of a password that was used before."""
    return Fault("reused", N_("You have used this password before. Choose a new one."))


def falls_short(met: Strength | None, level: Strength) -> bool:
    """Whether a password that met one level falls short of another; one of unknown level is not said to."""
    return met is not None and met.rank < level.rank


_MISSING = {
    "length": N_("The password is too short: use at least %(least)s characters.", least=MIN_LENGTH),
    "uppercase": N_("The password needs an uppercase letter."),
    "digit": N_("The password needs a digit."),
    "special": N_("The password needs a special character, such as ! ? & or #."),
}


def _too_long() -> Fault:
    return Fault("too-long", N_("The password is too long: use at most %(most)s characters.", most=MAX_LENGTH))


def _is_uppercase(character: str) -> bool:
    return unicodedata.category(character) in {"Lu", "Lt"}


def _is_special(character: str) -> bool:
    return not (character.isalpha() or character.isdecimal() or character.isspace())


def _is_common(text: str) -> bool:
    if not text or len(text) > _LONGEST_COMMON:
        return False
    feedback = zxcvbn(text).feedback
    return feedback is not None and feedback.warning in _COMMON


def _contains_name(text: str, names: tuple[str, ...]) -> bool:
    folded = text.casefold()
    parts: set[str] = set()
    for name in names:
        whole = normalise(name).casefold().strip()
        parts |= {whole, whole.partition("@")[0], whole.replace(" ", "")}
        if "@" not in whole:
            parts |= set(whole.split())
    return any(len(part) >= _SHORTEST_NAME and part in folded for part in parts)
