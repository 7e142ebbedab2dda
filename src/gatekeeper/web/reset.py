"""``/login/reset?token=…``: a one-time link, out of a mail or from an administrator. Opening it uses nothing up.

Its form does: mail scanners open links, and people open them twice. The token is in the form, never in the address that
the form is sent to; no page learns more of where the person came from than the origin.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.flows import links
from gatekeeper.flows.links import LinkEnded
from gatekeeper.web.visit import Visit, arrive

if TYPE_CHECKING:
    from aiohttp import web

ADDRESS = links.PATH
TOKEN = "token"  # noqa: S105 - the name of a field
LONGEST = 200


async def show(request: web.Request) -> web.StreamResponse:
    """``GET``: a button, or a sentence that the link has ended."""
    visit = await arrive(request)
    token = request.query.get(TOKEN, "")[:LONGEST]
    if not await links.is_good(visit.services, token, visit.now):
        return _ended(visit)
    return _page(visit, token)


async def use(request: web.Request) -> web.StreamResponse:
    """``POST``: use the link up, and go on to the code or the new password."""
    visit = await arrive(request)
    token = visit.fields.get(TOKEN, "")[:LONGEST]
    if not visit.is_ours:
        if not await links.is_good(visit.services, token, visit.now):
            return _ended(visit)
        return _page(visit, token, HTTPStatus.FORBIDDEN, note="stale")
    try:
        attempt, standing = await links.use(visit.services, token, visit.following, visit.client, visit.now)
    except LinkEnded:
        return _ended(visit)
    return await visit.onward(standing, attempt)


def _page(visit: Visit, token: str, status: int = HTTPStatus.OK, *, note: str = "") -> web.Response:
    return secretly(visit.show("login/reset.html", status, note=note, token=token))


def _ended(visit: Visit) -> web.Response:
    by_mail = visit.services.config.mail is not None
    return secretly(visit.show("login/reset_ended.html", HTTPStatus.GONE, by_mail=by_mail))


def secretly(response: web.Response) -> web.Response:
    """The page, which tells nobody its whole address. ``no-referrer`` would take the origin from its form as well."""
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
