"""One's own page: password, authenticators, recovery codes, and where one is signed in."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.login import owed, password_expires_at
from gatekeeper.flows import new_password
from gatekeeper.flows.throttling import Throttled
from gatekeeper.manners import csrf
from gatekeeper.manners.acting import replace_session, session_of
from gatekeeper.manners.client import client_of
from gatekeeper.manners.forms import read_form
from gatekeeper.manners.keys import CLOCK, COOKIES, DESTINATIONS, SERVICES
from gatekeeper.manners.scratch import said, say
from gatekeeper.web.pages import page, see_other
from gatekeeper.web.passwords import rules_of, typed_of
from gatekeeper.web.refusals import refusal_of

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.domain.model import Session

ADDRESS = "/account"
STALE = "This page was open for too long, so nothing was changed. Please try once more."


async def show(request: web.Request) -> web.StreamResponse:
    """``GET /account``."""
    session = await _settled(request)
    if session is None:
        return _to_sign_in(request)
    return await _page(request, session, info=" ".join(await said(request)))


async def elsewhere(request: web.Request) -> web.StreamResponse:
    """``GET /.well-known/change-password``: password managers lead here (W3C: Changing Passwords, §2)."""
    return see_other(request.app[DESTINATIONS].own(ADDRESS))


async def change(request: web.Request) -> web.StreamResponse:
    """``POST /account``: a new password."""
    services = request.app[SERVICES]
    fields = await read_form(request)
    session = await _settled(request)
    if session is None:
        return _to_sign_in(request)
    token = fields.get(csrf.FIELD, "")
    if not (csrf.is_same_origin(request) and csrf.is_session_token(services.signer, token, session)):
        return await _page(request, session, HTTPStatus.FORBIDDEN, info=STALE)
    try:
        cookie, fresh = await new_password.change_in_session(
            services, session, typed_of(fields), client_of(request), request.app[CLOCK]()
        )
    except (Refused, Throttled) as refused:
        status, errors = refusal_of(refused)
        return await _page(request, session, status, errors=errors)
    except NotFound:
        return _to_sign_in(request)
    replace_session(request, fresh)
    await say(request, "Your password has been changed. You are signed out everywhere else.")
    response = see_other(request.app[DESTINATIONS].own(ADDRESS))
    request.app[COOKIES].set_session(response, cookie)
    return response


async def _settled(request: web.Request) -> Session | None:
    """The session, unless its person owes a step first."""
    session = await session_of(request)
    if session is None:
        return None
    policy = request.app[SERVICES].node.policies.password
    now = request.app[CLOCK]()
    due = owed(session.owner, policy, now, two_factor_applies=session.two_factor_applies)
    return session if due is None else None


def _to_sign_in(request: web.Request) -> web.Response:
    destinations = request.app[DESTINATIONS]
    return see_other(destinations.own("/login", destinations.own(ADDRESS)))


async def _page(
    request: web.Request,
    session: Session,
    status: int = HTTPStatus.OK,
    *,
    info: str = "",
    errors: dict[str, str] | None = None,
) -> web.Response:
    services = request.app[SERVICES]
    read = services.database.read
    user = await read.users.by_id(session.owner.user_id)
    policy = (await read.policies.read()).password
    return page(
        request,
        "account.html",
        status,
        csrf_token=csrf.session_token(services.signer, session),
        notice={"kind": "info", "text": info} if info else None,
        errors=errors or {},
        who=user.facts,
        session=session,
        sessions=await services.sessions.of_user(user.id),
        password_changed_at=user.facts.password_changed_at,
        password_expires_at=password_expires_at(user.facts, policy),
        rules=rules_of(policy),
        authenticators=await read.authenticators.of_user(user.id),
        recovery_codes_left=await read.recovery_codes.left(user.id) if user.facts.enrolled else None,
    )
