"""One's own recovery codes: new ones for somebody who is signed in, shown until the box is ticked.

The codes being shown lie sealed in Redis, bound to the session, for ten minutes. Who leaves before ticking the box is
shown new ones at the next sign-in, or makes new ones on the account page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.crypto.secretbox import Damaged
from gatekeeper.crypto.tokens import digest, new_recovery_codes
from gatekeeper.domain.errors import NotFound
from gatekeeper.flows import changes, mails, two_factor
from gatekeeper.flows.events import event
from gatekeeper.flows.mails import MailKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.domain.model import Client, Session
    from gatekeeper.flows.services import Services

LIFETIME = 600.0
"""Seconds for which new codes can be looked at."""

FEW = 3
"""So many, or fewer, are worth a warning."""


async def issue(services: Services, session: Session, client: Client, now: float) -> None:
    """Make new codes; the old ones are dead.

    Raises:
        NotFound: the person has no authenticator that they would stand in for, or the session has ended.
    """
    codes = new_recovery_codes()
    async with services.database.transaction() as tables:
        held = await tables.authenticators.held(session.owner.user_id)
        user = await tables.users.by_id(session.owner.user_id)
        if not held or session.created_at < user.sessions_valid_from:
            raise NotFound
        changed = await tables.recovery_codes.replace(user.id, two_factor.digests(user, codes))
        await tables.audit.add(event("recovery-codes.issued", now, client, user.facts))
        await mails.tell(services, tables, MailKind.RECOVERY_CODES_MADE, user, now, client=client)
    await changes.owner_changed(services, changed.facts)
    await keep(services, session, codes)


async def keep(services: Services, session: Session, codes: Sequence[str]) -> None:
    """Keep codes to be shown in this session."""
    name = _draft_name(session)
    await services.drafts.replace(name, services.box.seal(" ".join(codes), name), LIFETIME)


async def shown(services: Services, session: Session) -> list[str] | None:
    """The codes to save; ``None`` where there are none to be shown, or later ones have made them void."""
    name = _draft_name(session)
    text = await services.drafts.get(name)
    if text is None:
        return None
    try:
        codes = services.box.open(text, name).split()
    except Damaged:
        return None
    read = services.database.read
    user = await read.users.by_id(session.owner.user_id)
    return codes if await read.recovery_codes.stand(user.id, two_factor.digests(user, codes)) else None


async def saved(services: Services, session: Session) -> None:
    """Note that the person has saved the codes that they were shown.

    Raises:
        NotFound: none are shown in this session any more, so there is nothing to have saved.
    """
    codes = await shown(services, session)
    if codes is None:
        raise NotFound
    async with services.database.transaction() as tables:
        await tables.authenticators.held(session.owner.user_id)
        user = await tables.users.by_id(session.owner.user_id)
        if not await tables.recovery_codes.stand(user.id, two_factor.digests(user, codes)):
            raise NotFound
        changed = await tables.recovery_codes.confirm(user.id)
    await changes.owner_changed(services, changed.facts)
    await services.drafts.drop(_draft_name(session))


def _draft_name(session: Session) -> str:
    return f"recovery-codes:{digest(session.csrf_secret)}"
