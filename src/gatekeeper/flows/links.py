"""One-time links to a new password: an administrator hands one over, or it comes by mail (``flows.forgotten``).

A link stands in for the password in a sign-in attempt and for nothing else: the code of an enrolled authenticator comes
next, then a new password under the policy. Looking at a link uses nothing up; the form behind it does. Whoever holds
the link half-way has changed nothing yet: sessions, trusted devices and a closed name are dealt with when the new
password is set (``flows.new_password``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_token
from gatekeeper.domain.errors import Conflict, GatekeeperError, NotFound
from gatekeeper.domain.model import Attempt, Method, Permission, Proof
from gatekeeper.domain.names import canonical_name
from gatekeeper.domain.wording import N_
from gatekeeper.flows import audit
from gatekeeper.flows.acting import require, require_over
from gatekeeper.flows.assistance import checked_reason
from gatekeeper.flows.events import event
from gatekeeper.flows.sessions import begins_at
from gatekeeper.flows.standing import LIFETIME as ATTEMPT_LIFETIME
from gatekeeper.flows.standing import Standing, weigh
from gatekeeper.store.links import Link, Purpose

if TYPE_CHECKING:
    from gatekeeper.domain.model import Client, User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables

LIFETIME = 1800.0
"""Seconds for which a link is good."""

PATH = "/login/reset"


class LinkEnded(GatekeeperError):
    """The link has been used, or its time is over, or it is none: nobody is told which."""


async def create(services: Services, actor: Actor, user_id: str, reason: str, now: float) -> str:
    """A link for a person who has no other way back in; earlier ones of theirs are void. It is shown this once.

    Returns:
        the whole address.

    Raises:
        Forbidden: without ``users.manage``, or on a person who holds more.
        NotFound: there is no such person.
        Refused: no reason was given.
        Conflict: the account is closed.
    """
    require(actor, Permission.USERS_MANAGE)
    reason = checked_reason(reason)
    async with services.database.transaction() as tables:
        user = await tables.users.by_id(user_id)
        require_over(actor, user)
        if not user.facts.enabled:
            raise Conflict(N_("The account of %(name)s is disabled: enable it first.", name=user.facts.username))
        await tables.links.drop(user.id, Purpose.RESET)
        link = await make(services, tables, user, now, address=None)
        details: dict[str, object] = {"reason": reason, "expires_at": now + LIFETIME}
        await audit.record(tables, actor, "user.one-time-link.create", now, target=user.facts, details=details)
    return link


async def make(services: Services, tables: Tables, user: User, now: float, *, address: str | None) -> str:
    """Make a link, inside the caller's transaction; what is stored of it is a digest.

    Args:
        services: the configuration.
        tables: the caller's transaction.
        user: whose password it is for.
        now: the time.
        address: where it is sent; the link is good for as long as the person may be reached there. ``None``: nowhere.

    Returns:
        the whole address.
    """
    token = new_token()
    await tables.links.add(Link(digest(token), user.id, Purpose.RESET, address, now, now + LIFETIME))
    server = services.config.server
    return f"{server.public_url}{server.prefix}{PATH}?token={token}"


def address_for(services: Services, user: User) -> str | None:
    """Where a link may be sent: the confirmed recovery address, else the main one if it is read without the gate."""
    mail = services.config.mail
    if mail is None:
        return None
    if user.recovery_email and user.recovery_email_confirmed:
        return user.recovery_email
    return user.facts.email if mail.main_address_reachable else None


async def is_good(services: Services, token: str, now: float) -> bool:
    """Whether a link could be used; looking uses nothing up."""
    read = services.database.read
    link = await read.links.find(digest(token), Purpose.RESET, now)
    return link is not None and await _user_of(services, read, link) is not None


async def use(services: Services, token: str, following: str, client: Client, now: float) -> tuple[str, Standing]:
    """Use a link up and begin an attempt, in which it stands in for the password.

    Returns:
        the attempt's token for the cookie, and where the attempt stands.

    Raises:
        LinkEnded: it is none, or none any more, or its person's account is closed.
        Unavailable: a store does not answer.
    """
    attempt_token = new_token()
    async with services.database.transaction() as tables:
        link = await tables.links.use(digest(token), Purpose.RESET, now)
        user = None if link is None else await _user_of(services, tables, link)
        if link is None or user is None:
            raise LinkEnded
        attempt = Attempt(
            id=digest(attempt_token),
            user_id=user.id,
            created_at=now,
            expires_at=now + ATTEMPT_LIFETIME,
            proofs=(Proof(Method.LINK, begins_at(now, user.sessions_valid_from)),),
            next=following,
        )
        await services.attempts.create(attempt)
        details: dict[str, object] = {"by": "administrator" if link.address is None else "mail"}
        await tables.audit.add(event("password.link-used", now, client, user.facts, details=details))
    return attempt_token, await weigh(services, attempt, now)


async def _user_of(services: Services, tables: Tables, link: Link) -> User | None:
    """The person of a link, if it may still let them in: a link that was sent dies with the address it was sent to."""
    try:
        user = await tables.users.by_id(link.user_id)
    except NotFound:
        return None
    if not user.facts.enabled:
        return None
    reachable = address_for(services, user)
    if link.address is not None and canonical_name(link.address) != canonical_name(reachable or ""):
        return None
    return user
