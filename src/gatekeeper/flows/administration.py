"""The two policies: read, replaced whole under a version, and acted on at once, for people who are signed in too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.errors import Conflict, Refused
from gatekeeper.domain.model import Permission, TwoFactorMode
from gatekeeper.domain.wording import N_
from gatekeeper.flows import audit, changes
from gatekeeper.flows.acting import require
from gatekeeper.flows.refusals import raise_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.domain.model import PasswordPolicy, Policies, TwoFactorPolicy, User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables
    from gatekeeper.store.paging import Page

MOST_DAYS = 3650
MOST_WARN_DAYS = 365
MOST_REMEMBERED = 24
MOST_TRUSTED_DAYS = 365
MOST_LISTED = 1000
"""How many people a policy's list holds when it is sent whole; longer ones are kept person by person."""


async def read(services: Services, actor: Actor) -> Policies:
    """Both policies as they stand.

    Raises:
        Forbidden: without ``policies.manage``.
    """
    require(actor, Permission.POLICIES_MANAGE)
    return await services.database.read.policies.read()


async def set_password(
    services: Services, actor: Actor, policy: PasswordPolicy, *, expected: int | None, now: float
) -> Policies:
    """Replace the password policy. A change that an administrator demanded of everybody stays demanded.

    Args:
        services: the stores.
        actor: who asks.
        policy: the policy as it shall be; its ``change_demanded_at`` is not taken from here.
        expected: the version that was seen, or ``None`` for whatever stands.
        now: the time.

    Raises:
        Forbidden: without ``policies.manage``.
        RefusedAll: a value is out of bounds.
        Conflict: somebody else replaced it first.
    """
    require(actor, Permission.POLICIES_MANAGE)
    raise_all(password_policy_faults(policy))
    async with services.database.transaction() as tables:
        before = await tables.policies.read()
        after = await tables.policies.set_password(policy, expected)
        details: dict[str, object] = {
            "before": password_policy_as_text(before.password),
            "after": password_policy_as_text(after.password),
        }
        await audit.record(tables, actor, "policy.password.replace", now, details=details)
    await changes.policies_changed(services, after.epoch)
    return after


async def demand_change(services: Services, actor: Actor, now: float) -> Policies:
    """Ask everybody for a new password, now: at the next request of whoever is signed in.

    Raises:
        Forbidden: without ``policies.manage``.
    """
    require(actor, Permission.POLICIES_MANAGE)
    async with services.database.transaction() as tables:
        after = await tables.policies.demand_change(now)
        await audit.record(tables, actor, "policy.password.require-change", now)
    await changes.policies_changed(services, after.epoch)
    return after


async def set_two_factor(
    services: Services,
    actor: Actor,
    policy: TwoFactorPolicy,
    people: Sequence[str] | None,
    *,
    expected: int | None,
    now: float,
) -> Policies:
    """Replace the two-step policy and its list.

    Args:
        services: the stores.
        actor: who asks.
        policy: the policy as it shall be; its ``listed`` is not taken from here.
        people: ids of the exceptions or the selected. ``None``: the list was left out. It is then empty, unless the
            mode stays and the list is too long to have been sent: such a list stays as it is.
        expected: the version that was seen, or ``None`` for whatever stands.
        now: the time.

    Raises:
        Forbidden: without ``policies.manage``.
        RefusedAll: a value is out of bounds, or an id is nobody's.
        Conflict: somebody else replaced it first.
    """
    require(actor, Permission.POLICIES_MANAGE)
    raise_all(two_factor_policy_faults(policy))
    async with services.database.transaction() as tables:
        before = await tables.policies.read()
        if expected is not None and expected != before.two_factor_version:
            raise Conflict(N_("The policy has been changed in the meantime."))
        listed = await resolve_people(tables, policy.mode, people, before.two_factor)
        after = await tables.policies.set_two_factor(policy, listed, before.two_factor_version, now)
        details: dict[str, object] = {
            "before": two_factor_policy_as_text(before.two_factor),
            "after": two_factor_policy_as_text(after.two_factor),
        }
        if people:
            details["people"] = list(people)
        await audit.record(tables, actor, "policy.two-factor.replace", now, details=details)
    await changes.policies_changed(services, after.epoch)
    return after


async def people(services: Services, actor: Actor, *, cursor: str | None = None, limit: int = 50) -> Page[User]:
    """The exceptions or the selected, paged.

    Raises:
        Forbidden: without ``policies.manage``.
    """
    require(actor, Permission.POLICIES_MANAGE)
    return await services.database.read.policies.people(cursor=cursor, limit=limit)


async def add_person(services: Services, actor: Actor, user_id: str, now: float) -> Policies:
    """Put one person on the policy's list; on it already, nothing changes.

    Raises:
        Forbidden: without ``policies.manage``.
        NotFound: there is no such person.
        Conflict: the policy is off, so it has no list.
    """
    return await _change_list(services, actor, user_id, now, add=True)


async def remove_person(services: Services, actor: Actor, user_id: str, now: float) -> Policies:
    """Take one person off the policy's list; not on it, nothing changes.

    Raises:
        Forbidden: without ``policies.manage``.
        NotFound: there is no such person.
        Conflict: the policy is off, so it has no list.
    """
    return await _change_list(services, actor, user_id, now, add=False)


async def _change_list(services: Services, actor: Actor, user_id: str, now: float, *, add: bool) -> Policies:
    require(actor, Permission.POLICIES_MANAGE)
    async with services.database.transaction() as tables:
        before = await tables.policies.read()
        if before.two_factor.mode is TwoFactorMode.OFF:
            raise Conflict(N_("Two-step verification is off, so nobody is listed: replace the policy first."))
        user = await tables.users.by_id(user_id)
        change = tables.policies.add_person if add else tables.policies.remove_person
        after = await change(user_id, now=now)
        action = "policy.two-factor.person.add" if add else "policy.two-factor.person.remove"
        await audit.record(
            tables, actor, action, now, target=user.facts, details={"mode": before.two_factor.mode.value}
        )
    await changes.policies_changed(services, after.epoch)
    return after


async def resolve_people(
    tables: Tables, mode: TwoFactorMode, people: Sequence[str] | None, standing: TwoFactorPolicy
) -> list[str] | None:
    """The ids that a policy's list shall hold; ``None`` for the list that stands.

    Raises:
        RefusedAll: the list is too long, or an id is nobody's.
    """
    if mode is TwoFactorMode.OFF:
        return []
    if people is None:
        return None if mode is standing.mode and standing.listed > MOST_LISTED else []
    name = list_name(mode)
    if len(people) > MOST_LISTED:
        reason = N_("At most %(most)s people at once; add the others one by one.", most=MOST_LISTED)
        raise_all([Refused("too-many", reason, name)])
    wanted = [user_id.lower() for user_id in people]
    known = await tables.users.existing(wanted)
    unknown = [
        Refused("unknown-user", N_("Nobody has the id %(id)s.", id=people[at]), f"{name}.{at}")
        for at, user_id in enumerate(wanted)
        if user_id not in known
    ]
    raise_all(unknown)
    return list(dict.fromkeys(wanted))


def list_name(mode: TwoFactorMode) -> str:
    """What the contract calls the list in each mode."""
    return "except" if mode is TwoFactorMode.EVERYONE else "users"


def password_policy_faults(policy: PasswordPolicy) -> list[Refused]:
    """Every value of a password policy that is out of bounds."""
    bounds = (
        ("expiry.days", policy.expiry_days, 1, MOST_DAYS),
        ("expiry.warn_days", policy.warn_days, 0, MOST_WARN_DAYS),
        ("reuse.forbid_last", policy.forbid_last, 0, MOST_REMEMBERED),
    )
    return _out_of_bounds(bounds)


def two_factor_policy_faults(policy: TwoFactorPolicy) -> list[Refused]:
    """Every value of a two-step policy that is out of bounds."""
    return _out_of_bounds((("trusted_devices.days", policy.trusted_devices_days, 1, MOST_TRUSTED_DAYS),))


def _out_of_bounds(bounds: Sequence[tuple[str, int | None, int, int]]) -> list[Refused]:
    return [
        Refused("out-of-bounds", N_("It must be from %(least)s to %(most)s.", least=least, most=most), field)
        for field, value, least, most in bounds
        if value is not None and not least <= value <= most
    ]


def password_policy_as_text(policy: PasswordPolicy) -> dict[str, object]:
    """A password policy as the audit log keeps it."""
    return {
        "expiry_days": policy.expiry_days,
        "warn_days": policy.warn_days,
        "forbid_last": policy.forbid_last,
        "strength": policy.strength.value,
    }


def two_factor_policy_as_text(policy: TwoFactorPolicy) -> dict[str, object]:
    """A two-step policy as the audit log keeps it."""
    return {
        "mode": policy.mode.value,
        "listed": policy.listed,
        "trusted_devices_days": policy.trusted_devices_days,
        "enrolment": policy.enrolment.value,
    }
