"""``/login/forgot``: a name is typed, and the same is said whosever it is. Only where mail is configured."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper.domain.errors import Refused
from gatekeeper.flows import forgotten
from gatekeeper.manners.csrf import is_same_origin
from gatekeeper.manners.keys import SERVICES
from gatekeeper.web.refusals import refusal_of
from gatekeeper.web.visit import Visit, arrive

if TYPE_CHECKING:
    from gatekeeper.config.model import MailConfig

ADDRESS = "/login/forgot"
SENT = "sent"
"""In the query of the page that says what comes next."""


async def show(request: web.Request) -> web.StreamResponse:
    """``GET``: the form, or after it what to expect, which is the same for every name."""
    mail = _mail(request)
    visit = await arrive(request)
    if SENT in request.query:
        return visit.show("login/forgot_sent.html", main_address=mail.main_address_reachable)
    return _form(visit)


async def ask(request: web.Request) -> web.StreamResponse:
    """``POST``: ask for a link.

    The attempt of this browser, if it has one, is left behind: who has forgotten their password begins anew.
    """
    _mail(request)
    visit = await arrive(request)
    typed = visit.fields.get("username", "")
    if not visit.is_ours:
        known = typed if is_same_origin(request) else ""
        return _form(visit, HTTPStatus.FORBIDDEN, note="stale", username=known)
    try:
        await forgotten.ask(visit.services, typed, visit.client, visit.now)
    except Refused as refused:
        status, errors = refusal_of(refused)
        return _form(visit, status, username=typed, errors=errors)
    return visit.to(ADDRESS, token="", query=f"{SENT}=1")


def _mail(request: web.Request) -> MailConfig:
    """How mail is sent.

    Raises:
        web.HTTPNotFound: it is not.
    """
    mail = request.app[SERVICES].config.mail
    if mail is None:
        raise web.HTTPNotFound
    return mail


def _form(
    visit: Visit,
    status: int = HTTPStatus.OK,
    *,
    note: str = "",
    username: str = "",
    errors: dict[str, str] | None = None,
) -> web.Response:
    return visit.show("login/forgot.html", status, note=note, values={"username": username}, errors=errors or {})
