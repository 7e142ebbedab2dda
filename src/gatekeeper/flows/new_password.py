"""Changing one's own password: the mandatory change within a sign-in, and the voluntary one of somebody signed in.

Every other session of the person ends with it, and so does every attempt that began before. No device stands in for
the code any more, and links to a new password that lie in some mailbox are void. One's own link opens a closed name.

PostgreSQL is written first, and Redis hears of it after the commit: whatever fails before has changed nothing, and
whatever fails behind it costs a sign-in with the new password, which the person is told (:class:`SignInAgain`,
:data:`~gatekeeper.flows.standing.CHANGED`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from gatekeeper.crypto.tokens import digest, new_token
from gatekeeper.domain.errors import GatekeeperError, NotFound, Unavailable
from gatekeeper.domain.model import Method, Proof
from gatekeeper.domain.names import canonical_name
from gatekeeper.flows import changes, mails, passwords, sessions, throttling
from gatekeeper.flows.events import event
from gatekeeper.flows.mails import MailKind
from gatekeeper.flows.standing import CHANGED, AttemptEnded, amend, is_outdated
from gatekeeper.store.links import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.domain.model import Attempt, Client, Session, Strength, User
    from gatekeeper.flows.services import Services
    from gatekeeper.flows.standing import Standing

log = structlog.get_logger()

BEFORE = frozenset({Method.PASSWORD, Method.LINK})
"""Proofs in whose place the new password comes."""


class SignInAgain(GatekeeperError):
    """The new password is set, and the session in which that was asked for is over: signing in needs the new one."""


@dataclass(frozen=True, slots=True, repr=False)
class Typed:
    """What was typed into the form: the current password (empty where it is not asked for), and the new one twice."""

    current: str
    new: str
    again: str


async def change_in_attempt(
    services: Services, standing: Standing, typed: Typed, client: Client, now: float
) -> Attempt:
    """Set the new password that an attempt owes. The attempt goes on, on the strength of the new password.

    Raises:
        Refused: the current password is wrong where it is asked for, or the new one breaks a rule.
        Throttled: too many wrong current passwords.
        AttemptEnded: another tab was faster; or the new password is set, but the attempt could not be kept.
        Unavailable: a store or the hashing does not answer.
    """
    user, attempt = standing.user, standing.attempt
    if standing.ask_current:
        await passwords.prove_current(services, user, typed.current, client, now)
    new_hash, strength = await passwords.choose(services, user, standing.policies.password, typed.new, typed.again)

    def check(owner: User) -> None:
        if is_outdated(attempt, owner):
            raise AttemptEnded

    new = (new_hash, strength)
    changed, begins = await _write(services, user, new, client, now, check=check, by_link=standing.by_link)
    try:
        return await amend(services, attempt, lambda current: _on_its_strength(current, begins))
    except (AttemptEnded, Unavailable) as error:
        log.warning("passwords.changed_without_attempt", user_id=user.id, reason=str(error))
        raise AttemptEnded(CHANGED) from error
    finally:
        if standing.by_link:
            await _unlock(services, user)
        await _end_others(services, changed, begins)


async def change_in_session(
    services: Services, session: Session, typed: Typed, client: Client, now: float
) -> tuple[str, Session]:
    """Set a new password for somebody who is signed in and gives the current one; their session gets a new id.

    Returns:
        the token for the session cookie, and the session.

    Raises:
        Refused: the current password is wrong, or the new one breaks a rule.
        Throttled: too many wrong current passwords.
        NotFound: the session ended meanwhile, by another tab's change for instance; nothing is changed.
        SignInAgain: the new password is set, but the session could not be kept.
        Unavailable: a store or the hashing does not answer.
    """
    user = await services.database.read.users.by_id(session.owner.user_id)
    await passwords.prove_current(services, user, typed.current, client, now)
    policies = await services.database.read.policies.read()
    new_hash, strength = await passwords.choose(services, user, policies.password, typed.new, typed.again)

    def check(owner: User) -> None:
        if session.created_at < owner.sessions_valid_from:
            raise NotFound

    changed, begins = await _write(services, user, (new_hash, strength), client, now, check=check)
    token = new_token()
    fresh = replace(
        session,
        id=digest(token),
        owner=changed.facts,
        created_at=begins,
        last_seen_at=now,
        proofs=_proofs_with(session.proofs, begins),
        csrf_secret=new_token(),
    )
    kept = None
    try:
        await services.sessions.replace(session.id, fresh)
        stored = await services.sessions.get(fresh.id)
        kept = fresh.id
    except (NotFound, Unavailable) as error:
        log.warning("passwords.changed_without_session", user_id=user.id, reason=str(error))
        raise SignInAgain from error
    finally:
        await _end_others(services, changed, begins, but=kept)
    if stored is None:
        raise SignInAgain
    return token, stored


def _on_its_strength(attempt: Attempt, begins: float) -> Attempt:
    """The attempt on the strength of the new password. The session that it came from has ended, as all others have."""
    proofs = _proofs_with(attempt.proofs, begins)
    return replace(attempt, proofs=proofs, from_session=None, change_wanted=False, notice_seen=True)


def _proofs_with(proofs: tuple[Proof, ...], begins: float) -> tuple[Proof, ...]:
    return (Proof(Method.PASSWORD, begins), *(given for given in proofs if given.method not in BEFORE))


async def _write(
    services: Services,
    user: User,
    new: tuple[str, Strength],
    client: Client,
    now: float,
    *,
    check: Callable[[User], None],
    by_link: bool = False,
) -> tuple[User, float]:
    """Write it down, with all that ends with it; before the commit nothing else has happened to anybody.

    Args:
        services: the stores.
        user: whose password it is.
        new: the hash, and the level that the password meets.
        client: who asks.
        now: the time.
        check: raises if what the person asks for it with has ended meanwhile; nothing is written then.
        by_link: whether a one-time link led here.

    Returns:
        the person as they are now, and the instant from which their sessions count.
    """
    details: dict[str, object] = {"by": "link"} if by_link else {}
    async with services.database.transaction() as tables:
        changed = await tables.passwords.set(user.id, *new, now, must_change=False, keep=passwords.KEPT)
        check(changed)
        valid_from = await sessions.mark_all_ended(services, tables, user.id, now)
        await tables.devices.untrust_all(user.id)
        await tables.links.drop(user.id, Purpose.RESET)
        if by_link and await tables.users.set_locked(canonical_name(user.facts.username), None):
            details["unlocked"] = True
        await tables.audit.add(event("password.changed", now, client, user.facts, details=details))
        kind = MailKind.PASSWORD_RESET if by_link else MailKind.PASSWORD_CHANGED
        await mails.tell(services, tables, kind, user, now, client=client)
        changed = await tables.users.by_id(user.id)
    return changed, valid_from


async def _unlock(services: Services, user: User) -> None:
    """After the commit: what others guessed is forgotten; without Redis it wears off."""
    try:
        await throttling.unlock(services, user)
    except Unavailable as error:
        log.warning("throttle.not_cleared", user_id=user.id, reason=str(error))


async def _end_others(services: Services, changed: User, valid_from: float, *, but: str | None = None) -> None:
    """After the commit: every session but one leaves Redis, and the facts of that one are those of now."""
    await sessions.drop_all(services, changed.id, valid_from, but=but)
    await changes.owner_changed(services, changed.facts)
