"""The other end of a request, as the edge saw it and says in headers that no client can send."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatekeeper.domain.model import Client
from gatekeeper.manners.keys import COOKIES, SERVICES

if TYPE_CHECKING:
    from aiohttp import web

ADDRESS = "X-Gatekeeper-Client-Address"
SCHEME = "X-Gatekeeper-Scheme"
REQUEST_ID = "X-Request-Id"
LONGEST_AGENT = 300
LONGEST_WISHES = 256
NO_EDGE = "127.0.0.1"
"""The address where there is no edge in front, as in tests that drive the application directly."""


def client_of(request: web.Request) -> Client:
    """Who asks, from where, and on which device."""
    return Client(
        address=request.headers.get(ADDRESS, NO_EDGE),
        user_agent=_told(request, "User-Agent", LONGEST_AGENT),
        request_id=request.headers.get(REQUEST_ID, ""),
        device=request.app[COOKIES].device(request),
        wishes=_told(request, "Accept-Language", LONGEST_WISHES),
    )


def _told(request: web.Request, name: str, longest: int) -> str:
    """What a browser tells of itself, in characters that can be stored and shown: it may send any byte."""
    text = request.headers.get(name, "")[:longest].encode("utf-8", "replace").decode()
    return "".join(character for character in text if character.isprintable())


def scheme_of(request: web.Request) -> str:
    """``http`` or ``https``, as the browser sees it."""
    public = urlsplit(request.app[SERVICES].config.server.public_url).scheme
    return request.headers.get(SCHEME, public).lower()
