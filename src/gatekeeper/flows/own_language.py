"""The language in which a person wants their pages and mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.flows import changes

if TYPE_CHECKING:
    from gatekeeper.domain.model import Session
    from gatekeeper.flows.services import Services


async def choose(services: Services, session: Session, tag: str | None) -> None:
    """Choose one; ``None``: as the browser asks.

    Args:
        services: the stores.
        session: of who chooses.
        tag: the language's (BCP 47); the caller knows that there are pages in it.
    """
    async with services.database.transaction() as tables:
        changed = await tables.users.set_language(session.owner.user_id, tag)
    await changes.owner_changed(services, changed.facts)
