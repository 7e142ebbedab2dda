"""Passwords: proving one, and choosing a new one under the policy.

The work of proving is the same for an unknown, a disabled and a locked name and for a wrong password: the same
queries, the same counters, one verification.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from gatekeeper.domain import names, passwords
from gatekeeper.domain.errors import Refused, Unavailable
from gatekeeper.domain.wording import N_, together
from gatekeeper.flows import changes, devices, throttling
from gatekeeper.flows.events import FAILED, event
from gatekeeper.flows.throttling import Kind

if TYPE_CHECKING:
    from gatekeeper.crypto.hashing import Verified
    from gatekeeper.domain.model import Client, PasswordPolicy, Strength, User
    from gatekeeper.flows.services import Services
    from gatekeeper.store.devices import Device

log = structlog.get_logger()

WRONG = N_("That user name and password do not go together. Check both and try again.")
WRONG_CURRENT = N_("That is not your current password. Try again.")
NO_NAME = " "
"""A name that nobody can have; asked for in place of one that cannot be stored."""

LONGEST_TYPED = 4 * passwords.MAX_LENGTH
KEPT = 24


@dataclass(frozen=True, slots=True)
class Proven:
    """Somebody whose password was right, and the device they gave it on, if it is known to be theirs."""

    user: User
    device: Device | None


async def prove(services: Services, username: str, password: str, client: Client, now: float) -> Proven:
    """Check a name and a password as they were typed.

    Raises:
        Refused: ``name-missing``, ``password-missing``, or ``wrong`` in the same words whatever was wrong.
        Throttled: too many failures lately; nothing was checked.
        Unavailable: a store or the hashing does not answer.
    """
    name = names.canonical_name(_legible(username[: 2 * names.MAX_NAME]))
    if not name:
        raise Refused("name-missing", N_("Enter your user name or e-mail address."), "username")
    if not password:
        raise Refused("password-missing", N_("Enter your password."), "password")
    async with services.turns.take(f"password:{name}"):
        return await _prove(services, name, _legible(password), client, now)


async def _prove(services: Services, name: str, password: str, client: Client, now: float) -> Proven:
    user = await services.database.read.users.by_login(name if _storable(name) else NO_NAME)
    device = await devices.known(services, None if user is None else user.id, client)
    person = name if user is None else names.canonical_name(user.facts.username)
    who = throttling.guesser(Kind.PASSWORD, person, client.address, None if device is None else device.digest)
    await throttling.check(services, who, now)
    stored = await services.database.read.passwords.current(devices.NOBODY if user is None else user.id)
    open_to_them = user is not None and user.facts.enabled and (user.locked_at is None or device is not None)
    right = await _matches(services, stored.hash if stored is not None and open_to_them else None, password)
    if user is None or stored is None or not right.ok:
        await _count(services, who, user, password, client=client, now=now)
        raise Refused("wrong", WRONG)
    await throttling.proven(services, who)
    if right.outdated or stored.strength is None:
        await _rehash(services, user, stored.hash, password)
    return Proven(user, device)


async def prove_current(services: Services, user: User, password: str, client: Client, now: float) -> None:
    """Check the current password of somebody who is signed in already; their failures are counted apart.

    Raises:
        Refused: it is missing or wrong (field ``current_password``).
        Throttled: too many failures lately.
    """
    if not password:
        raise Refused("password-missing", N_("Enter your current password."), "current_password")
    who = throttling.guesser(Kind.PASSWORD, names.canonical_name(user.facts.username), client.address, "signed in")
    async with services.turns.take(f"current:{user.id}"):
        await throttling.check(services, who, now)
        stored = await services.database.read.passwords.current(user.id)
        if (await _matches(services, None if stored is None else stored.hash, password)).ok:
            await throttling.proven(services, who)
            return
        await _count(services, who, user, password, client=client, now=now)
    raise Refused("wrong", WRONG_CURRENT, "current_password")


async def choose(services: Services, user: User, policy: PasswordPolicy, new: str, again: str) -> tuple[str, Strength]:
    """Judge a new password and hash it.

    Returns:
        the hash, and the highest level that the password meets.

    Raises:
        Refused: it is missing, breaks a rule, was used before, or differs from its repetition.
    """
    if not new:
        raise Refused("password-missing", N_("Enter a new password."), "new_password")
    new, again = _legible(new), _legible(again)
    facts = user.facts
    faults = passwords.check(new, policy.strength, names=(facts.username, facts.email, facts.display_name))
    if faults:
        raise Refused(faults[0].code, together(fault.message for fault in faults), "new_password")
    if new != again:
        raise Refused("differs", N_("The two new passwords differ. Type the same one twice."), "new_password_again")
    history = await services.database.read.passwords.history(user.id, max(1, policy.forbid_last))
    for earlier in history:
        if (await _matches(services, earlier, new)).ok:
            raise Refused("reused", passwords.reused().message, "new_password")
    strength = passwords.strength_of(new) or policy.strength
    return await services.hasher.hash(passwords.normalise(new)), strength


def _legible(text: str) -> str:
    """Text without halves of characters, which no encoding can carry."""
    return text.encode("utf-8", "replace").decode()


def _storable(name: str) -> bool:
    try:
        names.stored_name(name)
    except ValueError:
        return False
    return True


async def _matches(services: Services, stored: str | None, password: str) -> Verified:
    if len(password) > LONGEST_TYPED:
        return await services.hasher.verify(None, "")
    return await services.hasher.verify(stored, passwords.normalise(password), password)


async def _count(
    services: Services, who: throttling.Guesser, user: User | None, password: str, *, client: Client, now: float
) -> None:
    """Count a failure and record it; what is written does not depend on whose name it was."""
    lock = await throttling.failed(services, who, password, now)
    facts = None if user is None else user.facts
    async with services.database.transaction() as tables:
        locked = lock and await tables.users.set_locked(who.person, now)
        details: dict[str, object] = {"step": "password", "locked": bool(locked)}
        await tables.audit.add(event("sign-in.failed", now, client, facts, outcome=FAILED, details=details))


async def _rehash(services: Services, user: User, old: str, password: str) -> None:
    """Store the hash anew as it is made today, with the level that the password meets; the sign-in goes on if not."""
    normal = passwords.normalise(password)
    try:
        new = await services.hasher.hash(normal)
        async with services.database.transaction() as tables:
            await tables.passwords.rehash(user.id, old, new, passwords.strength_of(normal))
        changed = await services.database.read.users.by_id(user.id)
    except Unavailable as error:
        log.warning("passwords.not_rehashed", user_id=user.id, reason=str(error))
        return
    if changed.facts.version != user.facts.version:
        await changes.owner_changed(services, changed.facts)
