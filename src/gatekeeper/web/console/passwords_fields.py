"""The two forms of *Password management*: fields to policies, policies to fields, and a sentence beside what is wrong.

Whatever was typed stays in the form, however wrong it is: fields are read into policies, never cleaned on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from gatekeeper.domain.model import Enrolment, PasswordPolicy, Strength, TwoFactorMode, TwoFactorPolicy
from gatekeeper.domain.wording import N_
from gatekeeper.flows.administration import (
    MOST_DAYS,
    MOST_LISTED,
    MOST_REMEMBERED,
    MOST_TRUSTED_DAYS,
    MOST_WARN_DAYS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatekeeper.domain.wording import Text
    from gatekeeper.manners.forms import Form

Pairs = list[tuple[str, str]]

VERSION = "version"
_DIGITS = 6
_DEFAULTS = PasswordPolicy()
_USUAL = {"days": "90", "forbid_last": "5", "trusted_days": "30"}
"""What stands in a field before anybody has chosen its rule."""


class Who(StrEnum):
    """Whom two-step verification is for, as the page asks it. The last two have a list each."""

    OFF = "off"
    EVERYONE = "everyone"
    EXCEPT = "except"
    SELECTED = "selected"


LISTS = (Who.EXCEPT, Who.SELECTED)
RULES = ("expiry", "days", "warn_days", "reuse", "forbid_last", "strength", VERSION)
TWO_STEP = ("who", "trusted", "trusted_days", "enrolment", VERSION, *LISTS)


@dataclass(frozen=True, slots=True)
class Rules:
    """The form of the password rules, read. ``errors`` are by field; with any of them the policy is not to be used."""

    policy: PasswordPolicy
    errors: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TwoStep:
    """The form of two-step verification, read.

    ``people`` are the ids on its list; ``None``: the list that stands is too long for a form, and stays.
    """

    who: Who
    policy: TwoFactorPolicy
    people: list[str] | None
    errors: Mapping[str, Text] = field(default_factory=dict)


def rules_pairs(policy: PasswordPolicy, version: int) -> Pairs:
    """The fields of the password rules as they stand."""
    return [
        ("expiry", "never" if policy.expiry_days is None else "every"),
        ("days", _USUAL["days"] if policy.expiry_days is None else str(policy.expiry_days)),
        ("warn_days", str(_DEFAULTS.warn_days if policy.expiry_days is None else policy.warn_days)),
        ("reuse", "differ" if policy.forbid_last else "any"),
        ("forbid_last", str(policy.forbid_last) if policy.forbid_last else _USUAL["forbid_last"]),
        ("strength", policy.strength.value),
        (VERSION, str(version)),
    ]


def read_rules(form: Form) -> Rules:
    """The password rules that a form asks for."""
    errors: dict[str, Text] = {}
    days, warn_days = None, _DEFAULTS.warn_days
    if form.get("expiry") == "every":
        days = _number(form, "days", 1, MOST_DAYS, errors)
        warn_days = _number(form, "warn_days", 0, MOST_WARN_DAYS, errors)
    forbid_last = _number(form, "forbid_last", 1, MOST_REMEMBERED, errors) if form.get("reuse") == "differ" else 0
    strength = form.get("strength", "")
    if strength not in set(Strength):
        errors["strength"] = N_("Choose one of the three levels.")
        strength = Strength.BASIC
    return Rules(PasswordPolicy(days, warn_days, forbid_last, Strength(strength)), errors)


def who_of(policy: TwoFactorPolicy) -> Who:
    """Whom a policy is for, as the page asks it."""
    if policy.mode is TwoFactorMode.EVERYONE:
        return Who.EXCEPT if policy.listed else Who.EVERYONE
    return Who(policy.mode.value)


def is_long(policy: TwoFactorPolicy, who: Who) -> bool:
    """Whether this choice keeps a list that is too long to be sent with a form: it is changed person by person."""
    return who in LISTS and mode_of(who) is policy.mode and policy.listed > MOST_LISTED


def mode_of(who: Who) -> TwoFactorMode:
    """The mode of a policy that is for these."""
    return TwoFactorMode.EVERYONE if who is Who.EXCEPT else TwoFactorMode(who.value)


def two_step_pairs(policy: TwoFactorPolicy, people: Sequence[str], version: int) -> Pairs:
    """The fields of two-step verification as it stands, with the ids on its list, unless that is too long."""
    who = who_of(policy)
    days = policy.trusted_devices_days
    return [
        ("who", who.value),
        ("trusted", "off" if days is None else "days"),
        ("trusted_days", _USUAL["trusted_days"] if days is None else str(days)),
        ("enrolment", policy.enrolment.value),
        (VERSION, str(version)),
        *((who.value, user_id) for user_id in people),
    ]


def read_two_step(form: Form, standing: TwoFactorPolicy) -> TwoStep:
    """The two-step policy that a form asks for.

    Args:
        form: the form.
        standing: the policy in force; its list may be too long to be in a form.
    """
    errors: dict[str, Text] = {}
    asked = form.get("who", "")
    if asked not in set(Who):
        errors["who"] = N_("Choose whom two-step verification is for.")
    who = Who(asked) if asked in set(Who) else Who.OFF
    days = _number(form, "trusted_days", 1, MOST_TRUSTED_DAYS, errors) if form.get("trusted") == "days" else None
    enrolment = Enrolment.WITH_CODE if form.get("enrolment") == Enrolment.WITH_CODE else Enrolment.OPEN
    policy = TwoFactorPolicy(mode_of(who), trusted_devices_days=days, enrolment=enrolment)
    if is_long(standing, who):
        return TwoStep(who, policy, None, errors)
    people = picked(form, who) if who in LISTS else []
    if who is Who.SELECTED and not people:
        errors[who.value] = N_("Pick at least one person, or turn two-step verification off.")
    if len(people) > MOST_LISTED:
        errors[who.value] = N_(
            "At most %(most)s people fit here. Add the others on the list's own page.", most=MOST_LISTED
        )
    return TwoStep(who, policy, people, errors)


def picked(form: Form, who: Who) -> list[str]:
    """The ids that a form has picked for one of the lists, each once."""
    return list(dict.fromkeys(form.every(who.value)))


def version_of(form: Form) -> int | None:
    """The version of the policy that the form was made from; ``None`` where it does not say."""
    return _whole(form.get(VERSION, ""))


def only(form: Form, names: Sequence[str]) -> Pairs:
    """The fields of a form that have these names, in order."""
    return [(name, value) for name, value in form.pairs if name in names]


def _number(form: Form, name: str, least: int, most: int, errors: dict[str, Text]) -> int:
    value = _whole(form.get(name, "").strip())
    if value is None or not least <= value <= most:
        errors[name] = N_("Enter a whole number from %(least)s to %(most)s.", least=least, most=most)
        return least
    return value


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS * 3 else None
