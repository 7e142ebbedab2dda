"""One's own recovery address: setting one, asking for its link again, taking it away. Only where mail is sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.wording import N_
from gatekeeper.flows import recovery_address
from gatekeeper.web.account.parts import ADDRESS, ask
from gatekeeper.web.inside import Door
from gatekeeper.web.refusals import refusal_of

if TYPE_CHECKING:
    from gatekeeper.web.inside import Turn

SET = f"{recovery_address.PATH}/set"
REMOVE = f"{recovery_address.PATH}/remove"


async def show(turn: Turn) -> web.StreamResponse:
    """The form, with the address that is set."""
    _check(turn)
    user = await turn.services.database.read.users.by_id(turn.session.owner.user_id)
    return await _form(turn, user.recovery_email or "")


async def give(turn: Turn) -> web.StreamResponse:
    """Set it, and send a link there."""
    _check(turn)
    typed = turn.form.get(recovery_address.FIELD, "")
    try:
        address = await recovery_address.ask(turn.services, turn.session, typed, turn.client, turn.now)
    except Refused as refused:
        status, errors = refusal_of(refused)
        return await _form(turn, typed, status, errors)
    line = N_("A link is on its way to %(address)s. The address counts once you open it and confirm.", address=address)
    return await turn.done(line, ADDRESS)


async def ask_removal(turn: Turn) -> web.StreamResponse:
    """Whether to take it away."""
    _check(turn)
    user = await turn.services.database.read.users.by_id(turn.session.owner.user_id)
    if user.recovery_email is None:
        raise web.HTTPNotFound
    text = N_("If you forget your password, no link can be sent to %(address)s any more.", address=user.recovery_email)
    return await ask(turn, N_("Remove your recovery address?"), text, N_("Remove"))


async def remove(turn: Turn) -> web.StreamResponse:
    """Take it away."""
    _check(turn)
    try:
        await recovery_address.remove(turn.services, turn.session, turn.client, turn.now)
    except NotFound:
        raise web.HTTPNotFound from None
    return await turn.done(N_("Your recovery address has been removed."), ADDRESS)


async def _form(
    turn: Turn, value: str, status: int = HTTPStatus.OK, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    values = {recovery_address.FIELD: value}
    return await turn.page("account/recovery_address.html", status, values=values, errors=errors or {})


def _check(turn: Turn) -> None:
    if turn.services.config.mail is None:
        raise web.HTTPNotFound


DOORS = (
    Door("GET", SET, show, ()),
    Door("POST", SET, give, (), grave=True),
    Door("GET", REMOVE, ask_removal, ()),
    Door("POST", REMOVE, remove, (), grave=True),
)
