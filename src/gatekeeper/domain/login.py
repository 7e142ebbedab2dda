"""The order of a sign-in: facts in, next step out. Nothing else anywhere decides what page comes next.

    username and password -> code, if an authenticator is enrolled
    (or a one-time link)  -> new password, if the old one has expired, a change is demanded, or a link led here
                          -> enrolment, if two-step verification applies and there is no authenticator
                          -> recovery codes, after an enrolment, until they are saved
                          -> notice, once, when the password expires soon
                          -> done

The code comes before the new password: a thief with an old, expired password, or with a link out of somebody's mailbox,
must not get past an enrolled authenticator. A trusted device stands in for the code beside the password alone. What a
person owes follows from facts, policy and time alone, so a change of policy reaches people who are already signed in
without touching their sessions.
"""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.domain.model import Attempt, Method, OwnerFacts, PasswordPolicy, Step

PROOF_AGE = 600.0
"""Seconds for which a proof is good enough to change something with; older ones are asked for again."""

DAY = 86_400.0
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class SignInFacts:
    """All that the order of steps depends on.

    ``link_proven``: a one-time link stands in for the password, until a new one is stored. ``code_proven`` is true as
    well where a trusted device stands in for the code and nobody asked for a real one.
    """

    password_proven: bool = False
    link_proven: bool = False
    enrolled: bool = False
    code_proven: bool = False
    password_owed: bool = False
    two_factor_owed: bool = False
    recovery_codes_pending: bool = False
    notice_due: bool = False


def next_step(facts: SignInFacts) -> Step:
    """The one step that comes next.

    >>> next_step(SignInFacts())
    <Step.PASSWORD: 'password'>
    """
    rules = (
        (not (facts.password_proven or facts.link_proven), Step.PASSWORD),
        (facts.enrolled and not facts.code_proven, Step.CODE),
        (facts.password_owed or facts.link_proven, Step.NEW_PASSWORD),
        (facts.two_factor_owed and not facts.enrolled, Step.ENROL),
        (facts.recovery_codes_pending, Step.RECOVERY_CODES),
        (facts.notice_due, Step.NOTICE),
    )
    return next((step for due, step in rules if due), Step.DONE)


def facts_of(
    attempt: Attempt | None,
    owner: OwnerFacts | None,
    policy: PasswordPolicy,
    now: float,
    *,
    two_factor_applies: bool,
    device_trusted: bool = False,
    notice_shown: bool = False,
) -> SignInFacts:
    """What an attempt amounts to.

    Proofs are judged by their age when the attempt began, so none turns stale between two of its pages.

    Args:
        attempt: the attempt, or ``None`` before the password is proven.
        owner: the person's facts as they are now; ``None`` before the password is proven.
        policy: the password policy in force.
        now: the time.
        two_factor_applies: whether the policy's scope reaches this person.
        device_trusted: whether the device on which the attempt began stands in for the code.
        notice_shown: whether the person has been told already when this password expires.
    """
    if attempt is None or owner is None or attempt.expires_at <= now:
        return SignInFacts()
    fresh = {proof.method for proof in attempt.proofs if proof.at >= attempt.created_at - PROOF_AGE}
    code = bool(fresh & {Method.OTP, Method.RECOVERY_CODE})
    password, link = Method.PASSWORD in fresh, Method.LINK in fresh
    return SignInFacts(
        password_proven=password,
        link_proven=link,
        enrolled=owner.enrolled,
        code_proven=code or (device_trusted and password and not link and not attempt.second_factor_wanted),
        password_owed=password_owed(owner, policy, now) or attempt.change_wanted,
        two_factor_owed=two_factor_applies or attempt.second_factor_wanted,
        recovery_codes_pending=owner.recovery_codes_pending,
        notice_due=expires_soon(owner, policy, now) and not (attempt.notice_seen or notice_shown),
    )


def password_expires_at(owner: OwnerFacts, policy: PasswordPolicy) -> float | None:
    """When the person's password expires; ``None`` where passwords never do."""
    return None if policy.expiry_days is None else owner.password_changed_at + policy.expiry_days * DAY


def password_owed(owner: OwnerFacts, policy: PasswordPolicy, now: float) -> bool:
    """Whether a new password is due: asked for from this person, from everybody, or because the old one expired."""
    if owner.change_required:
        return True
    if policy.change_demanded_at is not None and owner.password_changed_at < policy.change_demanded_at:
        return True
    expires_at = password_expires_at(owner, policy)
    return expires_at is not None and expires_at <= now


def expires_soon(owner: OwnerFacts, policy: PasswordPolicy, now: float) -> bool:
    """Whether the password is within ``warn_days`` of its end, and not past it."""
    expires_at = password_expires_at(owner, policy)
    return expires_at is not None and expires_at - policy.warn_days * DAY <= now < expires_at


def owed(owner: OwnerFacts, policy: PasswordPolicy, now: float, *, two_factor_applies: bool) -> Step | None:
    """What somebody who is signed in owes before anything else opens: a new password, an enrolment, or nothing."""
    if password_owed(owner, policy, now):
        return Step.NEW_PASSWORD
    if two_factor_applies and not owner.enrolled:
        return Step.ENROL
    return None


def owed_until(owner: OwnerFacts, policy: PasswordPolicy, now: float) -> float:
    """The next instant at which :func:`owed` may change by time alone; infinity where it cannot."""
    expires_at = password_expires_at(owner, policy)
    return NEVER if expires_at is None or expires_at <= now else expires_at
