"""Where one is signed in: ending one session, or all but this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.wording import N_, NN_
from gatekeeper.flows import own_sessions
from gatekeeper.manners.render import device
from gatekeeper.web.account.parts import ADDRESS, ask
from gatekeeper.web.inside import Door

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.web.inside import Turn

ALL = f"{ADDRESS}/sessions"


async def ask_one(turn: Turn) -> web.StreamResponse:
    """Whether to end this one."""
    one = await own_sessions.other(turn.services, turn.session, turn.path["id"], turn.now)
    title = N_("Sign out %(device)s?", device=device(one.user_agent))
    text = N_("Whoever uses it has to sign in again. If it was not you, change your password as well.")
    return await ask(turn, title, text, N_("Sign out"))


async def end_one(turn: Turn) -> web.StreamResponse:
    """End one."""
    one = await own_sessions.end(turn.services, turn.session, turn.path["id"], turn.client, turn.now)
    return await turn.done(N_("%(device)s has been signed out.", device=device(one.user_agent)), ADDRESS)


async def ask_others(turn: Turn) -> web.StreamResponse:
    """Whether to end all but this one."""
    return await ask(
        turn,
        N_("Sign out everywhere else?"),
        N_("You stay signed in here. Every other browser has to sign in again."),
        N_("Sign out everywhere else"),
    )


async def end_others(turn: Turn) -> web.StreamResponse:
    """End all but this one."""
    number = await own_sessions.end_others(turn.services, turn.session, turn.client, turn.now)
    line = NN_("You are signed out in one other place.", "You are signed out in %(num)s other places.", number)
    return await turn.done(line if number else N_("You were signed in nowhere else."), ADDRESS)


DOORS = (
    Door("GET", f"{ALL}/others/end", ask_others, ()),
    Door("POST", f"{ALL}/others/end", end_others, ()),
    Door("GET", f"{ALL}/{{id}}/end", ask_one, ()),
    Door("POST", f"{ALL}/{{id}}/end", end_one, ()),
)
