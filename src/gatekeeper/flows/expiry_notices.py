"""That a password expires soon is told at a sign-in once; a new password, or another end of the old one, anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.login import password_expires_at

if TYPE_CHECKING:
    from gatekeeper.domain.model import OwnerFacts, PasswordPolicy
    from gatekeeper.flows.services import Services

KIND = "expiry-shown"


async def was_shown(services: Services, owner: OwnerFacts, policy: PasswordPolicy) -> bool:
    """Whether the person has been told when this password expires."""
    return await services.database.read.notices.about(owner.user_id, KIND) == _about(owner, policy)


async def note_shown(services: Services, owner: OwnerFacts, policy: PasswordPolicy, now: float) -> None:
    """Note that the person has been told."""
    async with services.database.transaction() as tables:
        await tables.notices.note(owner.user_id, KIND, _about(owner, policy), now)


def _about(owner: OwnerFacts, policy: PasswordPolicy) -> str:
    return f"{password_expires_at(owner, policy) or 0.0:.0f}"
