"""Changing one's own password: the mandatory change within a sign-in, and the voluntary one of somebody signed in.

Every other session of the person ends with it, and so does every attempt that began before. No device stands in for
the code any more, and links to a new password that lie in some mailbox are void. One's own link opens a closed name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_token
from gatekeeper.domain.errors import Conflict, NotFound
from gatekeeper.domain.model import Method, Proof
from gatekeeper.domain.names import canonical_name
from gatekeeper.flows import changes, mails, passwords, sessions, throttling
from gatekeeper.flows.events import event
from gatekeeper.flows.mails import MailKind
from gatekeeper.flows.standing import AttemptEnded, amend
from gatekeeper.store.links import Purpose

if TYPE_CHECKING:
    from gatekeeper.domain.model import Attempt, Client, Session, Strength, User
    from gatekeeper.flows.services import Services
    from gatekeeper.flows.standing import Standing


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
        AttemptEnded: another tab was faster.
        Unavailable: a store or the hashing does not answer.
    """
    user, attempt = standing.user, standing.attempt
    if standing.ask_current:
        await passwords.prove_current(services, user, typed.current, client, now)
    new_hash, strength = await passwords.choose(services, user, standing.policies.password, typed.new, typed.again)
    proof = Proof(Method.PASSWORD, sessions.ending_at(user, now))
    others = tuple(given for given in attempt.proofs if given.method is not Method.PASSWORD)
    try:
        attempt = await services.attempts.update(
            replace(attempt, proofs=(proof, *others), from_session=None, change_wanted=False, notice_seen=True)
        )
    except Conflict:
        raise AttemptEnded from None
    changed, valid_from = await _write(services, user, (new_hash, strength), client, now, by_link=standing.by_link)
    if standing.by_link:
        await throttling.unlock(services, user)
    await _end_others(services, changed, valid_from)
    return await amend(services, attempt, _without_link) if standing.by_link else attempt


async def change_in_session(
    services: Services, session: Session, typed: Typed, client: Client, now: float
) -> tuple[str, Session]:
    """Set a new password for somebody who is signed in and gives the current one; their session gets a new id.

    Returns:
        the token for the session cookie, and the session.

    Raises:
        Refused: the current password is wrong, or the new one breaks a rule.
        Throttled: too many wrong current passwords.
        NotFound: the session ended meanwhile.
        Unavailable: a store or the hashing does not answer.
    """
    user = await services.database.read.users.by_id(session.owner.user_id)
    await passwords.prove_current(services, user, typed.current, client, now)
    policies = await services.database.read.policies.read()
    new_hash, strength = await passwords.choose(services, user, policies.password, typed.new, typed.again)
    changed, begins = await _write(services, user, (new_hash, strength), client, now, session=session)
    token = new_token()
    others = tuple(given for given in session.proofs if given.method is not Method.PASSWORD)
    fresh = replace(
        session,
        id=digest(token),
        owner=changed.facts,
        created_at=begins,
        last_seen_at=now,
        proofs=(Proof(Method.PASSWORD, begins), *others),
        csrf_secret=new_token(),
    )
    try:
        await services.sessions.replace(session.id, fresh)
    finally:
        await _end_others(services, changed, begins, but=fresh.id)
    stored = await services.sessions.get(fresh.id)
    if stored is None:
        raise NotFound
    return token, stored


def _without_link(attempt: Attempt) -> Attempt:
    """The attempt on the strength of the new password; until that is stored, the link asks for one."""
    return replace(attempt, proofs=tuple(proof for proof in attempt.proofs if proof.method is not Method.LINK))


async def _write(
    services: Services,
    user: User,
    new: tuple[str, Strength],
    client: Client,
    now: float,
    *,
    session: Session | None = None,
    by_link: bool = False,
) -> tuple[User, float]:
    """Write it down, with all that ends with it; before the commit nothing else has happened to anybody.

    Returns:
        the person as they are now, and the instant from which their sessions count.

    Raises:
        NotFound: the session in which they asked for it has ended meanwhile, by another tab's change for instance.
    """
    details: dict[str, object] = {"by": "link"} if by_link else {}
    async with services.database.transaction() as tables:
        changed = await tables.passwords.set(user.id, *new, now, must_change=False, keep=passwords.KEPT)
        if session is not None and session.created_at < changed.sessions_valid_from:
            raise NotFound
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


async def _end_others(services: Services, changed: User, valid_from: float, *, but: str | None = None) -> None:
    """After the commit: every session but one leaves Redis, and the facts of that one are those of now."""
    await sessions.drop_all(services, changed.id, valid_from, but=but)
    await changes.owner_changed(services, changed.facts)
