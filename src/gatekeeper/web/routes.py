"""Which address is answered by which handler (contract: *Addresses*)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import aiohttp_session

from gatekeeper.config.model import CHANGE_PASSWORD
from gatekeeper.manners.cookies import Cookies
from gatekeeper.manners.destinations import Destinations
from gatekeeper.manners.keys import CLOCK, COOKIES, DESTINATIONS, RENDERER, SERVICES
from gatekeeper.manners.scratch import ScratchStorage
from gatekeeper.web import account, console, forgot, recovery_address, reset, sign_in, sign_out
from gatekeeper.web.guard import guarded
from gatekeeper.web.pages import pages
from gatekeeper.web.passwords import NewPasswordPage, NoticePage
from gatekeeper.web.two_factor import CodePage, EnrolPage, RecoveryCodesPage
from gatekeeper.web.visit import ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web
    from aiohttp.typedefs import Handler

    from gatekeeper.flows.services import Services
    from gatekeeper.manners.render import Renderer
    from gatekeeper.web.inside import Door
    from gatekeeper.web.steps import StepPage

DOORS: tuple[Door, ...] = (*account.DOORS, *console.DOORS)
"""Every address inside, of which the matrix of permissions is made."""


def setup(app: web.Application, services: Services, renderer: Renderer, clock: Callable[[], float] = time.time) -> None:
    """Put the pages, and what all handlers need, into an application.

    Args:
        app: the application; the API's and the provider's addresses may be added to it as well.
        services: what the flows need.
        renderer: renders the templates.
        clock: seconds since the epoch.
    """
    app[SERVICES] = services
    app[RENDERER] = renderer
    app[COOKIES] = Cookies(services.config.server.public_url, services.signer)
    app[DESTINATIONS] = Destinations(services.config)
    app[CLOCK] = clock
    app.middlewares.append(pages)
    app.middlewares.append(aiohttp_session.session_middleware(ScratchStorage()))
    prefix = services.config.server.prefix
    _both(app, f"{prefix}/login", sign_in.show, sign_in.give)
    _both(app, f"{prefix}{forgot.ADDRESS}", forgot.show, forgot.ask)
    _both(app, f"{prefix}{reset.ADDRESS}", reset.show, reset.use)
    _both(app, f"{prefix}{recovery_address.ADDRESS}", recovery_address.show, recovery_address.confirm)
    _both(app, f"{prefix}/logout", sign_out.show, sign_out.leave)
    for path in (CHANGE_PASSWORD, prefix, f"{prefix}/"):
        app.router.add_get(path, account.elsewhere)
    steps: tuple[StepPage, ...] = (CodePage(), EnrolPage(), NewPasswordPage(), RecoveryCodesPage(), NoticePage())
    for step in steps:
        _both(app, f"{prefix}{ADDRESSES[step.step]}", step.show, step.submit)
    console.prepare(app)
    for door in DOORS:
        add = app.router.add_post if door.changes else app.router.add_get
        add(f"{prefix}{door.path}", guarded(door))


def _both(app: web.Application, path: str, show: Handler, take: Handler) -> None:
    app.router.add_get(path, show)
    app.router.add_post(path, take)
