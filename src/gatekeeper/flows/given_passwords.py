"""Passwords that somebody else chooses for a person: they follow the same policy as those that people choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.domain import passwords
from gatekeeper.domain.errors import Refused
from gatekeeper.domain.model import Permission
from gatekeeper.domain.wording import N_
from gatekeeper.flows import audit, changes, mails, sessions
from gatekeeper.flows.acting import require, require_over
from gatekeeper.flows.mails import MailKind
from gatekeeper.flows.refusals import raise_all
from gatekeeper.store.links import Purpose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.domain.model import PasswordPolicy, Strength, User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

FIELD = "new_password"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A password that may be stored: its hash, and the level that it met."""

    hash: str
    strength: Strength


async def prepare(
    services: Services, password: str, policy: PasswordPolicy, names: tuple[str, ...], history: Sequence[str] = ()
) -> Prepared:
    """Judge and hash a password, outside any transaction: hashing takes its time.

    Args:
        services: for the hashing.
        password: as it was typed.
        policy: the policy in force.
        names: the person's user name, address and display name.
        history: hashes of the passwords that it must differ from.

    Raises:
        RefusedAll: every rule that it breaks (field ``new_password``).
        Unavailable: the hashing is overrun.
    """
    raise_all([Refused(f.code, f.message, FIELD) for f in passwords.check(password, policy.strength, names=names)])
    normal = passwords.normalise(password)
    for earlier in history:
        if (await services.hasher.verify(earlier, normal, password)).ok:
            fault = passwords.reused()
            raise_all([Refused(fault.code, N_("This password was used before. Choose a new one."), FIELD)])
    return Prepared(await services.hasher.hash(normal), passwords.strength_of(password) or policy.strength)


async def set_password(
    services: Services, actor: Actor, user_id: str, password: str, *, must_change: bool, now: float
) -> User:
    """Give a person a password. All their sessions end.

    Args:
        services: the stores.
        actor: who gives it.
        user_id: who gets it.
        password: as it was typed.
        must_change: whether they owe one of their own at the next sign-in.
        now: the time.

    Raises:
        Forbidden: without ``users.manage``, or on a person who holds more.
        NotFound: there is no such person.
        RefusedAll: the password breaks rules.
    """
    require(actor, Permission.USERS_MANAGE)
    read = services.database.read
    user = await read.users.by_id(user_id)
    require_over(actor, user)
    policy = (await read.policies.read()).password
    history = await read.passwords.history(user_id, policy.forbid_last) if policy.forbid_last else []
    facts = user.facts
    names = (facts.username, facts.email, facts.display_name)
    prepared = await prepare(services, password, policy, names, history)
    async with services.database.transaction() as tables:
        require_over(actor, await tables.users.by_id(user_id))
        after = await tables.passwords.set(user_id, prepared.hash, prepared.strength, now, must_change=must_change)
        await tables.devices.forget_all(user_id)
        await tables.links.drop(user_id, Purpose.RESET)
        ended_from = await sessions.mark_all_ended(services, tables, user_id, now)
        details: dict[str, object] = {"must_change": must_change}
        await audit.record(tables, actor, "user.password.set", now, target=facts, details=details)
        await mails.tell(services, tables, MailKind.PASSWORD_SET, user, now, details=details)
    await sessions.drop_all(services, user_id, ended_from)
    await changes.owner_changed(services, after.facts)
    return after


async def require_change(services: Services, actor: Actor, user_id: str, now: float) -> User:
    """Ask one person for a new password, now: at their next request, if they are signed in.

    Raises:
        Forbidden: without ``users.manage``, or on a person who holds more.
        NotFound: there is no such person.
    """
    require(actor, Permission.USERS_MANAGE)
    async with services.database.transaction() as tables:
        user = await tables.users.by_id(user_id)
        require_over(actor, user)
        after = await tables.passwords.require_change(user_id)
        await audit.record(tables, actor, "user.password.require-change", now, target=user.facts)
    await changes.owner_changed(services, after.facts)
    return after
