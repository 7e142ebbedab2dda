"""The recovery address: a mailbox that a person reads without passing the gate. It counts only once it is confirmed.

Whoever sets one, the person or an administrator, a link goes there; that its form was sent proves that mail arrives,
and nothing else, so it needs no session and works in any browser. Until then the address counts for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_token
from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.names import canonical_name
from gatekeeper.domain.wording import N_
from gatekeeper.flows import changes, details, mails
from gatekeeper.flows.events import event
from gatekeeper.flows.links import LinkEnded
from gatekeeper.flows.mails import MailKind
from gatekeeper.store.links import Link, Purpose

if TYPE_CHECKING:
    from gatekeeper.domain.model import Client, Session, User
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables

LIFETIME = 86_400.0
"""Seconds for which a link is good."""

PATH = "/account/recovery-address"
FIELD = "recovery_email"
MOST_LINKS = 5
"""Links that a person may have asked for and not used; nobody's mailbox is filled by asking."""


async def ask(services: Services, session: Session, address: str, client: Client, now: float) -> str:
    """Set one's own recovery address, or ask for another link to the one that is set; returns it as it is stored.

    Raises:
        Refused: it cannot be an address, it is the main one, it is confirmed already, or too many links are under way
            (field ``recovery_email``).
        NotFound: the person has been deleted.
    """
    if not address.strip():
        raise Refused("address-missing", N_("Enter an address, such as name@example.com."), FIELD)
    wanted = details.email(address, FIELD)
    async with services.database.transaction() as tables:
        before = await tables.users.by_id(session.owner.user_id)
        _check(before, wanted)
        if await tables.links.count(before.id, Purpose.RECOVERY_ADDRESS, now) >= MOST_LINKS:
            reason = N_("Enough links have been sent. Open one of them, or try again tomorrow.")
            raise Refused("too-many", reason, FIELD)
        after = await tables.users.update(before.id, recovery_email=wanted)
        known: dict[str, object] = {"before": before.recovery_email, "after": after.recovery_email}
        await tables.audit.add(event("recovery-address.set", now, client, before.facts, details=known))
        await changed(services, tables, before, after, now, client=client)
        if before.recovery_email == after.recovery_email:
            await send_link(services, tables, after, now, client=client)
    await changes.owner_changed(services, after.facts)
    return wanted


async def remove(services: Services, session: Session, client: Client, now: float) -> None:
    """Take one's own recovery address away.

    Raises:
        NotFound: there is none, or the person has been deleted.
    """
    async with services.database.transaction() as tables:
        before = await tables.users.by_id(session.owner.user_id)
        if before.recovery_email is None:
            raise NotFound
        after = await tables.users.update(before.id, recovery_email="")
        known: dict[str, object] = {"before": before.recovery_email}
        await tables.audit.add(event("recovery-address.removed", now, client, before.facts, details=known))
        await changed(services, tables, before, after, now, client=client)
    await changes.owner_changed(services, after.facts)


async def changed(
    services: Services, tables: Tables, before: User, after: User, now: float, *, client: Client | None = None
) -> None:
    """What follows another recovery address, in its transaction: the old ones are told, the new one is asked.

    Args:
        services: the configuration.
        tables: the transaction.
        before: the person as they were.
        after: the person as they are.
        now: the time.
        client: from where the person themselves did it.
    """
    if before.recovery_email == after.recovery_email:
        return
    await tables.links.drop(before.id, Purpose.RECOVERY_ADDRESS)
    told = {"old": before.recovery_email, "new": after.recovery_email}
    await mails.tell(services, tables, MailKind.RECOVERY_ADDRESS_CHANGED, before, now, client=client, details=told)
    await send_link(services, tables, after, now, client=client)


async def send_link(
    services: Services, tables: Tables, user: User, now: float, *, client: Client | None = None
) -> None:
    """Send a link that confirms a person's recovery address to it; nothing where there is none, or no mail."""
    address = user.recovery_email
    if address is None or services.config.mail is None:
        return
    token = new_token()
    until = now + LIFETIME
    await tables.links.add(Link(digest(token), user.id, Purpose.RECOVERY_ADDRESS, address, now, until))
    link = f"{services.config.server.issuer}{PATH}?token={token}"
    kind = MailKind.CONFIRM_RECOVERY_ADDRESS
    await mails.enqueue(services, tables, kind, address, now, user=user, client=client, link=link, until=until)


async def find(services: Services, token: str, now: float) -> User | None:
    """Whose address a link confirms, if it still does; looking uses nothing up."""
    link = await services.database.read.links.find(digest(token), Purpose.RECOVERY_ADDRESS, now)
    if link is None:
        return None
    try:
        user = await services.database.read.users.by_id(link.user_id)
    except NotFound:
        return None
    return user if user.recovery_email == link.address else None


async def confirm(services: Services, token: str, client: Client, now: float) -> str:
    """Use a link up: from now on the address counts. Returns it.

    Raises:
        LinkEnded: it is none, or none any more, or the address is not the person's any more.
    """
    async with services.database.transaction() as tables:
        link = await tables.links.use(digest(token), Purpose.RECOVERY_ADDRESS, now)
        if link is None or link.address is None:
            raise LinkEnded
        if not await tables.users.confirm_recovery_email(link.user_id, link.address):
            raise LinkEnded
        user = await tables.users.by_id(link.user_id)
        await tables.links.drop(user.id, Purpose.RECOVERY_ADDRESS)
        known: dict[str, object] = {"address": link.address}
        await tables.audit.add(event("recovery-address.confirmed", now, client, user.facts, details=known))
    return link.address


def _check(user: User, wanted: str) -> None:
    if canonical_name(wanted) == canonical_name(user.facts.email):
        reason = N_("This is your main address. Enter one that you can read without signing in here.")
        raise Refused("main-address", reason, FIELD)
    if wanted == user.recovery_email and user.recovery_email_confirmed:
        raise Refused("same", N_("This is your recovery address already, and it is confirmed."), FIELD)
