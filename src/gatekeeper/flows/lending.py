"""A session that is lent to whoever holds the command line, to see a platform as a person sees it.

It proves nothing: whoever gets hold of it can change nothing grave, and no method is claimed to the platform. It lives
a few minutes, stands among the person's sessions meanwhile, and both its ends are in the audit log.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_token
from gatekeeper.domain.login import PROOF_AGE
from gatekeeper.domain.model import Method, Proof, Session
from gatekeeper.domain.wording import N_
from gatekeeper.flows import audit, sessions
from gatekeeper.flows.acting import Forbidden, Via

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

LASTS = 900.0
"""Seconds after which it is over, even if nobody gives it back."""
_BORROWER = "gatekeeper doctor"


@dataclass(frozen=True, slots=True)
class Lent:
    """A session, and the token that its cookie holds."""

    session: Session
    token: str


@asynccontextmanager
async def lent(services: Services, actor: Actor, user_id: str, clock: Callable[[], float]) -> AsyncIterator[Lent]:
    """A session of a person, for as long as the block lasts.

    Raises:
        Forbidden: asked for from anywhere but the command line.
        NotFound: there is no such person.
        Unavailable: a store does not answer.
    """
    if actor.via is not Via.COMMAND_LINE:
        raise Forbidden(N_("Sessions are lent at the command line alone."), ())
    token, now = new_token(), clock()
    async with services.database.transaction() as tables:
        user = await tables.users.by_id(user_id)
        begins = sessions.begins_at(now, user.sessions_valid_from)
        session = Session(
            id=digest(token),
            owner=user.facts,
            created_at=begins,
            expires_at=begins + LASTS,
            last_seen_at=now,
            proofs=(Proof(Method.LINK, begins - PROOF_AGE - 1.0),),
            csrf_secret=new_token(),
            user_agent=_BORROWER,
        )
        await audit.record(tables, actor, "user.session.lend", now, target=user.facts)
    try:
        await services.sessions.create(session)
        yield Lent(session, token)
    finally:
        async with services.database.transaction() as tables:
            await sessions.mark_ended(tables, session.id, user_id, session.expires_at)
            await audit.record(tables, actor, "user.session.give-back", clock(), target=user.facts)
        await sessions.drop_one(services, session.id)
