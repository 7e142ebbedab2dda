"""Who reads the answer to a request, as far as its language goes: a person with a wish of their own, or a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper.manners.keys import RENDERER

if TYPE_CHECKING:
    from gatekeeper.domain.model import OwnerFacts

_CHOSEN: web.RequestKey[str] = web.RequestKey("language", str)


def speak_to(request: web.Request, person: OwnerFacts) -> None:
    """Answer in the language that a person chose, if they did: they are signed in, or on their way."""
    if person.language is not None:
        request[_CHOSEN] = person.language


def language_of(request: web.Request) -> str:
    """The tag of the language that the answer to a request is written in."""
    wishes = request.headers.get("Accept-Language", "")
    return request.app[RENDERER].languages.chosen(request.get(_CHOSEN), wishes)
