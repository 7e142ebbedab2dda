"""What people are told by mail: written into the outbox in the transaction of what it tells of.

Nothing is sent here, and nothing waits for a mail server: ``flows.postman`` sends what the outbox holds. A notice goes
to the main address and to the recovery address where that is confirmed: the main mailbox usually lies behind this very
gate, so who lost their access to it would not hear of it there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from gatekeeper.domain.names import canonical_name
from gatekeeper.store.outbox import NewMail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatekeeper.domain.model import Client, User
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables

DAY = 86_400.0
KEPT = 3 * DAY
"""Seconds for which a mail server may be away before a notice is given up."""


class MailKind(StrEnum):
    """What a mail says; ``templates/mail/<kind>.txt`` and ``.html`` say it."""

    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a kind of mail
    PASSWORD_RESET = "password-reset"  # noqa: S105 - by a link that came by mail or from an administrator
    PASSWORD_SET = "password-set"  # noqa: S105 - by an administrator
    PASSWORD_EXPIRES = "password-expires"  # noqa: S105 - a kind of mail
    AUTHENTICATOR_ADDED = "authenticator-added"
    AUTHENTICATOR_REPLACED = "authenticator-replaced"
    AUTHENTICATOR_REMOVED = "authenticator-removed"
    TWO_FACTOR_RESET = "two-factor-reset"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    RECOVERY_CODES_LOW = "recovery-codes-low"
    NEW_DEVICE = "new-device"
    DEVICE_TRUSTED = "device-trusted"
    ADDRESS_CHANGED = "address-changed"
    RECOVERY_ADDRESS_CHANGED = "recovery-address-changed"
    CONFIRM_RECOVERY_ADDRESS = "confirm-recovery-address"
    RESET_LINK = "reset-link"


async def enqueue(
    services: Services,
    tables: Tables,
    kind: MailKind,
    recipient: str,
    now: float,
    *,
    user: User,
    client: Client | None = None,
    details: Mapping[str, object] | None = None,
    link: str | None = None,
    until: float | None = None,
    wishes: str = "",
) -> None:
    """Put one mail into the outbox, inside the caller's transaction; without ``[mail]`` nothing happens.

    Args:
        services: the configuration, and the box that seals.
        tables: the caller's transaction.
        kind: what it says.
        recipient: to which address.
        now: when what it tells of happened.
        user: about whose account; the mail is in their language, or in the one that their browser asks for.
        client: from where it was done; it is told to the recipient, so leave it out where another person did it.
        details: what else its template shows. Never a secret: they lie readable in the database.
        link: a link that is only for the recipient; it is sealed.
        until: when the mail is worth nothing any more, such as the end of its link; otherwise three days ahead.
        wishes: the languages that the browser asks for to which it is an answer, where that is not the client's.
    """
    if services.config.mail is None:
        return
    shown: dict[str, object] = {"username": user.facts.username, "display_name": user.facts.display_name, "at": now}
    if client is not None:
        shown |= {"address": client.address, "user_agent": client.user_agent}
        wishes = wishes or client.wishes
    await tables.outbox.add(
        NewMail(
            kind=kind.value,
            recipient=recipient,
            created_at=now,
            give_up_at=now + KEPT if until is None else until,
            user_id=user.id,
            language=user.language or wishes or user.wishes,
            details={**shown, **(details or {})},
            sealed=None if link is None else services.box.seal(link, link_context(kind, recipient)),
        )
    )


async def tell(
    services: Services,
    tables: Tables,
    kind: MailKind,
    user: User,
    now: float,
    *,
    client: Client | None = None,
    details: Mapping[str, object] | None = None,
    to: Sequence[str] | None = None,
) -> None:
    """Tell a person what happened to their account, inside the transaction in which it happens.

    Args:
        services: the configuration; without ``[mail]`` nothing happens.
        tables: the caller's transaction.
        kind: what happened.
        user: to whom; as they were before, where the change is one of addresses.
        now: when it happened.
        client: from where the person themselves did it; left out where an administrator did.
        details: what else is said of it; never a secret.
        to: other addresses than the person's own.
    """
    for recipient in addresses(user) if to is None else to:
        await enqueue(services, tables, kind, recipient, now, user=user, client=client, details=details)


def addresses(user: User) -> tuple[str, ...]:
    """Where a person is told what happens to their account: the main address, and a confirmed recovery address."""
    found = {canonical_name(user.facts.email): user.facts.email}
    if user.recovery_email and user.recovery_email_confirmed:
        found.setdefault(canonical_name(user.recovery_email), user.recovery_email)
    return tuple(found.values())


def link_context(kind: str, recipient: str) -> str:
    """What a sealed link is bound to."""
    return f"mail:{kind}:{recipient}"
