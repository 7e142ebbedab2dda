"""Granting and taking permissions. Whoever may grant may grant each of them; the last who can, keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.model import Permission
from gatekeeper.domain.permissions import in_order, lost
from gatekeeper.flows import audit, changes, ending
from gatekeeper.flows.acting import require, require_over

if TYPE_CHECKING:
    from gatekeeper.domain.model import User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services


async def set_permissions(
    services: Services, actor: Actor, user_id: str, wanted: frozenset[Permission], now: float
) -> User:
    """Give a person exactly these permissions.

    Where it takes one away, the person's sessions end (all but the one in which they do it to themselves).

    Raises:
        Forbidden: without ``permissions.grant``, or on a person who holds more.
        NotFound: there is no such person.
        LastHolder: nobody could grant permissions any more.
    """
    require(actor, Permission.PERMISSIONS_GRANT)
    async with services.database.transaction() as tables:
        before = await tables.users.by_id(user_id)
        require_over(actor, before)
        held = before.facts.permissions
        if held == wanted:
            return before
        after = await tables.users.set_permissions(user_id, wanted)
        details: dict[str, object] = {
            "granted": [permission.value for permission in in_order(wanted - held)],
            "revoked": [permission.value for permission in in_order(lost(held, wanted))],
        }
        await audit.record(tables, actor, "user.permissions.set", now, target=before.facts, details=details)
        ends = await ending.mark(services, tables, actor, user_id, now) if lost(held, wanted) else None
    await changes.owner_changed(services, after.facts)
    if ends is not None:
        await ending.drop(services, ends)
    return after
