"""Helping a person who is shut out: a lost telephone, a first enrolment by code, a name closed after wrong guesses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import new_recovery_codes
from gatekeeper.domain.errors import Conflict, Refused
from gatekeeper.domain.model import Enrolment, Permission
from gatekeeper.domain.names import canonical_name
from gatekeeper.domain.wording import N_
from gatekeeper.flows import audit, changes, mails, sessions, throttling
from gatekeeper.flows.acting import require, require_over
from gatekeeper.flows.mails import MailKind
from gatekeeper.flows.two_factor import enrolment_code_digest

if TYPE_CHECKING:
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

MOST_REASON = 1000


async def reset_two_factor(
    services: Services, actor: Actor, user_id: str, reason: str, now: float, *, enrolment: Enrolment | None = None
) -> str | None:
    """Remove a person's authenticators and recovery codes and end their sessions; the next sign-in enrols anew.

    Args:
        services: the stores.
        actor: who resets.
        user_id: whose authenticators.
        reason: why; it is kept.
        now: the time.
        enrolment: ``with-code`` asks for a one-time code for this enrolment, whatever the policy says. A policy that
            asks for codes is not loosened.

    Returns:
        the enrolment code, this once, or ``None`` where none is needed.

    Raises:
        Forbidden: without ``users.reset_two_factor``, or on a person who holds more.
        NotFound: there is no such person.
        Refused: no reason was given.
    """
    require(actor, Permission.USERS_RESET_TWO_FACTOR)
    reason = checked_reason(reason)
    async with services.database.transaction() as tables:
        user = await tables.users.by_id(user_id)
        require_over(actor, user)
        removed = await tables.authenticators.remove_all(user_id)
        await tables.recovery_codes.replace(user_id, [])
        await tables.devices.forget_all(user_id)
        standing = (await tables.policies.read()).two_factor.enrolment
        code = _new_code() if Enrolment.WITH_CODE in (standing, enrolment) else None
        await tables.users.set_enrolment_code(user_id, _digest(code), required=code is not None)
        _, applies = await tables.policies.applies_to(user_id)
        await tables.users.set_two_factor_owed_since(user_id, None)
        await tables.users.set_two_factor_owed_since(user_id, now if applies else None)
        ended_from = await sessions.mark_all_ended(services, tables, user_id, now)
        details: dict[str, object] = {"reason": reason, "authenticators": removed, "enrolment_code": code is not None}
        await audit.record(tables, actor, "user.two-factor.reset", now, target=user.facts, details=details)
        told = {"enrolment_code": code is not None}
        await mails.tell(services, tables, MailKind.TWO_FACTOR_RESET, user, now, details=told)
        after = await tables.users.by_id(user_id)
    await sessions.drop_all(services, user_id, ended_from)
    await changes.owner_changed(services, after.facts)
    return code


async def enrolment_code(services: Services, actor: Actor, user_id: str, reason: str, now: float) -> str:
    """A one-time code without which this person's first enrolment does not open; an earlier one is void.

    Raises:
        Forbidden: without ``users.reset_two_factor``, or on a person who holds more.
        NotFound: there is no such person.
        Refused: no reason was given.
        Conflict: the person has an authenticator; a reset comes first.
    """
    require(actor, Permission.USERS_RESET_TWO_FACTOR)
    reason = checked_reason(reason)
    code = _new_code()
    async with services.database.transaction() as tables:
        user = await tables.users.by_id(user_id)
        require_over(actor, user)
        if user.facts.enrolled:
            raise Conflict(
                N_(
                    "%(name)s has an authenticator already: reset two-factor authentication first.",
                    name=user.facts.username,
                )
            )
        await tables.users.set_enrolment_code(user_id, _digest(code), required=True)
        details: dict[str, object] = {"reason": reason}
        await audit.record(tables, actor, "user.enrolment-code.create", now, target=user.facts, details=details)
    return code


async def unlock(services: Services, actor: Actor, user_id: str, reason: str, now: float) -> None:
    """Open a name again that was closed after too many wrong guesses, and forget what was counted against it.

    Raises:
        Forbidden: without ``users.manage``, or on a person who holds more.
        NotFound: there is no such person.
        Refused: no reason was given.
    """
    require(actor, Permission.USERS_MANAGE)
    reason = checked_reason(reason)
    async with services.database.transaction() as tables:
        user = await tables.users.by_id(user_id)
        require_over(actor, user)
        await tables.users.set_locked(canonical_name(user.facts.username), None)
        details: dict[str, object] = {"reason": reason, "was_locked": user.locked_at is not None}
        await audit.record(tables, actor, "user.unlock", now, target=user.facts, details=details)
    await throttling.unlock(services, user)


def checked_reason(text: str) -> str:
    """The reason, trimmed.

    Raises:
        Refused: there is none, or it is a treatise (field ``reason``).
    """
    reason = text.strip()
    if not reason:
        raise Refused("missing", N_("Say why."), "reason")
    if len(reason) > MOST_REASON:
        raise Refused("too-long", N_("At most %(most)s characters.", most=MOST_REASON), "reason")
    return reason


def _new_code() -> str:
    return new_recovery_codes(1)[0]


def _digest(code: str | None) -> str | None:
    return None if code is None else enrolment_code_digest(code)
