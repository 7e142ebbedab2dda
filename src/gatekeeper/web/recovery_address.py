"""``/account/recovery-address?token=…``: the link of a mail that asks whether its address is read.

Opening it uses nothing up, its form does. That the mail arrived is all that it proves, so nobody need be signed in, and
any browser will do.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.flows import recovery_address
from gatekeeper.flows.links import LinkEnded
from gatekeeper.web.reset import LONGEST, TOKEN, secretly
from gatekeeper.web.visit import Visit, arrive

if TYPE_CHECKING:
    from aiohttp import web

ADDRESS = recovery_address.PATH


async def show(request: web.Request) -> web.StreamResponse:
    """``GET``: which address it is, and a button."""
    visit = await arrive(request)
    return await _question(visit, request.query.get(TOKEN, "")[:LONGEST])


async def confirm(request: web.Request) -> web.StreamResponse:
    """``POST``: from now on the address counts."""
    visit = await arrive(request)
    token = visit.fields.get(TOKEN, "")[:LONGEST]
    if not visit.is_ours:
        return await _question(visit, token, HTTPStatus.FORBIDDEN, note="stale")
    try:
        address = await recovery_address.confirm(visit.services, token, visit.client, visit.now)
    except LinkEnded:
        return _ended(visit)
    return secretly(visit.show("account/recovery_address_confirmed.html", address=address))


async def _question(visit: Visit, token: str, status: int = HTTPStatus.OK, *, note: str = "") -> web.Response:
    user = await recovery_address.find(visit.services, token, visit.now)
    if user is None:
        return _ended(visit)
    return secretly(visit.show("account/recovery_address_confirm.html", status, note=note, token=token, user=user))


def _ended(visit: Visit) -> web.Response:
    return secretly(visit.show("account/recovery_address_ended.html", HTTPStatus.GONE))
