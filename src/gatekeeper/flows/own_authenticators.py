"""One's own authenticators: adding, replacing, renaming and removing one, by somebody who is signed in.

A new one begins as a draft: its secret lies sealed in Redis, bound to the session, and stays the same over reloads,
wrong codes and second tabs until its code confirms it or ten minutes have passed. Until then nothing has changed: the
one to be replaced still works, and goes in the transaction in which the new one comes.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.crypto.secretbox import Damaged
from gatekeeper.crypto.tokens import digest, new_id, new_recovery_codes, new_totp_secret
from gatekeeper.domain import totp
from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.model import Enrolment, Method
from gatekeeper.domain.names import stored_name
from gatekeeper.domain.wording import N_
from gatekeeper.flows import changes, mails, own_recovery_codes, proving, two_factor
from gatekeeper.flows.events import event
from gatekeeper.flows.mails import MailKind
from gatekeeper.store.authenticators import Authenticator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.domain.model import Client, Policies, Session, User
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables

LIFETIME = 600.0
"""Seconds in which a new authenticator is to be confirmed."""

MOST = 5
LONGEST_NAME = 60
USUAL_NAME = N_("Authenticator app")
"""The name of one that nobody has named; it is stored in English, and read in the language of who reads it."""


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    """An authenticator that is not confirmed yet.

    Attributes:
        id: the one that it will have, so that it is added once, however often it is confirmed.
        secret: base32.
        replaces: the one that goes when it comes.
        name: the one that is proposed for it.
        first: whether it is the person's first one.
        with_code: whether an administrator's one-time code is asked for too.
    """

    id: str
    secret: str
    replaces: Authenticator | None
    name: str
    first: bool
    with_code: bool


@dataclass(frozen=True, slots=True, repr=False)
class Typed:
    """What was typed to confirm it: its code, a name, and the enrolment code where that is asked for."""

    code: str
    name: str = ""
    enrolment_code: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it: its name, and the session that goes on where this was its first code, with its cookie's token.

    ``first``: there are recovery codes to be shown now.
    """

    name: str
    first: bool
    token: str | None = None
    session: Session | None = None


async def begin(services: Services, session: Session, replaces: str | None = None) -> None:
    """Begin a new authenticator, unless the same is begun already.

    Args:
        services: the stores.
        session: in which it is begun; the draft is bound to it.
        replaces: the id of one of the person's own that it is to replace.

    Raises:
        NotFound: they have none with this id.
        Refused: they have as many as one may have.
    """
    held = await services.database.read.authenticators.of_user(session.owner.user_id)
    _check_room(held, replaces)
    name = _draft_name(session, replaces)
    fresh = services.box.seal(f"{new_id()} {new_totp_secret()}", name)
    kept = await services.drafts.begin(name, fresh, LIFETIME)
    opened = _opened(services, kept, name)
    if opened is None or any(one.id == opened[0] for one in held):
        await services.drafts.replace(name, fresh, LIFETIME)


async def pending(services: Services, session: Session, replaces: str | None = None) -> Draft | None:
    """What was begun in this session; ``None`` where that is nothing, or it has ended or is confirmed.

    Raises:
        NotFound: the one to be replaced is not, or no longer, the person's.
    """
    read = services.database.read
    user = await read.users.by_id(session.owner.user_id)
    held = await read.authenticators.of_user(user.id)
    old = None if replaces is None else one_of(held, replaces)
    name = _draft_name(session, replaces)
    text = await services.drafts.get(name)
    opened = None if text is None else _opened(services, text, name)
    if opened is None or any(one.id == opened[0] for one in held):
        return None
    asks = needs_enrolment_code(user, held, await read.policies.read())
    proposed = _free_name(held) if old is None else shown_name(old)
    return Draft(*opened, old, proposed, first=not held, with_code=asks)


def needs_enrolment_code(user: User, held: Sequence[Authenticator], policies: Policies) -> bool:
    """Whether an administrator's one-time code is asked for: for a first authenticator, as at a sign-in.

    Somebody who enrols before the policy reaches them could otherwise do so with a stolen password, and so slip past
    the code that the administrator wants to see then.
    """
    asked = policies.two_factor.enrolment is Enrolment.WITH_CODE or user.enrolment_code_required
    return asked and not held


async def confirm(
    services: Services, session: Session, replaces: str | None, typed: Typed, *, client: Client, now: float
) -> Added:
    """Add the authenticator that was begun, by the right code of it; the one that it replaces goes with that.

    Raises:
        NotFound: nothing is begun, or the session or the one to be replaced is gone.
        Refused: the code, the name or the enrolment code is not right (fields ``code``, ``name``, ``enrolment_code``).
        Throttled: too many wrong enrolment codes.
    """
    async with services.turns.take(f"account:{session.owner.user_id}"):
        draft = await pending(services, session, replaces)
        if draft is None:
            raise NotFound
        user = await services.database.read.users.by_id(session.owner.user_id)
        if draft.with_code:
            await two_factor.check_enrolment_code(services, user, typed.enrolment_code, client, now)
        if not totp.clean_code(typed.code[:100]):
            raise Refused("code-missing", N_("Enter the code that your app shows."), "code")
        counter = totp.verify(draft.secret, typed.code[:100], now, None)
        if counter is None:
            raise Refused("wrong", two_factor.WRONG_ENROLMENT, "code")
        sealed = services.box.seal(draft.secret, two_factor.seal_context(user.id))
        new = Authenticator(draft.id, user.id, checked_name(typed.name or draft.name), sealed, now, counter)
        first = await _add(services, session, new, replaces, typed, client=client, now=now)
        await services.drafts.drop(_draft_name(session, replaces))
        if session.second_factor:
            return Added(new.name, first)
        token, fresh = await proving.raised(services, session, user, Method.OTP, client=client, now=now)
        return Added(new.name, first, token, fresh)


async def _add(
    services: Services,
    session: Session,
    new: Authenticator,
    replaces: str | None,
    typed: Typed,
    *,
    client: Client,
    now: float,
) -> bool:
    """Write it down; whether it is the person's first."""
    codes = new_recovery_codes()
    async with services.database.transaction() as tables:
        held = await tables.authenticators.held(new.user_id)
        user = await _still_there(tables, session)
        if held and not session.second_factor:
            raise NotFound("enrolled elsewhere since this was begun: a code of that is needed first")
        _check_room(held, replaces)
        _check_free(held, new.name, but=replaces)
        if needs_enrolment_code(user, held, await tables.policies.read()):
            _check_still(user, typed.enrolment_code)
        await tables.authenticators.add(new)
        if replaces is not None:
            await tables.authenticators.remove(user.id, replaces)
        if not held:
            await tables.recovery_codes.replace(user.id, two_factor.digests(user, codes))
        after = await tables.users.by_id(user.id)
        action, kind = _what(held, replaces)
        details: dict[str, object] = {"name": new.name}
        await tables.audit.add(event(action, now, client, user.facts, details=details))
        await mails.tell(services, tables, kind, user, now, client=client, details={"authenticator": new.name})
    await changes.owner_changed(services, after.facts)
    if not held:
        await own_recovery_codes.keep(services, session, codes)
    return not held


async def rename(
    services: Services, session: Session, authenticator_id: str, name: str, *, client: Client, now: float
) -> str:
    """Give one another name; returns it as it is stored.

    Raises:
        NotFound: the person has none with this id.
        Refused: this cannot be a name, or another one has it (field ``name``).
    """
    name = checked_name(name)
    async with services.database.transaction() as tables:
        held = await tables.authenticators.held(session.owner.user_id)
        user = await _still_there(tables, session)
        old = one_of(held, authenticator_id)
        _check_free(held, name, but=authenticator_id)
        await tables.authenticators.rename(user.id, authenticator_id, name)
        details: dict[str, object] = {"from": old.name, "to": name}
        await tables.audit.add(event("authenticator.renamed", now, client, user.facts, details=details))
    return name


async def remove(services: Services, session: Session, authenticator_id: str, client: Client, now: float) -> str:
    """Remove one; returns its name. With the last one the recovery codes and the trust in devices go too.

    Raises:
        NotFound: the person has none with this id.
        Refused: it is the last one, and two-step verification applies to them.
    """
    async with services.database.transaction() as tables:
        held = await tables.authenticators.held(session.owner.user_id)
        user = await _still_there(tables, session)
        old = one_of(held, authenticator_id)
        last = len(held) == 1
        if last and (await tables.policies.applies_to(user.id))[1]:
            raise Refused("needed", N_("Your administrator asks for two-step verification, so one has to stay."))
        await tables.authenticators.remove(user.id, authenticator_id)
        if last:
            await tables.devices.untrust_all(user.id)
        after = await tables.users.by_id(user.id)
        details: dict[str, object] = {"name": old.name, "last": last}
        await tables.audit.add(event("authenticator.removed", now, client, user.facts, details=details))
        told = {"authenticator": old.name}
        await mails.tell(services, tables, MailKind.AUTHENTICATOR_REMOVED, user, now, client=client, details=told)
    await changes.owner_changed(services, after.facts)
    return old.name


def checked_name(text: str) -> str:
    """The name of an authenticator as it is stored.

    Raises:
        Refused: it cannot be one (field ``name``).
    """
    if not text.strip():
        raise Refused("name-missing", N_("Enter a name."), "name")
    if len(text.strip()) > LONGEST_NAME:
        raise Refused("too-long", N_("Use at most %(most)s characters.", most=LONGEST_NAME), "name")
    try:
        return stored_name(text)
    except ValueError:
        raise Refused("invalid", N_("Use characters that can be seen."), "name") from None


def shown_name(one: Authenticator) -> str:
    """What an authenticator is called on a page."""
    return USUAL_NAME if one.name == USUAL_NAME else one.name


def one_of(held: Sequence[Authenticator], authenticator_id: str) -> Authenticator:
    """The one with this id among a person's.

    Raises:
        NotFound: it is not among them.
    """
    found = next((one for one in held if one.id == authenticator_id), None)
    if found is None:
        raise NotFound("there is no such authenticator")
    return found


def _check_room(held: Sequence[Authenticator], replaces: str | None) -> None:
    if replaces is not None:
        one_of(held, replaces)
    elif len(held) >= MOST:
        raise Refused("too-many", N_("You have %(most)s authenticators, the most that are possible.", most=MOST))


def _check_free(held: Sequence[Authenticator], name: str, *, but: str | None) -> None:
    if any(one.name.casefold() == name.casefold() and one.id != but for one in held):
        raise Refused("taken", N_("Another one of yours has this name already."), "name")


def _check_still(user: User, code: str) -> None:
    """The enrolment code was right a moment ago; an administrator may have made another one since."""
    given = two_factor.enrolment_code_digest(code[:100])
    if not hmac.compare_digest(given, user.enrolment_code_digest or ""):
        raise Refused("wrong", two_factor.WRONG_ENROLMENT_CODE, "enrolment_code")


def _what(held: Sequence[Authenticator], replaces: str | None) -> tuple[str, MailKind]:
    if replaces is not None:
        return "authenticator.replaced", MailKind.AUTHENTICATOR_REPLACED
    return "authenticator.added" if held else "two-factor.enrolled", MailKind.AUTHENTICATOR_ADDED


def _free_name(held: Sequence[Authenticator]) -> str:
    if not held:
        return USUAL_NAME
    taken = {one.name.casefold() for one in held}
    numbers = range(len(held) + 1, len(held) + MOST + 2)
    names = (N_("Authenticator app %(number)s", number=number) for number in numbers)
    return next(name for name in names if name.casefold() not in taken)


async def _still_there(tables: Tables, session: Session) -> User:
    """The owner of a session, unless it has ended since it was read."""
    user = await tables.users.by_id(session.owner.user_id)
    if session.created_at < user.sessions_valid_from or not user.facts.enabled:
        raise NotFound("this session has ended")
    return user


def _draft_name(session: Session, replaces: str | None) -> str:
    """It outlives a new proof, which gives the session another id, and nothing else of the session's ends."""
    return f"authenticator:{digest(session.csrf_secret)}:{replaces or 'new'}"


def _opened(services: Services, text: str, name: str) -> tuple[str, str] | None:
    try:
        identity, _, secret = services.box.open(text, name).partition(" ")
    except Damaged:
        return None
    return identity, secret
