"""Devices that stand in for the code: taking that back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.wording import N_
from gatekeeper.flows import own_sessions
from gatekeeper.manners.render import device
from gatekeeper.web.account.parts import ADDRESS, ask
from gatekeeper.web.inside import Door

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.web.inside import Turn

ONE = f"{ADDRESS}/devices/{{id}}/remove"


async def ask_one(turn: Turn) -> web.StreamResponse:
    """Whether to ask for a code there again."""
    one = await own_sessions.trusted_device(turn.services, turn.session, turn.path["id"], turn.now)
    title = N_("Stop trusting %(device)s?", device=device(one.user_agent))
    return await ask(turn, title, N_("The next sign-in there asks for a code."), N_("Stop trusting it"))


async def untrust(turn: Turn) -> web.StreamResponse:
    """Ask for a code there from now on."""
    one = await own_sessions.untrust(turn.services, turn.session, turn.path["id"], turn.client, turn.now)
    line = N_(
        "%(device)s is not trusted any more: the next sign-in there asks for a code.", device=device(one.user_agent)
    )
    return await turn.done(line, ADDRESS)


DOORS = (Door("GET", ONE, ask_one, ()), Door("POST", ONE, untrust, ()))
