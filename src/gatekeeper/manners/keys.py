"""What handlers find in the application: typed keys instead of globals."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from gatekeeper.flows.services import Services
from gatekeeper.manners.cookies import Cookies
from gatekeeper.manners.destinations import Destinations
from gatekeeper.manners.render import Renderer

Clock = Callable[[], float]

SERVICES = web.AppKey("services", Services)
RENDERER = web.AppKey("renderer", Renderer)
COOKIES = web.AppKey("cookies", Cookies)
DESTINATIONS = web.AppKey("destinations", Destinations)
CLOCK: web.AppKey[Clock] = web.AppKey("clock")
