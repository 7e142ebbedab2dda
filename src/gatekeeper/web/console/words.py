"""What the console calls permissions and the states of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.domain.among import Among
from gatekeeper.domain.model import Permission
from gatekeeper.domain.passwords import falls_short
from gatekeeper.domain.wording import N_

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatekeeper.domain.model import PasswordPolicy
    from gatekeeper.flows.portraits import Portrait


@dataclass(frozen=True, slots=True)
class Meaning:
    """A permission in words: a short name, and what it lets one do."""

    name: str
    text: str


PERMISSIONS: dict[Permission, Meaning] = {
    Permission.POLICIES_MANAGE: Meaning(
        N_("Password management"), N_("Sets the rules for passwords and two-step verification.")
    ),
    Permission.USERS_MANAGE: Meaning(
        N_("Manage people"), N_("Adds, changes, disables and deletes accounts, sets passwords, ends sessions.")
    ),
    Permission.USERS_RESET_TWO_FACTOR: Meaning(
        N_("Reset two-factor"), N_("Helps people who have lost their authenticator.")
    ),
    Permission.PERMISSIONS_GRANT: Meaning(
        N_("Grant permissions"),
        N_("Gives and takes permissions, their own too. Whoever can do this can do everything."),
    ),
    Permission.AUDIT_READ: Meaning(N_("Read the audit log"), N_("Sees who did what, and exports the log.")),
    Permission.CLIENTS_MANAGE: Meaning(N_("Manage applications"), N_("Says which applications may sign people in.")),
}

AMONG: dict[Among, str] = {
    Among.WITHOUT_AUTHENTICATOR: N_("Without an authenticator"),
    Among.MUST_ENROL: N_("Must set up two-step verification"),
    Among.FALLS_SHORT: N_("Password falls short"),
    Among.MUST_CHANGE: N_("Asked for a new password"),
    Among.WITHOUT_PASSWORD: N_("Without a password"),
    Among.LOCKED: N_("Locked"),
    Among.DISABLED: N_("Disabled"),
    Among.ADMINISTRATORS: N_("With permissions"),
}


@dataclass(frozen=True, slots=True)
class State:
    """A state in a word or two; ``kind`` is how its badge looks."""

    text: str
    kind: str = ""


def names_of(permissions: Iterable[Permission]) -> list[str]:
    """The short names of permissions, in their usual order."""
    held = frozenset(permissions)
    return [meaning.name for permission, meaning in PERMISSIONS.items() if permission in held]


def two_step(portrait: Portrait) -> State:
    """Where a person stands with two-step verification."""
    if portrait.user.facts.enrolled:
        return State(N_("On"), "ok")
    if portrait.two_factor_required:
        return State(N_("Must be set up"), "warning")
    return State(N_("Off"))


def owes_since(portrait: Portrait, changed_at: float) -> float | None:
    """Since when a person must set up two-step verification and has not; ``None`` where they need not.

    Args:
        portrait: the person.
        changed_at: when the policy was changed last: it has reached them since then at the latest.
    """
    user = portrait.user
    if user.facts.enrolled or not portrait.two_factor_required:
        return None
    return user.two_factor_owed_since or max(user.created_at, changed_at)


def password(portrait: Portrait, policy: PasswordPolicy) -> State:
    """Where a person stands with their password."""
    if not portrait.has_password:
        return State(N_("No password"))
    if portrait.change_required:
        return State(N_("New one required"), "warning")
    if falls_short(portrait.user.facts.password_strength, policy.strength):
        return State(N_("Falls short"), "warning")
    if portrait.user.facts.password_strength is None:
        return State(N_("Level not known"))
    return State(N_("In order"), "ok")


def account(portrait: Portrait) -> list[State]:
    """What is out of the ordinary about an account; nothing for most."""
    found = []
    if not portrait.user.facts.enabled:
        found.append(State(N_("Disabled"), "danger"))
    if portrait.user.locked_at is not None:
        found.append(State(N_("Locked"), "warning"))
    return found
