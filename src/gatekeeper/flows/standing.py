"""Where somebody stands in a sign-in: the facts of their attempt, and the one step that follows from them.

Each page begins here. An attempt is worth nothing any more once its person is disabled, their sessions were ended
after its last proof, or the session whose proofs it took over is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_token
from gatekeeper.domain.errors import Conflict, GatekeeperError, NotFound
from gatekeeper.domain.login import expires_soon, facts_of, next_step
from gatekeeper.domain.model import Attempt, Method, Policies, Step
from gatekeeper.flows import devices, expiry_notices

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.domain.model import Client, Session, User
    from gatekeeper.flows.services import Services

LIFETIME = 600.0
"""Seconds that an attempt lasts after its first proof."""

BEGINNINGS = frozenset({Method.PASSWORD, Method.LINK})
"""What an attempt can begin with."""

MOST_CODE_FAILURES = 5
RACES = 5


EXPIRED, CODES, CHANGED = "expired", "codes", "changed"
"""Why an attempt is over: by time or otherwise; by too many wrong codes; by a change of the password."""


class AttemptEnded(GatekeeperError):
    """The attempt is over; signing in begins anew. ``reason`` is one of those above."""

    def __init__(self, reason: str = EXPIRED) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Standing:
    """An attempt as it stands, with the facts from which its step follows.

    ``epoch`` is the policy epoch at which ``applies`` (two-step verification reaches the person) was looked up.
    """

    attempt: Attempt
    user: User
    policies: Policies
    epoch: int
    applies: bool
    step: Step

    @property
    def ask_current(self) -> bool:
        """Whether a new password needs the current one too: this attempt did not begin with it, nor with a link."""
        return not any(
            proof.method in BEGINNINGS and proof.at >= self.attempt.created_at for proof in self.attempt.proofs
        )

    @property
    def by_link(self) -> bool:
        """Whether a one-time link stands in for the password."""
        return any(proof.method is Method.LINK for proof in self.attempt.proofs)


async def stand(services: Services, token: str, now: float) -> Standing:
    """Where the attempt of a token stands.

    Raises:
        AttemptEnded: there is none, or it is worth nothing any more.
        Unavailable: a store does not answer.
    """
    attempt = await services.attempts.get(digest(token))
    if attempt is None or attempt.expires_at <= now:
        raise AttemptEnded
    return await weigh(services, attempt, now)


async def weigh(services: Services, attempt: Attempt, now: float) -> Standing:
    """Where an attempt stands, by what PostgreSQL says of its person now.

    Raises:
        AttemptEnded: it is worth nothing any more.
    """
    read = services.database.read
    try:
        user = await read.users.by_id(attempt.user_id)
    except NotFound:
        raise AttemptEnded from None
    outdated = is_outdated(attempt, user)
    if not user.facts.enabled or outdated or not await _has_its_session(services, attempt):
        await services.attempts.delete(attempt.id)
        changed = outdated and user.facts.password_changed_at >= _latest(attempt)
        raise AttemptEnded(CHANGED if changed else EXPIRED)
    policies = await read.policies.read()
    epoch, applies = await read.policies.applies_to(user.id)
    soon = expires_soon(user.facts, policies.password, now)
    facts = facts_of(
        attempt,
        user.facts,
        policies.password,
        now,
        two_factor_applies=applies,
        device_trusted=attempt.trusted_device is not None
        and await devices.still_stands_in(services, user.id, attempt.trusted_device, policies, now),
        notice_shown=soon and await expiry_notices.was_shown(services, user.facts, policies.password),
    )
    return Standing(attempt, user, policies, epoch, applies, next_step(facts))


async def begin_from_session(
    services: Services, session: Session, following: str, client: Client, now: float, *, second_factor_wanted: bool
) -> tuple[str, Standing]:
    """Begin an attempt for somebody who is signed in and owes something: it takes over the proofs with their times.

    A device stands in for the code only where it did in that session, and is trusted even now.

    Returns:
        the token for the cookie, and where the attempt stands.
    """
    token = new_token()
    device = await devices.known(services, session.owner.user_id, client) if session.trusted_device else None
    attempt = Attempt(
        id=digest(token),
        user_id=session.owner.user_id,
        created_at=now,
        expires_at=now + LIFETIME,
        proofs=session.proofs,
        next=following,
        from_session=session.id,
        second_factor_wanted=second_factor_wanted,
        trusted_device=None if device is None else device.digest,
    )
    await services.attempts.create(attempt)
    return token, await weigh(services, attempt, now)


async def amend(services: Services, attempt: Attempt, change: Callable[[Attempt], Attempt]) -> Attempt:
    """Change facts of an attempt however often another tab changes it first.

    Raises:
        AttemptEnded: it is gone.
    """
    for _ in range(RACES):
        try:
            return await services.attempts.update(change(attempt))
        except Conflict:
            current = await services.attempts.get(attempt.id)
            if current is None:
                raise AttemptEnded from None
            attempt = current
    raise AttemptEnded


async def notice_seen(services: Services, standing: Standing, now: float, *, change: bool) -> Attempt:
    """Note that the person has read when their password expires: they are not told again, whenever they sign in.

    Args:
        services: the stores.
        standing: where the attempt stands.
        now: the time.
        change: whether they want to change it now; the next step is then the new password.
    """
    await expiry_notices.note_shown(services, standing.user.facts, standing.policies.password, now)
    return await amend(
        services, standing.attempt, lambda attempt: replace(attempt, notice_seen=True, change_wanted=change)
    )


async def change_later(services: Services, standing: Standing) -> Attempt:
    """Note that a person who wanted to change their password, though none is due yet, does not any more."""
    return await amend(services, standing.attempt, lambda attempt: replace(attempt, change_wanted=False))


async def want_second_factor(services: Services, standing: Standing, now: float) -> Standing:
    """Note that where the person is going a code is asked for."""
    attempt = await amend(services, standing.attempt, lambda current: replace(current, second_factor_wanted=True))
    return await weigh(services, attempt, now)


def is_outdated(attempt: Attempt, user: User) -> bool:
    """Whether everything that the person had begun was ended after the last proof of an attempt."""
    return _latest(attempt) < user.sessions_valid_from


def _latest(attempt: Attempt) -> float:
    return max(proof.at for proof in attempt.proofs)


async def _has_its_session(services: Services, attempt: Attempt) -> bool:
    if not takes_over(attempt):
        return True
    session = await services.sessions.get(attempt.from_session or "")
    return session is not None and not services.node.is_ended(session)


def takes_over(attempt: Attempt) -> bool:
    """Whether an attempt counts on proofs given before it began, and so on a session that must still stand."""
    return attempt.from_session is not None and any(proof.at < attempt.created_at for proof in attempt.proofs)
