"""Who is asking, and the API tokens that they made."""

from __future__ import annotations

from gatekeeper.api.endpoints import Call, Endpoint, Reply
from gatekeeper.api.log_shapes import Asking, MadeTokenShape, NewTokenBody, TokenList, TokenOwner, TokenShape
from gatekeeper.api.user_shapes import UserShape
from gatekeeper.domain.permissions import in_order
from gatekeeper.flows import portraits, tokens
from gatekeeper.manners import csrf


async def who_asks(call: Call) -> Reply:
    """The person in a session, or the owner of a token, with what they hold now."""
    actor = call.actor
    session = actor.session
    user = await call.services.database.read.users.by_id(actor.user.user_id)
    return Reply(
        Asking(
            user=UserShape.of(await portraits.of_one(call.services, user, call.now)),
            permissions=in_order(actor.permissions),
            csrf_token=None if session is None else csrf.session_token(call.services.signer, session),
            amr=[] if session is None else list(session.amr),
            authenticated_at=actor.authenticated_at,
        )
    )


async def of_owner(call: Call) -> Reply:
    """One's own tokens, or somebody else's."""
    found = await tokens.of_owner(call.services, call.actor, call.query.user)
    return Reply(TokenList(items=[TokenShape.of(token) for token in found]))


async def create(call: Call) -> Reply:
    """Make a token for oneself."""
    body: NewTokenBody = call.body
    made = await tokens.create(
        call.services,
        call.actor,
        body.name,
        frozenset(body.permissions),
        expires_at=None if body.expires_at is None else body.expires_at.timestamp(),
        now=call.now,
    )
    shown = TokenShape.of(made.token)
    location = f"{call.request.path.rstrip('/')}/{made.token.id}"
    return Reply(MadeTokenShape(**dict(shown), token=made.secret), {"Location": location})


async def revoke(call: Call) -> Reply:
    """End a token."""
    await tokens.revoke(call.services, call.actor, call.path["id"], call.now)
    return Reply()


ENDPOINTS = (
    Endpoint("GET", "/session", who_asks, "Who is asking, and what they may do", answer=Asking),
    Endpoint("GET", "/tokens", of_owner, "One's own API tokens", query=TokenOwner, answer=TokenList),
    Endpoint(
        "POST",
        "/tokens",
        create,
        "Make an API token for oneself; the token itself is shown this once",
        body=NewTokenBody,
        answer=MadeTokenShape,
        status=201,
        grave=True,
    ),
    Endpoint("DELETE", "/tokens/{id}", revoke, "End an API token", status=204, grave=True),
)
