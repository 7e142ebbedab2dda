"""Accounts: finding them, adding one, changing its details, closing and deleting it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gatekeeper.crypto.tokens import new_id
from gatekeeper.domain.errors import Refused
from gatekeeper.domain.model import NewUser, OwnerFacts, Permission
from gatekeeper.domain.permissions import in_order
from gatekeeper.flows import audit, changes, details, given_passwords, mails, recovery_address, sessions
from gatekeeper.flows.acting import require, require_over
from gatekeeper.flows.mails import MailKind
from gatekeeper.flows.refusals import raise_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gatekeeper.domain.among import Among
    from gatekeeper.domain.model import User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services
    from gatekeeper.store.paging import Page

T = TypeVar("T")

FINDERS = (
    Permission.USERS_MANAGE,
    Permission.USERS_RESET_TWO_FACTOR,
    Permission.PERMISSIONS_GRANT,
    Permission.POLICIES_MANAGE,
)
"""Whose work begins with finding a person: on *User permissions*, or by the search box of a policy's list."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person to be added, as they were described. ``password`` of ``None``: nobody can sign in as them yet."""

    username: str
    email: str
    display_name: str = ""
    recovery_email: str | None = None
    groups: tuple[str, ...] = ()
    permissions: frozenset[Permission] = frozenset()
    enabled: bool = True
    password: str | None = None
    must_change: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall change of a person; ``None`` leaves a detail as it is, an empty ``recovery_email`` takes it away."""

    email: str | None = None
    display_name: str | None = None
    recovery_email: str | None = None
    groups: tuple[str, ...] | None = None
    enabled: bool | None = None


async def get(services: Services, actor: Actor, user_id: str) -> User:
    """One person.

    Raises:
        Forbidden: without any of the permissions that begin with finding a person.
        NotFound: there is none with this id.
    """
    require(actor, *FINDERS)
    return await services.database.read.users.by_id(user_id)


async def named(services: Services, actor: Actor, user_ids: Sequence[str]) -> list[User]:
    """Those of these people that exist, in the order of their user names.

    Raises:
        Forbidden: without any of the permissions that begin with finding a person.
    """
    require(actor, *FINDERS)
    return await services.database.read.users.by_ids(user_ids)


async def search(
    services: Services,
    actor: Actor,
    query: str = "",
    *,
    cursor: str | None = None,
    limit: int = 50,
    permission: Permission | None = None,
    enabled: bool | None = None,
    among: Among | None = None,
) -> Page[User]:
    """People by the beginning of any word of user name, address or display name.

    Raises:
        Forbidden: without any of the permissions that begin with finding a person.
    """
    require(actor, *FINDERS)
    return await services.database.read.users.search(
        query, cursor=cursor, limit=limit, has_permission=permission, enabled=enabled, among=among
    )


async def create(services: Services, actor: Actor, candidate: Candidate, now: float) -> User:
    """Add a person.

    Raises:
        Forbidden: without ``users.manage``; with permissions for the person, without ``permissions.grant``.
        RefusedAll: details or password break rules.
        AlreadyExists: the name or the address is somebody's.
    """
    require(actor, Permission.USERS_MANAGE)
    if candidate.permissions:
        require(actor, Permission.PERMISSIONS_GRANT)
    checked = check(candidate)
    prepared = None
    if candidate.password is not None:
        policy = (await services.database.read.policies.read()).password
        names = (checked.username, checked.email, checked.display_name)
        prepared = await given_passwords.prepare(services, candidate.password, policy, names)
    new = NewUser(
        id=new_id(),
        username=checked.username,
        email=checked.email,
        display_name=checked.display_name,
        groups=checked.groups,
        permissions=checked.permissions,
        created_at=now,
        enabled=checked.enabled,
        password_hash=None if prepared is None else prepared.hash,
        password_strength=None if prepared is None else prepared.strength,
        change_required=candidate.must_change,
    )
    async with services.database.transaction() as tables:
        user = await tables.users.add(new)
        if checked.recovery_email is not None:
            user = await tables.users.update(new.id, recovery_email=checked.recovery_email)
            await recovery_address.send_link(services, tables, user, now)
        await audit.record(tables, actor, "user.create", now, target=user.facts, details=described(new))
    return user


async def change(services: Services, actor: Actor, user_id: str, wanted: Wanted, now: float) -> User:
    """Change a person's details; somebody whose account is closed is signed out.

    Raises:
        Forbidden: without ``users.manage``, or on a person who holds more.
        NotFound: there is no such person.
        RefusedAll: a detail breaks a rule.
        AlreadyExists: the address is somebody else's.
        LastHolder: nobody else could grant permissions any more.
    """
    require(actor, Permission.USERS_MANAGE)
    ended_from = None
    async with services.database.transaction() as tables:
        before = after = await tables.users.by_id(user_id)
        require_over(actor, before)
        changed = changes_of(before, check_wanted(wanted, before.facts.username))
        if changed is not None:
            after = await tables.users.update(
                user_id,
                email=changed.email,
                display_name=changed.display_name,
                recovery_email=changed.recovery_email,
                groups=changed.groups,
            )
            done: dict[str, object] = {"before": _recorded(before, changed), "after": _recorded(after, changed)}
            await audit.record(tables, actor, "user.change", now, target=before.facts, details=done)
            if changed.email is not None:
                told = {"old": before.facts.email, "new": after.facts.email}
                await mails.tell(services, tables, MailKind.ADDRESS_CHANGED, before, now, details=told)
            await recovery_address.changed(services, tables, before, after, now)
        if wanted.enabled is not None and wanted.enabled != before.facts.enabled:
            after = await tables.users.set_enabled(user_id, wanted.enabled)
            action = "user.enable" if wanted.enabled else "user.disable"
            await audit.record(tables, actor, action, now, target=before.facts)
            if not wanted.enabled:
                ended_from = await sessions.mark_all_ended(services, tables, user_id, now)
    if ended_from is not None:
        await sessions.drop_all(services, user_id, ended_from)
    if after.facts.version != before.facts.version:
        await changes.owner_changed(services, after.facts)
    return after


async def delete(services: Services, actor: Actor, user_id: str, now: float) -> None:
    """Delete a person and what belongs to them; their sessions end. What the log says of them stays.

    Raises:
        Forbidden: without ``users.manage``, or on a person who holds more.
        NotFound: there is no such person.
        LastHolder: nobody else could grant permissions any more.
    """
    require(actor, Permission.USERS_MANAGE)
    async with services.database.transaction() as tables:
        user = await tables.users.by_id(user_id)
        require_over(actor, user)
        ended_from = await sessions.mark_all_ended(services, tables, user_id, now)
        await tables.users.delete(user_id)
        await audit.record(tables, actor, "user.delete", now, target=user.facts, details={"email": user.facts.email})
    await sessions.drop_all(services, user_id, ended_from)


def check(candidate: Candidate) -> Candidate:
    """The candidate with every detail in its stored spelling.

    Raises:
        RefusedAll: every detail that breaks a rule.
    """
    faults: list[Refused] = []
    username = _try(lambda: details.username(candidate.username), "", faults)
    email = _try(lambda: details.email(candidate.email), "", faults)
    shown = _try(lambda: details.display_name(candidate.display_name, username), "", faults)
    groups = _try(lambda: details.groups(candidate.groups), candidate.groups, faults)
    recovery = candidate.recovery_email
    if recovery is not None:
        recovery = _try(lambda: details.email(recovery or "", "recovery_email"), "", faults)
    raise_all(faults)
    return Candidate(
        username=username,
        email=email,
        display_name=shown,
        recovery_email=recovery,
        groups=groups,
        permissions=candidate.permissions,
        enabled=candidate.enabled,
        password=candidate.password,
        must_change=candidate.must_change,
    )


def described(new: NewUser) -> dict[str, object]:
    """A new person as the audit log keeps them."""
    return {
        "email": new.email,
        "display_name": new.display_name,
        "groups": list(new.groups),
        "permissions": [permission.value for permission in in_order(new.permissions)],
        "enabled": new.enabled,
    }


def facts_of(new: NewUser) -> OwnerFacts:
    """The facts of somebody who is being added, as far as the audit log needs them."""
    return OwnerFacts(new.id, new.username, new.email, new.display_name, new.groups, new.permissions, new.enabled)


def check_wanted(wanted: Wanted, username: str) -> Wanted:
    """The wanted details in their stored spellings.

    Raises:
        RefusedAll: every detail that breaks a rule.
    """
    faults: list[Refused] = []
    email, shown, recovery, groups = wanted.email, wanted.display_name, wanted.recovery_email, wanted.groups
    if email is not None:
        email = _try(lambda: details.email(wanted.email or ""), "", faults)
    if shown is not None:
        shown = _try(lambda: details.display_name(wanted.display_name or "", username), "", faults)
    if recovery:
        recovery = _try(lambda: details.email(wanted.recovery_email or "", "recovery_email"), "", faults)
    if groups is not None:
        groups = _try(lambda: details.groups(wanted.groups or ()), groups, faults)
    raise_all(faults)
    return Wanted(email, shown, recovery, groups, wanted.enabled)


def changes_of(user: User, wanted: Wanted) -> Wanted | None:
    """Only what differs from how the person stands; ``None`` where no detail does."""
    facts = user.facts
    changed = Wanted(
        email=None if wanted.email == facts.email else wanted.email,
        display_name=None if wanted.display_name == facts.display_name else wanted.display_name,
        recovery_email=None if wanted.recovery_email == (user.recovery_email or "") else wanted.recovery_email,
        groups=None if wanted.groups == facts.groups else wanted.groups,
    )
    return None if changed == Wanted() else changed


def _recorded(user: User, changed: Wanted) -> dict[str, object]:
    """The changed details of a person, as the audit log keeps them."""
    facts = user.facts
    standing = {
        "email": facts.email,
        "display_name": facts.display_name,
        "recovery_email": user.recovery_email,
        "groups": list(facts.groups),
    }
    return {name: value for name, value in standing.items() if getattr(changed, name) is not None}


def _try(rule: Callable[[], T], instead: T, faults: list[Refused]) -> T:
    try:
        return rule()
    except Refused as fault:
        faults.append(fault)
        return instead
