"""Who comes in at a door: somebody signed in who owes nothing, holds what it asks for, and sent the form themselves.

What was sent is never lost on the way: a form whose token is of an earlier session, or whose proof has grown old, comes
back as a page that holds all of it, and goes on from there.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.login import owed
from gatekeeper.domain.wording import N_
from gatekeeper.flows import audit
from gatekeeper.flows.acting import Actor, Forbidden, of_session, require, who_can_help
from gatekeeper.flows.proving import prove_again
from gatekeeper.flows.throttling import Throttled
from gatekeeper.manners import csrf
from gatekeeper.manners.acting import replace_session, session_of
from gatekeeper.manners.client import client_of
from gatekeeper.manners.forms import Form, read_form, read_upload
from gatekeeper.manners.keys import CLOCK, COOKIES, DESTINATIONS, SERVICES
from gatekeeper.manners.scratch import say
from gatekeeper.web.console.words import names_of
from gatekeeper.web.inside import LOST, Turn, inside_page
from gatekeeper.web.pages import error_page, page, see_other
from gatekeeper.web.refusals import refusal_of

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler

    from gatekeeper.domain.model import Session
    from gatekeeper.web.inside import Door

PROOF = "current_password"
SECRETS = frozenset({csrf.FIELD, PROOF, "new_password", "new_password_again", "code", "enrolment_code", "password"})
"""Fields that are never put into a page again."""

STALE = N_("You were away for a while, so nothing has been changed yet.")
STALE_FILE = N_("You were away for a while, so nothing was sent. Choose the file again.")


def guarded(door: Door) -> Handler:
    """The handler of a door, with its guard."""

    async def handle(request: web.Request) -> web.StreamResponse:
        actor = await _who(request)
        if actor is None or actor.session is None:
            return _sign_in(request, door)
        try:
            require(actor, *door.any_of)
            if door.changes:
                return await _changed(request, door, actor)
            return await door.handler(Turn(request, actor, actor.session, request.app[CLOCK]()))
        except Forbidden as error:
            return await _forbidden(request, door, actor, error)
        except NotFound:
            return error_page(request, HTTPStatus.NOT_FOUND)

    return handle


async def _who(request: web.Request) -> Actor | None:
    """Who asks; ``None`` where that is nobody, or somebody who owes a step first."""
    session = await session_of(request)
    if session is None:
        return None
    services, now = request.app[SERVICES], request.app[CLOCK]()
    try:
        actor = await of_session(services, session, client_of(request))
    except NotFound:
        return None
    due = owed(actor.user, services.node.policies.password, now, two_factor_applies=session.two_factor_applies)
    return actor if actor.user.enabled and due is None else None


def _sign_in(request: web.Request, door: Door) -> web.StreamResponse:
    destinations = request.app[DESTINATIONS]
    if not door.changes:
        return see_other(destinations.own("/login", request.path_qs))
    login_url = destinations.own("/login", _shown_at(request, door))
    return page(request, "resend.html", HTTPStatus.UNAUTHORIZED, login_url=login_url)


def _shown_at(request: web.Request, door: Door) -> str:
    """Where the form of a door is to be found."""
    if not door.shown_at:
        return request.path
    return request.app[DESTINATIONS].own(door.shown_at.format_map(request.match_info))


async def _changed(request: web.Request, door: Door, actor: Actor) -> web.StreamResponse:
    services, now = request.app[SERVICES], request.app[CLOCK]()
    session = actor.session
    if session is None:
        raise AssertionError("a form comes from somebody in a session")
    read = read_upload if door.takes_file else read_form
    form = await read(request, most_fields=door.most_fields, largest=door.largest)
    if not csrf.is_same_origin(request):
        return error_page(request, HTTPStatus.FORBIDDEN)
    if not csrf.is_session_token(services.signer, form.get(csrf.FIELD, ""), session):
        if door.takes_file:
            await say(request, STALE_FILE)
            return see_other(_shown_at(request, door))
        proof = door.grave and not actor.proved_recently(now)
        return await _again(request, door, actor, form, HTTPStatus.FORBIDDEN, text=STALE, proof=proof)
    if not door.grave or actor.proved_recently(now):
        return await door.handler(Turn(request, actor, session, now, form))
    if PROOF not in form:
        return await _again(request, door, actor, form, HTTPStatus.FORBIDDEN, proof=True)
    return await _proved(request, door, actor, session, form)


async def _proved(request: web.Request, door: Door, actor: Actor, session: Session, form: Form) -> web.StreamResponse:
    """Take the password that was asked for, then go on with what was sent before it."""
    services, now = request.app[SERVICES], request.app[CLOCK]()
    try:
        token, fresh = await prove_again(services, session, form[PROOF], client_of(request), now)
    except (Refused, Throttled) as refused:
        status, errors = refusal_of(refused)
        return await _again(request, door, actor, form, status, proof=True, errors=errors)
    except NotFound:
        return _sign_in(request, door)
    replace_session(request, fresh)
    proven = replace(actor, session=fresh, authenticated_at=fresh.authenticated_at)
    try:
        response = await door.handler(Turn(request, proven, fresh, now, form))
    except Forbidden as error:
        response = await _forbidden(request, door, proven, error)
    except NotFound:
        response = error_page(request, HTTPStatus.NOT_FOUND)
    if await session_of(request) is fresh:
        request.app[COOKIES].set_session(response, token)
    return response


async def _again(
    request: web.Request,
    door: Door,
    actor: Actor,
    form: Form,
    status: int,
    *,
    text: str = "",
    proof: bool = False,
    errors: dict[str, str] | None = None,
) -> web.Response:
    """A page that holds what was sent, to be sent again, with the password where a proof is needed."""
    kept = [(name, value) for name, value in form.pairs if name not in SECRETS]
    lost = LOST in form or any(value and name in SECRETS - {csrf.FIELD, PROOF} for name, value in form.pairs)
    if lost and LOST not in form:
        kept.append((LOST, "yes"))
    return await inside_page(
        request,
        actor,
        "again.html",
        status,
        action=request.path_qs,
        back=_shown_at(request, door),
        kept=kept,
        lost=lost,
        text=text,
        proof=proof,
        errors=errors or {},
    )


async def _forbidden(request: web.Request, door: Door, actor: Actor, error: Forbidden) -> web.Response:
    services = request.app[SERVICES]
    if door.changes:
        details: dict[str, object] = {"call": f"{request.method} {request.path}", "reason": str(error)}
        await audit.record_refusal(services, actor, "page.change", request.app[CLOCK](), details)
    return await inside_page(
        request,
        actor,
        "forbidden.html",
        HTTPStatus.FORBIDDEN,
        message=error.message,
        needed=names_of(error.needed),
        helpers=await who_can_help(services),
    )
