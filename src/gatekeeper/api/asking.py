"""Who asks: the owner of a bearer token, which reads no cookie, or a person in a session, whose changes carry a token
against forgery (security rule 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain import login
from gatekeeper.domain.errors import GatekeeperError, NotFound
from gatekeeper.domain.model import Step
from gatekeeper.flows import tokens
from gatekeeper.flows.acting import Actor, Via, of_session
from gatekeeper.manners import csrf
from gatekeeper.manners.acting import bearer_token, session_of
from gatekeeper.manners.client import client_of

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.flows.services import Services

SIGN_IN = "sign-in"
PASSWORD_EXPIRED = "password-expired"  # noqa: S105 - the name of a problem
SECOND_FACTOR = "second-factor"


class Unknown(GatekeeperError):
    """Nobody is known here, or somebody who owes a step first; ``kind`` says which."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class Forged(GatekeeperError):
    """A change by cookie that no page of ours sent."""


async def actor_of(request: web.Request, services: Services, now: float) -> Actor:
    """Who asks.

    Raises:
        Unknown: nobody who may ask anything.
        Unavailable: a store does not answer.
    """
    if request.headers.get("Authorization", "").partition(" ")[0].lower() == "bearer":
        text = bearer_token(request)
        actor = None if text is None else await tokens.authenticate(services, text, client_of(request), now)
        if actor is None:
            raise Unknown(SIGN_IN, "This token is not valid, or not any more.")
        return actor
    session = await session_of(request)
    if session is None:
        raise Unknown(SIGN_IN, "Sign in, or send an API token.")
    try:
        actor = await of_session(services, session, client_of(request))
    except NotFound:
        raise Unknown(SIGN_IN, "This account does not exist any more.") from None
    if not actor.user.enabled:
        raise Unknown(SIGN_IN, "This account is closed.")
    policy = services.node.policies.password
    owed = login.owed(actor.user, policy, now, two_factor_applies=session.two_factor_applies)
    if owed is Step.NEW_PASSWORD:
        raise Unknown(PASSWORD_EXPIRED, "Choose a new password first.")
    if owed is not None:
        raise Unknown(SECOND_FACTOR, "Set up two-step verification first.")
    return actor


def refuse_forged(request: web.Request, services: Services, actor: Actor) -> None:
    """Let a change by cookie pass only with the session's token, and from an origin of ours where one is named.

    Raises:
        Forged: it came from elsewhere.
    """
    if actor.via is not Via.SESSION or actor.session is None:
        return
    sent = request.headers.get(csrf.HEADER, "")
    if not csrf.is_same_origin(request) or not csrf.is_session_token(services.signer, sent, actor.session):
        raise Forged("The X-CSRF-Token header is missing or wrong; GET /session gives it.")
