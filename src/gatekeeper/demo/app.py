"""The application: its addresses, and what holds for each of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gatekeeper.demo import api, live, pages
from gatekeeper.demo.identity import identity_of
from gatekeeper.demo.incoming import LARGEST, Incoming
from gatekeeper.demo.keys import PAGES, POST_OFFICE, SIGN_OUT_URL, VISIT, Visit
from gatekeeper.demo.post_office import PostOffice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from socket import socket

    from aiohttp.typedefs import Handler

HERE = Path(__file__).parent
ELSEWHERE = "/elsewhere/"
FOR_EVERYBODY = ("/mail/static/", ELSEWHERE)
BODY_LIMIT = 26 * 1024 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def create_app(sign_out_url: str, mail: socket | None = None) -> web.Application:
    """Return the webmail as an application to be run behind a gateway.

    ``sign_out_url`` is where its *Sign out* leads. Everything lies under ``/mail/``; ``/`` leads there. Mail is taken
    on ``mail``, a socket that listens, if there is one; what is for other places is shown under ``/elsewhere/``.
    """
    app = web.Application(middlewares=[ask_who], client_max_size=BODY_LIMIT)
    app[POST_OFFICE] = office = PostOffice()
    if mail is not None:
        app.cleanup_ctx.append(taking_mail(office, mail))
    app[SIGN_OUT_URL] = sign_out_url
    app[PAGES] = environment()
    app.on_response_prepare.append(protect)
    app.router.add_get("/", to_mail)
    app.router.add_get("/mail", to_mail)
    app.router.add_static("/mail/static", HERE / "static")
    app.router.add_get(ELSEWHERE, elsewhere)
    app.router.add_static(f"{ELSEWHERE}static", HERE / "static")
    pages.setup(app)
    api.setup(app)
    live.setup(app)
    return app


def taking_mail(office: PostOffice, mail: socket) -> Callable[[web.Application], AsyncIterator[None]]:
    """Take mail for as long as the application runs."""

    async def taking(_: web.Application) -> AsyncIterator[None]:
        async with await asyncio.start_server(Incoming(office), sock=mail, limit=LARGEST):
            yield

    return taking


def environment() -> Environment:
    """Return the templates, with what they know of time."""
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["short_time"] = short_time
    return found


def short_time(at: datetime) -> str:
    """Return a time for a list: the hour today, the day this year, the year before. Scripts make it local."""
    now = datetime.now(UTC)
    if at.date() == now.date():
        return f"{at:%H:%M}"
    return f"{at.day} {at:%b}" if at.year == now.year else f"{at:%b} {at.year}"


async def elsewhere(request: web.Request) -> web.StreamResponse:
    """Show what was written to people who have no mailbox here; whoever asks."""
    page = request.app[PAGES].get_template("elsewhere.html")
    return web.Response(text=page.render(messages=request.app[POST_OFFICE].elsewhere), content_type="text/html")


async def to_mail(_request: web.Request) -> web.StreamResponse:
    """Lead to the inbox."""
    raise web.HTTPFound("/mail/")


@web.middleware
async def ask_who(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who is asking; nobody gets anything but what is for everybody. Forms of other sites are refused."""
    if request.path.startswith(FOR_EVERYBODY):
        return await handler(request)
    identity = identity_of(request.headers)
    if identity is None:
        raise web.HTTPForbidden(text="This mail platform was not told who you are. Reach it through its gateway.\n")
    if request.method not in {"GET", "HEAD"} and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise web.HTTPForbidden(text="This form came from another site.\n")
    request[VISIT] = Visit(identity, request.app[POST_OFFICE].mailbox(identity))
    return await handler(request)


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that every answer has; only static files may be kept."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    kept = "max-age=300" if request.path.startswith("/mail/static/") else "no-store"
    response.headers.setdefault("Cache-Control", kept)
