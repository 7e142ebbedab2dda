"""The console's own address, which leads to the first page that one may open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.web.inside import Door
from gatekeeper.web.menu import APPLICATIONS, AUDIT_LOG, PASSWORD_MANAGEMENT, USER_PERMISSIONS, menu_of
from gatekeeper.web.pages import see_other

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.web.inside import Turn

ANY = (*PASSWORD_MANAGEMENT, *USER_PERMISSIONS, *AUDIT_LOG, *APPLICATIONS)


async def show(turn: Turn) -> web.StreamResponse:
    """``GET /admin``."""
    return see_other(menu_of(turn.request, turn.actor.permissions)[0].href)


DOORS = (Door("GET", "/admin", show, ANY),)
