"""The first page: user name and password, or a way past it for whoever need not give them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import Refused
from gatekeeper.domain.model import Step
from gatekeeper.flows import sign_in
from gatekeeper.flows.standing import AttemptEnded, Standing, begin_from_session, want_second_factor
from gatekeeper.flows.throttling import Throttled
from gatekeeper.manners.acting import session_of
from gatekeeper.manners.csrf import is_same_origin
from gatekeeper.web.pages import see_other
from gatekeeper.web.refusals import refusal_of
from gatekeeper.web.visit import Visit, arrive

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.domain.model import Session

PAGE = "login/sign_in.html"


async def show(request: web.Request) -> web.StreamResponse:
    """``GET /login``: on to where the person wanted to go, on to the step that they owe, or the form."""
    visit = await arrive(request)
    if "switch" in request.query and is_same_origin(request):
        return _form(visit.without_attempt())
    session = await session_of(request)
    if session is not None and not visit.owes(session):
        return see_other(visit.following)
    try:
        token, standing = await _stand(visit, session)
    except AttemptEnded as ended:
        note = visit.login.note or (ended.reason if visit.login.token else "")
        return _form(visit.without_attempt(), note=note)
    if standing.step is Step.PASSWORD:
        return _form(visit.without_attempt(), note="confirm", username=standing.user.facts.username)
    return await visit.onward(standing, token)


async def give(request: web.Request) -> web.StreamResponse:
    """``POST /login``: a name and a password."""
    visit = await arrive(request)
    session = await session_of(request)
    if session is not None and not visit.owes(session):
        return see_other(visit.following)
    try:
        standing = await visit.standing()
    except AttemptEnded:
        visit = visit.without_attempt()
    else:
        if standing.step is not Step.PASSWORD:
            return await visit.onward(standing)
    typed = visit.fields.get("username", "")
    if not visit.is_ours:
        known = typed if is_same_origin(request) else ""
        return _form(visit, HTTPStatus.FORBIDDEN, note="stale", username=known)
    try:
        token, standing = await sign_in.give_password(
            visit.services,
            typed,
            visit.fields.get("password", ""),
            visit.client,
            visit.now,
            following=visit.following,
            holder=session,
            second_factor_wanted=visit.wants_code,
        )
        return await visit.onward(standing, token)
    except (Refused, Throttled) as refused:
        status, errors = refusal_of(refused)
        return _form(visit, status, username=typed, errors=errors)


async def _stand(visit: Visit, session: Session | None) -> tuple[str, Standing]:
    """The attempt of this browser, or a new one of the person who is signed in and owes something."""
    try:
        standing = await visit.standing()
    except AttemptEnded:
        if session is None:
            raise
    else:
        if session is None or standing.attempt.from_session == session.id:
            if visit.wants_code and not standing.attempt.second_factor_wanted:
                standing = await want_second_factor(visit.services, standing, visit.now)
            return visit.login.token, standing
    return await begin_from_session(
        visit.services, session, visit.following, visit.client, visit.now, second_factor_wanted=visit.wants_code
    )


def _form(
    visit: Visit,
    status: int = HTTPStatus.OK,
    *,
    note: str = "",
    username: str = "",
    errors: dict[str, str] | None = None,
) -> web.Response:
    forgot = visit.services.config.mail is not None
    return visit.show(PAGE, status, note=note, values={"username": username}, errors=errors or {}, forgot=forgot)
