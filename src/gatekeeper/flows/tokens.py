"""API tokens: made for oneself, shown once, stored as a digest, and never worth more than their owner is now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_api_token, new_id
from gatekeeper.domain import names, permissions
from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.model import Permission
from gatekeeper.domain.wording import N_
from gatekeeper.flows import audit
from gatekeeper.flows.acting import Actor, Forbidden, Via, require, require_over
from gatekeeper.store.tokens import ApiToken

if TYPE_CHECKING:
    from gatekeeper.domain.model import Client
    from gatekeeper.flows.services import Services

BEGINS = "gk_"
MOST_CHARACTERS = 200
USED_EVERY = 60.0
"""Seconds between two notes of when a token was last used."""


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token: what is kept of it, and ``secret``, the token itself, which is shown this once."""

    token: ApiToken
    secret: str


async def authenticate(services: Services, text: str, client: Client, now: float) -> Actor | None:
    """Whose token this is, with what it holds now; ``None`` where it is none, ended, or its owner is disabled.

    Args:
        services: the stores.
        text: what stood after ``Bearer``.
        client: from where it came.
        now: the time.

    Raises:
        Unavailable: PostgreSQL does not answer.
    """
    if not text.startswith(BEGINS) or len(text) > MOST_CHARACTERS:
        return None
    read = services.database.read
    try:
        token = await read.tokens.by_digest(digest(text))
        if token is None or (token.expires_at is not None and token.expires_at <= now):
            return None
        owner = (await read.users.by_id(token.owner_id)).facts
    except NotFound:
        return None
    if not owner.enabled:
        return None
    if token.last_used_at is None or token.last_used_at + USED_EVERY <= now:
        async with services.database.transaction() as tables:
            await tables.tokens.used(token.id, now)
    held = permissions.effective(owner.permissions, token.permissions, owner_enabled=owner.enabled)
    return Actor(owner, held, client, Via.TOKEN, token_id=token.id, expires_at=token.expires_at)


async def create(
    services: Services,
    actor: Actor,
    name: str,
    wanted: frozenset[Permission],
    *,
    expires_at: float | None,
    now: float,
    owner_id: str | None = None,
) -> MadeToken:
    """Make a token.

    Args:
        services: the stores.
        actor: who makes it.
        name: what it is for.
        wanted: what it shall hold; never more than its maker and its owner hold.
        expires_at: when it ends; ``None``: never, or with the token by which it is made.
        now: the time.
        owner_id: whose it is; left out, the actor's own. Only the command line makes one for somebody else.

    Raises:
        Forbidden: it would hold, or outlive, more than its maker does; or it is for somebody else.
        NotFound: there is no such owner.
        Refused: the name or the end cannot be.
    """
    owner_id = owner_id or actor.id or ""
    if owner_id != actor.id and actor.via is not Via.COMMAND_LINE:
        raise Forbidden(N_("A token is made for oneself."), ())
    checked = _checked_name(name)
    ends_at = _checked_end(actor, expires_at, now)
    async with services.database.transaction() as tables:
        owner = (await tables.users.by_id(owner_id)).facts
        missing = permissions.excess(actor.permissions & owner.permissions, wanted)
        if missing:
            listed = ", ".join(permissions.in_order(missing))
            raise Forbidden(
                N_("A token cannot hold what %(name)s does not hold: %(names)s.", name=owner.username, names=listed),
                missing,
            )
        secret = new_api_token()
        token = ApiToken(
            id=new_id(),
            name=checked,
            digest=digest(secret),
            owner_id=owner_id,
            permissions=wanted,
            created_at=now,
            expires_at=ends_at,
            last_used_at=None,
        )
        await tables.tokens.add(token)
        details: dict[str, object] = {
            "token": token.id,
            "name": checked,
            "permissions": [permission.value for permission in permissions.in_order(wanted)],
            "expires_at": ends_at,
        }
        await audit.record(tables, actor, "token.create", now, target=owner, details=details)
    return MadeToken(token, secret)


async def of_owner(services: Services, actor: Actor, owner_id: str | None = None) -> list[ApiToken]:
    """The actor's own tokens, or somebody else's.

    Raises:
        Forbidden: somebody else's without ``users.manage``, or of a person who holds more.
        NotFound: there is no such owner.
    """
    owner_id = owner_id or actor.id or ""
    if owner_id != actor.id:
        require(actor, Permission.USERS_MANAGE)
        require_over(actor, await services.database.read.users.by_id(owner_id))
    return await services.database.read.tokens.of_owner(owner_id)


async def revoke(services: Services, actor: Actor, token_id: str, now: float) -> None:
    """End a token: one's own, or, with ``users.manage``, that of a person who holds no more.

    A token ends itself; another one of its owner's only where it holds all that the owner does.

    Raises:
        Forbidden: it is somebody else's, and the actor may not.
        NotFound: there is no such token.
    """
    async with services.database.transaction() as tables:
        token = await tables.tokens.by_id(token_id)
        owner = await tables.users.by_id(token.owner_id)
        if token.owner_id != actor.id:
            require(actor, Permission.USERS_MANAGE)
        if token.owner_id != actor.id or (actor.token_id is not None and actor.token_id != token_id):
            require_over(actor, owner)
        await tables.tokens.revoke(token_id)
        details: dict[str, object] = {"token": token.id, "name": token.name}
        await audit.record(tables, actor, "token.revoke", now, target=owner.facts, details=details)


def _checked_name(name: str) -> str:
    try:
        return names.stored_name(name)
    except ValueError as fault:
        raise Refused("invalid", fault.args[0], "name") from fault


def _checked_end(actor: Actor, expires_at: float | None, now: float) -> float | None:
    if expires_at is not None and expires_at <= now:
        raise Refused("past", N_("It must be in the future."), "expires_at")
    if actor.expires_at is None:
        return expires_at
    if expires_at is not None and expires_at > actor.expires_at:
        raise Forbidden(N_("A token made by a token ends no later than that one."), ())
    return expires_at or actor.expires_at
