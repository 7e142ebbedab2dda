"""Sessions as an administrator sees and ends them: one, or all of a person's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import Permission
from gatekeeper.domain.wording import N_
from gatekeeper.flows import audit, own_sessions, sessions
from gatekeeper.flows.acting import require, require_over

if TYPE_CHECKING:
    from gatekeeper.domain.model import Session
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables


@dataclass(frozen=True, slots=True)
class Ends:
    """What a transaction marked as ended, to be taken out of Redis after it: everything before an instant, or by id."""

    user_id: str
    valid_from: float | None
    ids: tuple[str, ...] = ()


async def list_sessions(services: Services, actor: Actor, user_id: str, now: float) -> list[Session]:
    """A person's sessions that still stand, the latest first.

    Raises:
        Forbidden: without ``users.manage``, or of a person who holds more.
        NotFound: there is no such person.
        Unavailable: Redis does not answer.
    """
    require(actor, Permission.USERS_MANAGE)
    require_over(actor, await services.database.read.users.by_id(user_id))
    return await own_sessions.standing(services, user_id, now)


async def end_one(services: Services, actor: Actor, user_id: str, session_id: str, now: float) -> None:
    """End one of a person's sessions.

    Raises:
        Forbidden: without ``users.manage``, or of a person who holds more.
        NotFound: there is no such person, or no such session of theirs.
        Unavailable: Redis does not answer.
    """
    require(actor, Permission.USERS_MANAGE)
    session = await services.sessions.get(session_id)
    if session is None or session.owner.user_id != user_id:
        raise NotFound(N_("There is no such session."))
    async with services.database.transaction() as tables:
        user = await tables.users.by_id(user_id)
        require_over(actor, user)
        await sessions.mark_ended(tables, session_id, user_id, session.expires_at)
        details: dict[str, object] = {"address": session.address}
        await audit.record(tables, actor, "user.session.end", now, target=user.facts, details=details)
    await sessions.drop_one(services, session_id)


async def sign_out(services: Services, actor: Actor, user_id: str, now: float) -> None:
    """End all of a person's sessions.

    Raises:
        Forbidden: without ``users.manage``, or on a person who holds more.
        NotFound: there is no such person.
    """
    require(actor, Permission.USERS_MANAGE)
    async with services.database.transaction() as tables:
        user = await tables.users.by_id(user_id)
        require_over(actor, user)
        ended_from = await sessions.mark_all_ended(services, tables, user_id, now)
        await audit.record(tables, actor, "user.sign-out", now, target=user.facts)
    await sessions.drop_all(services, user_id, ended_from)


async def mark(services: Services, tables: Tables, actor: Actor, user_id: str, now: float) -> Ends:
    """Mark all of a person's sessions as ended, but the one in which the person does it to themselves."""
    if actor.id != user_id or actor.session_id is None:
        return Ends(user_id, await sessions.mark_all_ended(services, tables, user_id, now))
    others = [session for session in await services.sessions.of_user(user_id) if session.id != actor.session_id]
    for session in others:
        await sessions.mark_ended(tables, session.id, user_id, session.expires_at)
    return Ends(user_id, None, tuple(session.id for session in others))


async def drop(services: Services, ends: Ends) -> None:
    """Take what :func:`mark` marked out of Redis, after the commit."""
    if ends.valid_from is not None:
        await sessions.drop_all(services, ends.user_id, ends.valid_from)
    for session_id in ends.ids:
        await sessions.drop_one(services, session_id)
