"""*Applications*: the place of OpenID Connect clients, of which there are none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.web.inside import Door
from gatekeeper.web.menu import APPLICATIONS

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.web.inside import Turn


async def show(turn: Turn) -> web.StreamResponse:
    """``GET /admin/clients``."""
    return await turn.page("console/clients.html")


DOORS = (Door("GET", "/admin/clients", show, APPLICATIONS),)
