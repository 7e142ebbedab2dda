"""What follows a change once it is committed: Redis, this node and the others hear of it.

PostgreSQL is the truth and holds what is still to be told (the outbox of owner changes, the epoch, the endings), so a
Redis that is away for the moment loses nothing: each node looks again every five seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from gatekeeper.domain.errors import Unavailable
from gatekeeper.sessions.messages import PoliciesChanged

if TYPE_CHECKING:
    from gatekeeper.domain.model import OwnerFacts
    from gatekeeper.flows.services import Services

log = structlog.get_logger()


async def owner_changed(services: Services, facts: OwnerFacts) -> None:
    """Rewrite what a person's sessions know of them, and cross it off the outbox.

    A store that does not answer leaves that to the nodes, which look again: the change itself is made.
    """
    try:
        await services.sessions.rewrite_owner(facts)
        async with services.database.transaction() as tables:
            await tables.users.owner_change_done(facts.user_id, facts.version)
    except Unavailable as error:
        log.warning("sessions.facts_left_behind", user_id=facts.user_id, reason=str(error))


async def policies_changed(services: Services, epoch: int) -> None:
    """Read the policies anew here, and hurry the other nodes; without Redis they find out by themselves."""
    try:
        await services.node.refresh()
        await services.bus.publish(PoliciesChanged(epoch))
    except Unavailable as error:
        log.warning("policies.nodes_not_told", epoch=epoch, reason=str(error))
