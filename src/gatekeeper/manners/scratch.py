"""What the pages remember between two requests of a session, such as a line to show once, through aiohttp-session.

The stock storages keep an id alive after a rise of privilege and set cookies of their own; this one lives beside our
session in Redis, under our session's id, dies with it, and sets no cookie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp_session import AbstractStorage, Session, get_session

from gatekeeper.domain.wording import packed, unpacked
from gatekeeper.manners.acting import session_of
from gatekeeper.manners.keys import SERVICES

if TYPE_CHECKING:
    from aiohttp import web

_LINES = "lines"


class ScratchStorage(AbstractStorage):
    """aiohttp-session's storage over ``sessions.get_data`` and ``set_data``."""

    async def load_session(self, request: web.Request) -> Session:
        """What is remembered of the session that asks; nothing for nobody."""
        session = await session_of(request)
        data = {} if session is None else await request.app[SERVICES].sessions.get_data(session.id)
        scratch = Session(None if session is None else session.id, data=None, new=not data)
        scratch.update(data)
        scratch._changed = False  # noqa: SLF001 - filling it is no change, and the class offers no other way
        return scratch

    async def save_session(self, request: web.Request, response: web.StreamResponse, session: Session) -> None:  # noqa: ARG002
        """Remember it under the session that goes on after this request, which may have a new id."""
        current = await session_of(request)
        if current is not None:
            await request.app[SERVICES].sessions.set_data(current.id, dict(session))


async def say(request: web.Request, line: str) -> None:
    """Have the next page say a line once."""
    scratch = await get_session(request)
    scratch[_LINES] = [*scratch.get(_LINES, []), packed(line)]


async def said(request: web.Request) -> list[str]:
    """The lines to say now; they are not said again."""
    scratch = await get_session(request)
    return [unpacked(line) for line in scratch.pop(_LINES, [])]
