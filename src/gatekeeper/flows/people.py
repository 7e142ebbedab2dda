"""Accounts: finding them, adding one, changing its details, closing and deleting it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gatekeeper.crypto.tokens import new_id
from gatekeeper.domain.errors import AlreadyExists, Refused
from gatekeeper.domain.model import NewUser, OwnerFacts, Permission
from gatekeeper.domain.names import canonical_name
from gatekeeper.domain.permissions import in_order
from gatekeeper.flows import audit, changes, details, given_passwords, sessions
from gatekeeper.flows.acting import require, require_over
from gatekeeper.flows.refusals import raise_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gatekeeper.domain.model import User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables
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


async def get(services: Services, actor: Actor, user_id: str) -> User:
    """One person.

    Raises:
        Forbidden: without any of the permissions that begin with finding a person.
        NotFound: there is none with this id.
    """
    require(actor, *FINDERS)
    return await services.database.read.users.by_id(user_id)


async def search(
    services: Services,
    actor: Actor,
    query: str = "",
    *,
    cursor: str | None = None,
    limit: int = 50,
    permission: Permission | None = None,
    enabled: bool | None = None,
) -> Page[User]:
    """People by the beginning of any word of user name, address or display name.

    Raises:
        Forbidden: without any of the permissions that begin with finding a person.
    """
    require(actor, *FINDERS)
    return await services.database.read.users.search(
        query, cursor=cursor, limit=limit, has_permission=permission, enabled=enabled
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
        await add(tables, new, checked.recovery_email)
        user = await tables.users.by_id(new.id)
        await audit.record(tables, actor, "user.create", now, target=user.facts, details=described(new))
    return user


async def add(tables: Tables, new: NewUser, recovery_email: str | None = None) -> None:
    """Store a person whose names nobody else has, neither as a user name nor as an address.

    Raises:
        AlreadyExists: the name or the address is somebody's.
    """
    await refuse_taken(tables, new.username, "username")
    await refuse_taken(tables, new.email, "email")
    await tables.users.add(new)
    if recovery_email is not None:
        await tables.users.update(new.id, recovery_email=recovery_email)


async def change(services: Services, actor: Actor, user_id: str, wanted: Mapping[str, object], now: float) -> User:
    """Change a person's details.

    Args:
        services: the stores.
        actor: who asks.
        user_id: whose details.
        wanted: only what shall change, out of ``email``, ``display_name``, ``recovery_email``, ``groups``, ``enabled``.
        now: the time.

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
        before = await tables.users.by_id(user_id)
        require_over(actor, before)
        changed = _changed(before, wanted)
        if "email" in changed:
            await refuse_taken(tables, str(changed["email"]), "email", but=user_id)
        enabled = changed.pop("enabled", None)
        if changed:
            await tables.users.update(user_id, **changed)
            done = {"before": {name: _standing(before)[name] for name in changed}, "after": dict(changed)}
            await audit.record(tables, actor, "user.change", now, target=before.facts, details=done)
        if enabled is not None:
            await tables.users.set_enabled(user_id, bool(enabled))
            action = "user.enable" if enabled else "user.disable"
            await audit.record(tables, actor, action, now, target=before.facts)
        if enabled is False:
            ended_from = await sessions.mark_all_ended(services, tables, user_id, now)
        after = await tables.users.by_id(user_id)
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
    groups = _try(lambda: details.groups(candidate.groups), (), faults)
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


async def refuse_taken(tables: Tables, name: str, field: str, but: str | None = None) -> None:
    """Refuse a name that leads to somebody else already, be it as their user name or as their address.

    Raises:
        AlreadyExists: it does.
    """
    holder = await tables.users.by_login(canonical_name(name))
    if holder is not None and holder.id != but:
        raise AlreadyExists(field)


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


def _changed(user: User, wanted: Mapping[str, object]) -> dict[str, object]:
    """What would really change, each value in its stored spelling.

    Raises:
        RefusedAll: every detail that breaks a rule.
    """
    faults: list[Refused] = []
    rules: dict[str, Callable[[object], object]] = {
        "email": lambda value: details.email(str(value)),
        "display_name": lambda value: details.display_name(str(value), user.facts.username),
        "recovery_email": lambda value: None if value is None else details.email(str(value), "recovery_email"),
        "groups": lambda value: details.groups(_as_texts(value)),
        "enabled": bool,
    }
    found: dict[str, object] = {}
    for name, value in wanted.items():
        found[name] = _try(lambda rule=rules[name], value=value: rule(value), None, faults)  # type: ignore[misc]
    raise_all(faults)
    standing = _standing(user)
    return {name: value for name, value in found.items() if standing[name] != value}


def _as_texts(value: object) -> Sequence[str]:
    return value if isinstance(value, list | tuple) else ()


def _standing(user: User) -> dict[str, object]:
    facts = user.facts
    return {
        "email": facts.email,
        "display_name": facts.display_name,
        "recovery_email": user.recovery_email,
        "groups": facts.groups,
        "enabled": facts.enabled,
    }


def _try(rule: Callable[[], T], instead: T, faults: list[Refused]) -> T:
    try:
        return rule()
    except Refused as fault:
        faults.append(fault)
        return instead
