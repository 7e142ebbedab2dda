"""The kinds of people that administrators look for: a name for each, the same in addresses, flows and the store."""

from __future__ import annotations

from enum import StrEnum


class Among(StrEnum):
    """Whom a list of people is narrowed to."""

    WITHOUT_AUTHENTICATOR = "without-authenticator"
    MUST_ENROL = "must-enrol"
    FALLS_SHORT = "falls-short"
    MUST_CHANGE = "must-change"
    WITHOUT_PASSWORD = "without-password"  # noqa: S105 - the name of a kind of people
    LOCKED = "locked"
    DISABLED = "disabled"
    ADMINISTRATORS = "administrators"
