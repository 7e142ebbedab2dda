"""One's own recovery codes: new ones, shown until the box is ticked."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.wording import N_
from gatekeeper.flows import own_recovery_codes
from gatekeeper.web.account.parts import ADDRESS, after_a_code, ask
from gatekeeper.web.inside import Door
from gatekeeper.web.pages import see_other

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.web.inside import Turn

CODES = f"{ADDRESS}/recovery-codes"
GONE = N_("The codes are not shown any more. If you have not saved them, make new ones.")
NOT_SAVED = N_("Save the codes, then tick the box.")


async def ask_for_new(turn: Turn) -> web.StreamResponse:
    """Whether the old ones may die."""
    left = await turn.services.database.read.recovery_codes.left(turn.session.owner.user_id)
    text = (
        N_("The codes that you saved before will no longer work.")
        if left
        else N_("You are shown ten codes to save. Each works once.")
    )
    return await ask(turn, N_("Make new recovery codes?"), text, N_("Make new codes"), harmless=True)


async def make(turn: Turn) -> web.StreamResponse:
    """New codes in the place of the old ones."""
    try:
        await own_recovery_codes.issue(turn.services, turn.session, turn.client, turn.now)
    except NotFound:
        return await turn.done(N_("Recovery codes stand in for an authenticator. Add one first."), ADDRESS)
    return see_other(turn.address(CODES))


async def show(turn: Turn) -> web.StreamResponse:
    """The codes to save."""
    return await _page(turn)


async def saved(turn: Turn) -> web.StreamResponse:
    """The person says that they have saved them."""
    if not turn.form.get("saved"):
        return await _page(turn, HTTPStatus.UNPROCESSABLE_ENTITY, {"saved": NOT_SAVED})
    try:
        await own_recovery_codes.saved(turn.services, turn.session)
    except NotFound:
        return await turn.done(GONE, ADDRESS)
    return await turn.done(N_("Your recovery codes are saved."), ADDRESS)


async def _page(turn: Turn, status: int = HTTPStatus.OK, errors: dict[str, str] | None = None) -> web.StreamResponse:
    codes = await own_recovery_codes.shown(turn.services, turn.session)
    if codes is None:
        return await turn.done(GONE, ADDRESS)
    return await turn.page("account/recovery_codes.html", status, codes=codes, errors=errors or {})


DOORS = (
    Door("GET", f"{CODES}/new", ask_for_new, ()),
    Door("POST", f"{CODES}/new", after_a_code(make), (), grave=True),
    Door("GET", CODES, show, ()),
    Door("POST", CODES, saved, ()),
)
