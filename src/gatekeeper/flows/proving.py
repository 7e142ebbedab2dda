"""Proving anew who one is, inside a session: what grave changes ask for where the last proof is older than ten minutes.

Changes of one's own factors ask, besides, for a code of them in a session that has given none: a password alone, or a
trusted device, puts nobody else's authenticator on an account. It is a rise of privilege, so the session gets a new id
and the old one is dead. Its forms in other tabs stay good.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_token
from gatekeeper.domain import totp
from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.model import Method, Proof
from gatekeeper.domain.wording import N_
from gatekeeper.flows import passwords, sessions, throttling, two_factor
from gatekeeper.flows.events import FAILED, event

if TYPE_CHECKING:
    from gatekeeper.domain.model import Client, Session, User
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
    return await raised(services, session, user, Method.PASSWORD, client=client, now=now)


async def prove_by_code(
    services: Services, session: Session, code: str, client: Client, now: float
) -> tuple[str, Session]:
    """Take the code of an authenticator, or a recovery code, as a proof in a session that has given none.

    Returns:
        the token for the session cookie, and the session that goes on.

    Raises:
        Refused: the code is missing or wrong (field ``code``).
        Throttled: too many wrong ones lately.
        NotFound: the session ended meanwhile.
        Unavailable: a store does not answer.
    """
    user = await services.database.read.users.by_id(session.owner.user_id)
    cleaned = totp.clean_code(code[:100])
    if not cleaned:
        raise Refused("code-missing", N_("Enter the code that your app shows."), "code")
    who = await two_factor.guesser(services, user, client)
    async with services.turns.take(f"code:{user.id}"):
        await throttling.check(services, who, now)
        method = await two_factor.use_code(services, user, cleaned, client, now)
        if method is None:
            await _count_wrong_code(services, user, who, cleaned, client=client, now=now)
            raise Refused("wrong", two_factor.WRONG, "code")
    await throttling.proven(services, who)
    return await raised(services, session, user, method, client=client, now=now)


async def raised(
    services: Services, session: Session, user: User, method: Method, *, client: Client, now: float
) -> tuple[str, Session]:
    """The session with one proof more, under a new id.

    Raises:
        NotFound: the session ended meanwhile.
    """
    token = new_token()
    others = tuple(proof for proof in session.proofs if proof.method is not method)
    proof = Proof(method, sessions.begins_at(now, user.sessions_valid_from))
    fresh = replace(session, id=digest(token), last_seen_at=now, proofs=(proof, *others))
    async with services.database.transaction() as tables:
        await tables.endings.end_session(session.id, user.id, session.expires_at)
        details: dict[str, object] = {"method": method.value}
        await tables.audit.add(event("proof.renewed", now, client, user.facts, details=details))
    services.node.note_ended((session.id,))
    await services.sessions.replace(session.id, fresh)
    stored = await services.sessions.get(fresh.id)
    if stored is None:
        raise NotFound
    return token, stored


async def _count_wrong_code(
    services: Services, user: User, who: throttling.Guesser, code: str, *, client: Client, now: float
) -> None:
    lock = await throttling.failed(services, who, f"{code}:{int(now // two_factor.PERIOD)}", now)
    async with services.database.transaction() as tables:
        locked = lock and await tables.users.set_locked(who.person, now)
        details: dict[str, object] = {"step": "code", "locked": bool(locked)}
        await tables.audit.add(event("sign-in.failed", now, client, user.facts, outcome=FAILED, details=details))
