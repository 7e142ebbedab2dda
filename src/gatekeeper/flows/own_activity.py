"""What happened to one's own account lately; nobody needs a permission to see that."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper.domain.model import Session
    from gatekeeper.flows.services import Services
    from gatekeeper.store.audit import AuditRecord
    from gatekeeper.store.paging import Page


async def history(
    services: Services, session: Session, cursor: str | None = None, limit: int = 50
) -> Page[AuditRecord]:
    """What happened to the account of who asks, whoever did it, the newest first.

    Raises:
        Refused: the cursor is none.
    """
    return await services.database.read.audit.about(session.owner.user_id, cursor, limit)
