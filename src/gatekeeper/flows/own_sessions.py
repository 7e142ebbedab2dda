"""One's own sessions and trusted devices: seeing where one is signed in, and ending what should not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.errors import NotFound, Unavailable
from gatekeeper.flows import devices, sessions
from gatekeeper.flows.events import event

if TYPE_CHECKING:
    from gatekeeper.domain.model import Client, Session
    from gatekeeper.flows.services import Services
    from gatekeeper.store.devices import Device


async def standing(services: Services, user_id: str, now: float) -> list[Session]:
    """A person's sessions that are open now, the latest used first.

    Raises:
        Unavailable: Redis does not answer.
    """
    idle = services.config.session.idle_timeout
    found = [
        session
        for session in await services.sessions.of_user(user_id)
        if session.expires_at > now and session.last_seen_at + idle > now and not services.node.is_ended(session)
    ]
    return sorted(found, key=lambda session: session.last_seen_at, reverse=True)


async def other(services: Services, session: Session, session_id: str, now: float) -> Session:
    """One of the person's other sessions.

    Raises:
        NotFound: they have none with this id, or it is the one in which they ask.
    """
    for one in await standing(services, session.owner.user_id, now):
        if one.id == session_id != session.id:
            return one
    raise NotFound("there is no such session")


async def end(services: Services, session: Session, session_id: str, client: Client, now: float) -> Session:
    """End one of the person's other sessions; returns what it was.

    Raises:
        NotFound: as :func:`other`.
        Unavailable: a store does not answer.
    """
    one = await other(services, session, session_id, now)
    async with services.database.transaction() as tables:
        await sessions.mark_ended(tables, one.id, one.owner.user_id, one.expires_at)
        details: dict[str, object] = {"sessions": 1, "address": one.address, "user_agent": one.user_agent}
        await tables.audit.add(event("session.ended-elsewhere", now, client, session.owner, details=details))
    await sessions.drop_one(services, one.id)
    return one


async def end_others(services: Services, session: Session, client: Client, now: float) -> int:
    """End all of the person's sessions but the one in which they ask; returns how many there were.

    Raises:
        Unavailable: a store does not answer.
    """
    user_id = session.owner.user_id
    others = [one for one in await services.sessions.of_user(user_id) if one.id != session.id]
    open_ones = [one for one in await standing(services, user_id, now) if one.id != session.id]
    if not others:
        return 0
    async with services.database.transaction() as tables:
        for one in others:
            await sessions.mark_ended(tables, one.id, user_id, one.expires_at)
        details: dict[str, object] = {"sessions": len(open_ones), "all": True}
        await tables.audit.add(event("session.ended-elsewhere", now, client, session.owner, details=details))
    ended = [one.id for one in others]
    services.node.note_ended(ended)
    services.cache.drop(tuple(ended))
    try:
        late = await services.sessions.end_all(user_id, except_id=session.id)
    except Unavailable:
        return len(open_ones)
    services.node.note_ended(late)
    services.cache.drop(tuple(late))
    return len(open_ones)


async def trusted_device(services: Services, session: Session, digest: str, now: float) -> Device:
    """One of the person's devices that stand in for the code.

    Raises:
        NotFound: there is none of theirs under this digest.
    """
    for device in await devices.trusted_of(services, session.owner.user_id, now):
        if device.digest == digest:
            return device
    raise NotFound("there is no such device")


async def untrust(services: Services, session: Session, digest: str, client: Client, now: float) -> Device:
    """Let one of the person's devices stand in for the code no more; returns what it was.

    Raises:
        NotFound: as :func:`trusted_device`.
    """
    device = await trusted_device(services, session, digest, now)
    async with services.database.transaction() as tables:
        if not await tables.devices.untrust(session.owner.user_id, digest):
            raise NotFound("there is no such device")
        details: dict[str, object] = {"address": device.address, "user_agent": device.user_agent}
        await tables.audit.add(event("device.untrusted", now, client, session.owner, details=details))
    return device
