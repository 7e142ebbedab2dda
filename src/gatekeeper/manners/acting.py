"""Who is acting: the session that the browser's cookie opens, or the bearer token of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper.crypto.tokens import digest
from gatekeeper.manners.keys import CLOCK, COOKIES, SERVICES
from gatekeeper.manners.reader import speak_to

if TYPE_CHECKING:
    from gatekeeper.domain.model import Session

_READ: web.RequestKey[Session | None] = web.RequestKey("session")


async def session_of(request: web.Request) -> Session | None:
    """The session of the browser that asks, read afresh once a request; ``None`` where nobody is signed in.

    What its person owes is not looked at: a session that owes something opens only the owed steps and sign-out.

    Raises:
        Unavailable: sessions cannot be read.
    """
    if _READ not in request:
        token = request.app[COOKIES].session_token(request)
        now = request.app[CLOCK]()
        session = None if token is None else await request.app[SERVICES].reader.read(digest(token), now)
        if session is not None:
            speak_to(request, session.owner)
        request[_READ] = session
    return request[_READ]


def replace_session(request: web.Request, session: Session | None) -> None:
    """Go on with another session for the rest of this request."""
    request[_READ] = session


def bearer_token(request: web.Request) -> str | None:
    """The token in ``Authorization: Bearer`` (RFC 6750 §2.1), or ``None`` where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
