"""Signing out: a page with the button, and what pressing it does."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest
from gatekeeper.flows import sessions
from gatekeeper.manners import csrf
from gatekeeper.manners.acting import replace_session, session_of
from gatekeeper.manners.client import client_of
from gatekeeper.manners.forms import read_form
from gatekeeper.manners.keys import CLOCK, COOKIES, DESTINATIONS, SERVICES
from gatekeeper.web.pages import page, see_other

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.domain.model import Session

STALE = {"kind": "info", "text": "This page was open for too long. Please press the button once more."}


async def show(request: web.Request) -> web.StreamResponse:
    """``GET /logout``: the button, or word that nobody is signed in."""
    session = await session_of(request)
    if session is None:
        return page(request, "signed_out.html")
    return _button(request, session)


async def leave(request: web.Request) -> web.StreamResponse:
    """``POST /logout``: the session ends for good, and what the browser cached of it goes."""
    services = request.app[SERVICES]
    fields = await read_form(request)
    session = await session_of(request)
    if session is not None:
        is_ours = csrf.is_same_origin(request) and csrf.is_session_token(
            services.signer, fields.get(csrf.FIELD, ""), session
        )
        if not is_ours:
            return _button(request, session, HTTPStatus.FORBIDDEN)
        await sessions.sign_out(services, session, client_of(request), request.app[CLOCK]())
        replace_session(request, None)
    elif not csrf.is_same_origin(request):
        return page(request, "signed_out.html", HTTPStatus.FORBIDDEN)
    cookies = request.app[COOKIES]
    login = cookies.login(request)
    if login is not None and login.token:
        await services.attempts.delete(digest(login.token))
    response = see_other(request.app[DESTINATIONS].own("/logout"))
    cookies.drop_session(response)
    cookies.drop_login(response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _button(request: web.Request, session: Session, status: int = HTTPStatus.OK) -> web.Response:
    following = request.app[DESTINATIONS].next_of(request.query)
    token = csrf.session_token(request.app[SERVICES].signer, session)
    notice = None if status == HTTPStatus.OK else STALE
    return page(
        request, "sign_out.html", status, following=following, csrf_token=token, notice=notice, who=session.owner
    )
