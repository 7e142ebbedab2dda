"""Ending sessions so that they stay ended.

An ending is written to PostgreSQL first and then to Redis, so that a Redis that lost its last second, or failed over,
brings none back. Endings of all of a person's sessions reach a moment into the future (:data:`MARGIN`): what was begun
with the old credentials while the change was being written ends too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import structlog

from gatekeeper.domain.errors import Unavailable
from gatekeeper.flows.events import event

if TYPE_CHECKING:
    from gatekeeper.domain.model import Client, Session, User
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables

log = structlog.get_logger()

MARGIN = 2.0
"""Seconds by which an ending reaches ahead; what is given after it is dated no earlier (:func:`begins_at`)."""

STEP = 0.001
"""Seconds between two endings at the least."""


async def sign_out(services: Services, session: Session, client: Client, now: float) -> None:
    """End the session of a person who asks for it.

    Raises:
        Unavailable: the ending could not be written down; the session is gone from Redis all the same.
    """
    try:
        async with services.database.transaction() as tables:
            await tables.endings.end_session(session.id, session.owner.user_id, session.expires_at)
            await tables.audit.add(event("session.ended", now, client, session.owner))
    finally:
        await drop_one(services, session.id)


async def mark_ended(tables: Tables, session_id: str, user_id: str, keep_until: float) -> None:
    """Write down, inside the caller's transaction, that one session has ended; then call :func:`drop_one`."""
    await tables.endings.end_session(session_id, user_id, keep_until)


async def drop_one(services: Services, session_id: str) -> None:
    """Take one session out of Redis after its ending is in PostgreSQL."""
    services.node.note_ended((session_id,))
    services.cache.drop((session_id,))
    try:
        await services.sessions.delete(session_id)
    except Unavailable as error:
        log.warning("sessions.ended_without_redis", reason=str(error))


async def mark_all_ended(services: Services, tables: Tables, user_id: str, now: float) -> float:
    """Write down, inside the caller's transaction, that all of a person's sessions and attempts have ended.

    Returns:
        the instant from which their sessions count again; :func:`drop_all` is to be called after the commit.
    """
    valid_from = ending_at(await tables.users.by_id(user_id), now)
    await tables.users.end_sessions_before(user_id, valid_from)
    await tables.endings.end_user(user_id, valid_from, valid_from + services.config.session.absolute_timeout)
    return valid_from


def ending_at(user: User, now: float) -> float:
    """From when a person's sessions count again if all are ended now: later than at any ending before.

    In whole milliseconds, so that it comes back from PostgreSQL as the same number.
    """
    return math.ceil(max(now + MARGIN, user.sessions_valid_from + STEP) * 1_000) / 1_000


async def drop_all(services: Services, user_id: str, valid_from: float, *, but: str | None = None) -> None:
    """Take a person's sessions out of Redis, all or all but one, after :func:`mark_all_ended` was committed."""
    services.node.note_valid_from(user_id, valid_from)
    try:
        ended = await services.sessions.end_all(user_id, except_id=but)
    except Unavailable as error:
        log.warning("sessions.ended_without_redis", reason=str(error))
        return
    services.node.note_ended(ended)
    services.cache.drop(tuple(ended))


def begins_at(now: float, valid_from: float) -> float:
    """When a proof or session that is given now counts as given: never before the person's last ending."""
    return max(now, valid_from)
