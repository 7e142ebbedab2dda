"""The console: pages from which administrators steer. Each goes through the same flows as the API, under the same
permissions; a page only reads a form, calls a flow, and shows what came of it.

``DOORS`` is all of them; the router and the matrix of permissions are made from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.web.console import audit, clients, editing, home, importing, passwords, person, questions, users

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.web.inside import Door

DOORS: tuple[Door, ...] = (
    *home.DOORS,
    *passwords.DOORS,
    *users.DOORS,
    *editing.DOORS,
    *questions.DOORS,
    *person.DOORS,
    *importing.DOORS,
    *audit.DOORS,
    *clients.DOORS,
)


def prepare(app: web.Application) -> None:
    """Put into an application what the pages need besides their doors."""
    importing.prepare(app)
