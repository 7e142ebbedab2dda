"""Proving anew who one is, inside a session: what grave changes ask for where the last proof is older than ten minutes.

It is a rise of privilege, so the session gets a new id and the old one is dead. Its forms in other tabs stay good.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_token
from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import Method, Proof
from gatekeeper.flows import passwords, sessions
from gatekeeper.flows.events import event

if TYPE_CHECKING:
    from gatekeeper.domain.model import Client, Session
    from gatekeeper.flows.services import Services


async def prove_again(
    services: Services, session: Session, password: str, client: Client, now: float
) -> tuple[str, Session]:
    """Take the current password as a fresh proof.

    Returns:
        the token for the session cookie, and the session that goes on.

    Raises:
        Refused: the password is missing or wrong (field ``current_password``).
        Throttled: too many wrong ones lately.
        NotFound: the session ended meanwhile.
        Unavailable: a store or the hashing does not answer.
    """
    user = await services.database.read.users.by_id(session.owner.user_id)
    await passwords.prove_current(services, user, password, client, now)
    token = new_token()
    others = tuple(proof for proof in session.proofs if proof.method is not Method.PASSWORD)
    proof = Proof(Method.PASSWORD, sessions.begins_at(now, user.sessions_valid_from))
    fresh = replace(session, id=digest(token), last_seen_at=now, proofs=(proof, *others))
    async with services.database.transaction() as tables:
        await tables.endings.end_session(session.id, user.id, session.expires_at)
        await tables.audit.add(event("proof.renewed", now, client, user.facts))
    services.node.note_ended((session.id,))
    await services.sessions.replace(session.id, fresh)
    stored = await services.sessions.get(fresh.id)
    if stored is None:
        raise NotFound
    return token, stored
