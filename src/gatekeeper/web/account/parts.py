"""What the pages of the account share: the question before something goes, and the code before a factor changes."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.flows.proving import prove_by_code
from gatekeeper.flows.throttling import Throttled
from gatekeeper.manners.acting import replace_session, session_of
from gatekeeper.manners.keys import COOKIES, DESTINATIONS
from gatekeeper.web.pages import error_page, see_other
from gatekeeper.web.refusals import refusal_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from gatekeeper.web.inside import Turn

ADDRESS = "/account"
CODE = "code"


async def ask(
    turn: Turn,
    title: str,
    text: str,
    button: str,
    *,
    status: int = HTTPStatus.OK,
    errors: dict[str, str] | None = None,
    possible: bool = True,
    harmless: bool = False,
) -> web.StreamResponse:
    """A page that asks before something goes; its form posts to the address that it is shown at.

    Args:
        turn: the request.
        title: the question, naming what it is about.
        text: what follows from a yes.
        button: the words on the button.
        status: of a question that is asked again.
        errors: why it is asked again.
        possible: whether there is a yes at all.
        harmless: whether nothing is taken from anybody.
    """
    return await turn.page(
        "account/ask.html",
        status,
        title=title,
        text=text,
        button=button,
        action=turn.request.path,
        errors=errors or {},
        possible=possible,
        harmless=harmless,
    )


def after_a_code(
    handler: Callable[[Turn], Awaitable[web.StreamResponse]],
) -> Callable[[Turn], Awaitable[web.StreamResponse]]:
    """A handler that changes one's factors: in a session in which no code was given, it asks for one first.

    Its form has no fields of its own: the page that asks for the code keeps none.
    """

    async def handle(turn: Turn) -> web.StreamResponse:
        if turn.session.second_factor or not turn.actor.user.enrolled:
            return await handler(turn)
        if CODE not in turn.form:
            return await _code_page(turn, HTTPStatus.FORBIDDEN, {})
        try:
            token, fresh = await prove_by_code(turn.services, turn.session, turn.form[CODE], turn.client, turn.now)
        except (Refused, Throttled) as refused:
            return await _code_page(turn, *refusal_of(refused))
        except NotFound:
            return see_other(turn.request.app[DESTINATIONS].own("/login", turn.address(ADDRESS)))
        replace_session(turn.request, fresh)
        actor = replace(turn.actor, session=fresh, authenticated_at=fresh.authenticated_at)
        try:
            response = await handler(replace(turn, actor=actor, session=fresh))
        except NotFound:
            response = error_page(turn.request, HTTPStatus.NOT_FOUND)
        if await session_of(turn.request) is fresh:
            turn.request.app[COOKIES].set_session(response, token)
        return response

    return handle


async def _code_page(turn: Turn, status: int, errors: dict[str, str]) -> web.StreamResponse:
    return await turn.page("account/code.html", status, errors=errors, action=turn.request.path)
