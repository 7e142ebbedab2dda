"""From the password to the session: an attempt begins with a right password and ends in a session when nothing is owed.

Handlers give proofs and ask where the person stands; ``domain.login.next_step`` alone says what comes next, and
:func:`finish` alone makes a session, at DONE.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_token
from gatekeeper.domain.errors import NotFound, Unavailable
from gatekeeper.domain.login import PROOF_AGE
from gatekeeper.domain.model import Attempt, Method, Proof, Session, Step
from gatekeeper.domain.names import canonical_name
from gatekeeper.flows import changes, devices, mails, passwords, throttling
from gatekeeper.flows.events import event
from gatekeeper.flows.mails import MailKind
from gatekeeper.flows.sessions import begins_at
from gatekeeper.flows.standing import LIFETIME, AttemptEnded, Standing, takes_over, weigh
from gatekeeper.flows.throttling import Kind

if TYPE_CHECKING:
    from gatekeeper.domain.model import Client
    from gatekeeper.flows.services import Services

FINISHING = 10.0
"""Seconds for which one tab has a sign-in's last step to itself, should it not say that it failed."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The end of a sign-in: the session, the token for its cookie, and the device cookie's value."""

    session: Session
    token: str
    device: str
    next: str


async def give_password(
    services: Services,
    username: str,
    password: str,
    client: Client,
    now: float,
    *,
    following: str,
    holder: Session | None = None,
    second_factor_wanted: bool = False,
) -> tuple[str, Standing]:
    """Begin an attempt by a right password.

    Args:
        services: the stores.
        username: a user name or address, as typed.
        password: as typed.
        client: who asks.
        now: the time.
        following: where the person wants to go.
        holder: the session that this browser holds; DONE replaces it, and its fresh code counts for the same person.
        second_factor_wanted: whether a code is asked for where they want to go.

    Returns:
        the attempt's token for the cookie, and where the attempt stands.

    Raises:
        Refused: the name or password is missing, or they do not go together.
        Throttled: too many failures lately.
        Unavailable: a store or the hashing does not answer.
    """
    proven = await passwords.prove(services, username, password, client, now)
    user = proven.user
    policies = await services.database.read.policies.read()
    trusted = proven.device if devices.stands_in(proven.device, policies, now) else None
    token = new_token()
    attempt = Attempt(
        id=digest(token),
        user_id=user.id,
        created_at=now,
        expires_at=now + LIFETIME,
        proofs=(Proof(Method.PASSWORD, begins_at(now, user.sessions_valid_from)), *_fresh_codes(holder, user.id, now)),
        next=following,
        from_session=None if holder is None else holder.id,
        second_factor_wanted=second_factor_wanted,
        trusted_device=None if trusted is None else trusted.digest,
    )
    await services.attempts.create(attempt)
    standing = await weigh(services, attempt, now)
    if standing.step is Step.ENROL and user.two_factor_owed_since is None:
        async with services.database.transaction() as tables:
            await tables.users.set_two_factor_owed_since(user.id, now)
    return token, standing


async def finish(services: Services, standing: Standing, client: Client, now: float) -> SignedIn:
    """Make the session of somebody who owes nothing any more; their attempt ends, and so does the session it replaces.

    The attempt ends only once the sign-in is written down, so a store that fails in the middle costs no more than
    another click. Of several tabs one goes ahead; should its process die, another may after :data:`FINISHING`.

    Raises:
        AttemptEnded: another tab finishes the same attempt, or has, or the session that it counted on is gone.
        Unavailable: a store does not answer.
    """
    if standing.step is not Step.DONE:
        raise AssertionError("a sign-in is finished only when nothing is owed")
    mark = f"finish:{standing.attempt.id}"
    if not await services.once.first(mark, FINISHING):
        raise AttemptEnded
    try:
        return await _finish(services, standing, client, now)
    except AttemptEnded:
        raise
    except BaseException:
        with suppress(Unavailable):
            await services.once.undo(mark)
        raise


async def _finish(services: Services, standing: Standing, client: Client, now: float) -> SignedIn:
    attempt, user = standing.attempt, standing.user
    earlier = await services.sessions.get(attempt.from_session) if attempt.from_session else None
    token = new_token()
    session = _session(services, standing, token, client=client, now=now, earlier=earlier)
    device = await devices.known(services, user.id, client)
    trust = devices.trust_of(attempt, standing.policies, now)
    async with services.database.transaction() as tables:
        await tables.users.record_sign_in(user.id, now, client.wishes)
        cookie = await devices.remember(tables, user.id, device, client, now, trust=trust)
        if trust is not None:
            await tables.audit.add(event("device.trusted", now, client, user.facts, details={"until": trust.until}))
        if earlier is not None:
            await tables.endings.end_session(earlier.id, earlier.owner.user_id, earlier.expires_at)
        await tables.audit.add(event("sign-in.succeeded", now, client, user.facts, details={"amr": list(session.amr)}))
        if trust is not None:
            await mails.tell(
                services, tables, MailKind.DEVICE_TRUSTED, user, now, client=client, details={"until": trust.until}
            )
        elif device is None and user.last_sign_in_at is not None:
            await mails.tell(services, tables, MailKind.NEW_DEVICE, user, now, client=client)
    if not await services.attempts.delete(attempt.id):
        raise AttemptEnded
    await _store(services, session, earlier, needs_earlier=takes_over(attempt))
    await throttling.forgive_address(
        services, throttling.guesser(Kind.PASSWORD, canonical_name(user.facts.username), client.address, None)
    )
    return SignedIn(session, token, cookie, attempt.next)


def _fresh_codes(holder: Session | None, user_id: str, now: float) -> tuple[Proof, ...]:
    """The codes given lately in a session of the same person; a new attempt may count on them."""
    if holder is None or holder.owner.user_id != user_id:
        return ()
    return tuple(
        proof for proof in holder.proofs if proof.method is not Method.PASSWORD and proof.at >= now - PROOF_AGE
    )


def _session(
    services: Services, standing: Standing, token: str, *, client: Client, now: float, earlier: Session | None
) -> Session:
    attempt, user = standing.attempt, standing.user
    begins = begins_at(now, user.sessions_valid_from)
    expires = begins + services.config.session.absolute_timeout
    if earlier is not None and standing.ask_current and earlier.owner.user_id == user.id:
        expires = min(expires, earlier.expires_at)
    given = {proof.method for proof in attempt.proofs}
    return Session(
        id=digest(token),
        owner=user.facts,
        created_at=begins,
        expires_at=expires,
        last_seen_at=now,
        proofs=attempt.proofs,
        csrf_secret=new_token(),
        address=client.address,
        user_agent=client.user_agent,
        scope_epoch=standing.epoch,
        two_factor_applies=standing.applies,
        trusted_device=attempt.trusted_device is not None and not given & {Method.OTP, Method.RECOVERY_CODE},
    )


async def _store(services: Services, session: Session, earlier: Session | None, *, needs_earlier: bool) -> None:
    """Put the session into Redis, in the place of the earlier one; then look whether its owner changed meanwhile."""
    if earlier is None:
        await services.sessions.create(session)
    else:
        services.node.note_ended((earlier.id,))
        try:
            await services.sessions.replace(earlier.id, session)
        except NotFound:
            if needs_earlier:
                raise AttemptEnded from None
            await services.sessions.create(session)
    try:
        current = await services.database.read.users.by_id(session.owner.user_id)
    except NotFound:
        await services.sessions.delete(session.id)
        raise AttemptEnded from None
    if current.facts.version != session.owner.version:
        await changes.owner_changed(services, current.facts)
