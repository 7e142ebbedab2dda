"""Two-step verification: giving a code, enrolling an authenticator, and the recovery codes that come with it.

A code works once: the counter of its time step is stored by a write that checks it. The secret of an enrolment, and
the recovery codes that are being shown, lie sealed in the attempt, bound to it, and die with it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gatekeeper.crypto.secretbox import Damaged
from gatekeeper.crypto.tokens import digest, new_id, new_recovery_codes, new_totp_secret
from gatekeeper.domain import totp
from gatekeeper.domain.errors import Conflict, Refused
from gatekeeper.domain.model import Enrolment, Method, Proof
from gatekeeper.domain.names import canonical_name
from gatekeeper.domain.two_factor import USUAL_NAME
from gatekeeper.domain.wording import N_
from gatekeeper.flows import changes, devices, mails, throttling
from gatekeeper.flows.events import FAILED, event
from gatekeeper.flows.mails import MailKind
from gatekeeper.flows.sessions import begins_at
from gatekeeper.flows.standing import CODES, MOST_CODE_FAILURES, AttemptEnded, amend
from gatekeeper.flows.throttling import Kind
from gatekeeper.store.authenticators import Authenticator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatekeeper.domain.model import Attempt, Client, User
    from gatekeeper.flows.services import Services
    from gatekeeper.flows.standing import Standing
    from gatekeeper.store.database import Tables

WRONG = N_("That code is not right, or it was used already. Enter the one that your app shows now.")
WRONG_ENROLMENT = N_(
    "That code is not right. Check that your device sets its clock by itself, and enter the next code."
)
WRONG_ENROLMENT_CODE = N_("That enrolment code is not right. Ask your administrator for one.")
PERIOD = 30.0
FEW_CODES = 3
"""Recovery codes left at which the person is told that they run out."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody enrols with: the secret (base32) and whether an administrator's code is asked for too."""

    secret: str
    with_code: bool


def seal_context(user_id: str) -> str:
    """What the sealed secret of a person's authenticator is bound to."""
    return f"authenticator:{user_id}"


def recovery_digest(user_id: str, code: str) -> str:
    """How a recovery code is stored: however it is spaced and cased, and bound to its person."""
    return digest(f"recovery:{user_id}:{_bare(code)}")


def enrolment_code_digest(code: str) -> str:
    """How an enrolment code is stored: however it is spaced and cased."""
    return digest(f"enrolment:{_bare(code)}")


async def give_code(
    services: Services, standing: Standing, code: str, client: Client, now: float, *, trust: bool = False
) -> Attempt:
    """Give the code of an authenticator, or a recovery code; each works once.

    With ``trust``, and the code of an authenticator, the device is to stand in for the code from now on, where the
    policy allows it (:func:`devices.trust_of`).

    Raises:
        Refused: it is missing or wrong (field ``code``).
        AttemptEnded: that was the last try of this attempt.
        Throttled: too many wrong codes lately.
    """
    cleaned = totp.clean_code(code[:100])
    if not cleaned:
        raise Refused("code-missing", N_("Enter the code that your app shows."), "code")
    user = standing.user
    who = await guesser(services, user, client)
    await throttling.check(services, who, now)
    method = await use_code(services, user, cleaned, client, now)
    if method is None:
        await _count_wrong_code(services, standing, who, cleaned, client=client, now=now)
        raise Refused("wrong", WRONG, "code")
    await throttling.proven(services, who)
    proof = Proof(method, begins_at(now, user.sessions_valid_from))
    return await amend(
        services,
        standing.attempt,
        lambda attempt: replace(attempt, proofs=(*attempt.proofs, proof), code_failures=0, trust_wanted=trust),
    )


def tries_left(attempt: Attempt) -> int | None:
    """How many codes may still be tried in this attempt; ``None`` before the first failure."""
    return MOST_CODE_FAILURES - attempt.code_failures if attempt.code_failures else None


async def offer(services: Services, standing: Standing) -> Offer:
    """The secret to enrol: made at the first look, the same at every other until it is confirmed or the attempt ends.

    Raises:
        AttemptEnded: the attempt is gone.
    """
    attempt = standing.attempt
    secret = _opened(services, attempt, _secret_context(attempt))
    while secret is None:
        fresh = new_totp_secret()
        try:
            sealed = services.box.seal(fresh, _secret_context(attempt))
            await services.attempts.update(replace(attempt, secret=sealed))
            secret = fresh
        except Conflict:
            attempt = await _reread(services, attempt)
            secret = _opened(services, attempt, _secret_context(attempt))
    return Offer(secret, needs_enrolment_code(standing))


def needs_enrolment_code(standing: Standing) -> bool:
    """Whether the policy, or the reset that led here, asks for an administrator's code besides the password."""
    return standing.policies.two_factor.enrolment is Enrolment.WITH_CODE or standing.user.enrolment_code_required


async def enrol(
    services: Services, standing: Standing, code: str, *, enrolment_code: str, client: Client, now: float
) -> Attempt:
    """Complete an enrolment by the right code of the secret that was offered.

    Raises:
        Refused: the code is missing or wrong (field ``code``), or the enrolment code is (``enrolment_code``).
        AttemptEnded: the attempt is gone, or an authenticator was enrolled elsewhere meanwhile.
        Throttled: too many wrong enrolment codes.
    """
    user, attempt = standing.user, standing.attempt
    secret = (await offer(services, standing)).secret
    if needs_enrolment_code(standing):
        await check_enrolment_code(services, user, enrolment_code, client, now)
    if not totp.clean_code(code[:100]):
        raise Refused("code-missing", N_("Enter the code that your app shows."), "code")
    counter = totp.verify(secret, code[:100], now, None)
    if counter is None:
        raise Refused("wrong", WRONG_ENROLMENT, "code")
    authenticator = Authenticator(
        id=new_id(),
        user_id=user.id,
        name=USUAL_NAME,
        sealed_secret=services.box.seal(secret, seal_context(user.id)),
        created_at=now,
        last_counter=counter,
    )
    codes = new_recovery_codes()
    async with services.database.transaction() as tables:
        await _add(tables, authenticator)
        changed = await tables.recovery_codes.replace(user.id, digests(user, codes))
        await tables.audit.add(event("two-factor.enrolled", now, client, user.facts))
        told = {"authenticator": authenticator.name}
        await mails.tell(services, tables, MailKind.AUTHENTICATOR_ADDED, user, now, client=client, details=told)
    await changes.owner_changed(services, changed.facts)
    proof = Proof(Method.OTP, begins_at(now, user.sessions_valid_from))
    sealed = services.box.seal(" ".join(codes), _codes_context(attempt))
    return await amend(
        services,
        attempt,
        lambda current: replace(current, proofs=(*current.proofs, proof), secret=sealed, recovery_codes_shown=True),
    )


async def recovery_codes(services: Services, standing: Standing, client: Client, now: float) -> list[str]:
    """The recovery codes to save: those of the enrolment, or new ones for who left before saving those.

    They are the same for as long as the attempt lasts.

    Raises:
        AttemptEnded: the attempt is gone.
    """
    user, attempt = standing.user, standing.attempt
    context = _codes_context(attempt)
    shown = _opened(services, attempt, context)
    while shown is None:
        fresh = " ".join(new_recovery_codes())
        try:
            sealed = services.box.seal(fresh, context)
            attempt = await services.attempts.update(replace(attempt, secret=sealed, recovery_codes_shown=False))
            shown = fresh
        except Conflict:
            attempt = await _reread(services, attempt)
            shown = _opened(services, attempt, context)
    codes = shown.split()
    if not attempt.recovery_codes_shown:
        async with services.database.transaction() as tables:
            changed = await tables.recovery_codes.replace(user.id, digests(user, codes))
            await tables.audit.add(event("recovery-codes.issued", now, client, user.facts))
            await mails.tell(services, tables, MailKind.RECOVERY_CODES_MADE, user, now, client=client)
        await changes.owner_changed(services, changed.facts)
        await amend(services, attempt, lambda current: replace(current, recovery_codes_shown=True))
    return codes


async def recovery_codes_saved(services: Services, standing: Standing) -> None:
    """Note that the person has saved the codes that they were shown.

    Raises:
        AttemptEnded: this attempt has shown none.
    """
    if not standing.attempt.recovery_codes_shown:
        raise AttemptEnded
    async with services.database.transaction() as tables:
        changed = await tables.recovery_codes.confirm(standing.user.id)
    await changes.owner_changed(services, changed.facts)


async def use_code(services: Services, user: User, cleaned: str, client: Client, now: float) -> Method | None:
    """Use a code up; ``None`` where it is wrong or was used already."""
    if not totp.looks_like_code(cleaned):
        async with services.database.transaction() as tables:
            used = await tables.recovery_codes.use(user.id, recovery_digest(user.id, cleaned))
            if used:
                await tables.audit.add(event("recovery-code.used", now, client, user.facts))
                left = await tables.recovery_codes.left(user.id)
                if left <= FEW_CODES:
                    kind, told = MailKind.RECOVERY_CODES_LOW, {"left": left}
                    await mails.tell(services, tables, kind, user, now, client=client, details=told)
        return Method.RECOVERY_CODE if used else None
    for authenticator in await services.database.read.authenticators.of_user(user.id):
        secret = services.box.open(authenticator.sealed_secret, seal_context(user.id))
        counter = totp.verify(secret, cleaned, now, authenticator.last_counter)
        if counter is not None:
            async with services.database.transaction() as tables:
                if await tables.authenticators.use_counter(authenticator.id, counter, now):
                    return Method.OTP
    return None


async def _count_wrong_code(
    services: Services, standing: Standing, who: throttling.Guesser, code: str, *, client: Client, now: float
) -> None:
    user = standing.user
    lock = await throttling.failed(services, who, f"{code}:{int(now // PERIOD)}", now)
    async with services.database.transaction() as tables:
        locked = lock and await tables.users.set_locked(who.person, now)
        details: dict[str, object] = {"step": "code", "locked": bool(locked)}
        await tables.audit.add(event("sign-in.failed", now, client, user.facts, outcome=FAILED, details=details))
    attempt = await amend(
        services, standing.attempt, lambda current: replace(current, code_failures=current.code_failures + 1)
    )
    if attempt.code_failures >= MOST_CODE_FAILURES:
        await services.attempts.delete(attempt.id)
        raise AttemptEnded(CODES)


async def check_enrolment_code(services: Services, user: User, code: str, client: Client, now: float) -> None:
    """See that an administrator's one-time code is the one that this person was given; enrolling uses it up.

    Raises:
        Refused: it is missing or wrong (field ``enrolment_code``).
        Throttled: too many wrong ones lately.
    """
    if not _bare(code):
        raise Refused("code-missing", N_("Enter the enrolment code from your administrator."), "enrolment_code")
    who = await guesser(services, user, client)
    await throttling.check(services, who, now)
    given = enrolment_code_digest(code[:100])
    if not hmac.compare_digest(given, user.enrolment_code_digest or ""):
        await throttling.failed(services, who, f"enrolment:{given}", now)
        raise Refused("wrong", WRONG_ENROLMENT_CODE, "enrolment_code")
    await throttling.proven(services, who)


async def _add(tables: Tables, authenticator: Authenticator) -> None:
    """Add the first authenticator of a person. The write to their row comes first: it makes two at once wait."""
    await tables.users.set_two_factor_owed_since(authenticator.user_id, None)
    if await tables.authenticators.of_user(authenticator.user_id):
        raise AttemptEnded
    await tables.authenticators.add(authenticator)


async def guesser(services: Services, user: User, client: Client) -> throttling.Guesser:
    """Whose wrong codes are counted, and for whom."""
    device = await devices.known(services, user.id, client)
    person = canonical_name(user.facts.username)
    return throttling.guesser(Kind.CODE, person, client.address, None if device is None else device.digest)


async def _reread(services: Services, attempt: Attempt) -> Attempt:
    current = await services.attempts.get(attempt.id)
    if current is None:
        raise AttemptEnded
    return current


def _opened(services: Services, attempt: Attempt, context: str) -> str | None:
    if attempt.secret is None:
        return None
    try:
        return services.box.open(attempt.secret, context)
    except Damaged:
        return None


def _secret_context(attempt: Attempt) -> str:
    return f"enrolment:{attempt.id}"


def _codes_context(attempt: Attempt) -> str:
    return f"recovery:{attempt.id}"


def digests(user: User, codes: Iterable[str]) -> list[str]:
    """How a person's recovery codes are stored."""
    return [recovery_digest(user.id, code) for code in codes]


def _bare(code: str) -> str:
    return "".join(character for character in totp.clean_code(code) if character.isalnum()).casefold()
