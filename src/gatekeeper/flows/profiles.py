"""One person as an administrator sees them: how they stand, their authenticators, their sessions and their history.

What of it somebody may see depends on what they hold: the sessions need ``users.manage``, and nothing that the person
holds besides; the history needs ``audit.read``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.domain.model import Permission
from gatekeeper.domain.permissions import lacking, may_act_on
from gatekeeper.flows import audit, ending, people, portraits
from gatekeeper.flows.acting import require

if TYPE_CHECKING:
    from gatekeeper.domain.model import Policies, Session
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.portraits import Portrait
    from gatekeeper.flows.services import Services
    from gatekeeper.store.audit import AuditRecord
    from gatekeeper.store.authenticators import Authenticator
    from gatekeeper.store.paging import Page

LINES = 10
"""How much of the history stands on a person's page."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A person with all that stands around them.

    Attributes:
        portrait: the person, and what the policies make of them.
        policies: as they stand.
        two_factor_changed_at: when the policy of two-step verification was replaced last.
        authenticators: theirs.
        recovery_codes_left: ``None`` without an authenticator.
        sessions: those that stand; ``None`` for who may not see them.
        history: the latest of what they did and what was done to them; ``None`` for who may not read the log.
        lacking: what they hold and whoever looks does not, which keeps them from acting on the person.
    """

    portrait: Portrait
    policies: Policies
    two_factor_changed_at: float
    authenticators: list[Authenticator]
    recovery_codes_left: int | None
    sessions: list[Session] | None
    history: Page[AuditRecord] | None
    lacking: frozenset[Permission]


async def of(
    services: Services, actor: Actor, user_id: str, now: float, *, history_cursor: str | None = None
) -> Profile:
    """One person.

    Raises:
        Forbidden: without any of the permissions that begin with finding a person.
        NotFound: there is none with this id.
        Refused: the cursor is none of the history's.
    """
    user = await people.get(services, actor, user_id)
    read = services.database.read
    held, theirs = actor.permissions, user.facts.permissions
    sessions = None
    if Permission.USERS_MANAGE in held and may_act_on(held, theirs):
        sessions = await ending.list_sessions(services, actor, user_id, now)
    history = None
    if Permission.AUDIT_READ in held:
        history = await audit.search(services, actor, user=user_id, cursor=history_cursor, limit=LINES)
    return Profile(
        portrait=await portraits.of_one(services, user, now),
        policies=await read.policies.read(),
        two_factor_changed_at=await two_factor_changed_at(services, actor),
        authenticators=await read.authenticators.of_user(user_id),
        recovery_codes_left=await read.recovery_codes.left(user_id) if user.facts.enrolled else None,
        sessions=sessions,
        history=history,
        lacking=lacking(held, theirs),
    )


async def two_factor_changed_at(services: Services, actor: Actor) -> float:
    """When the policy of two-step verification was replaced last; 0 where it never was.

    Raises:
        Forbidden: without any of the permissions that begin with finding a person.
    """
    require(actor, *people.FINDERS)
    found = await services.database.read.audit.search(action="policy.two-factor.replace", limit=1)
    return found.items[0].at if found.items else 0.0
