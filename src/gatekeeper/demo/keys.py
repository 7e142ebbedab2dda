"""What the handlers of one application share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web
from jinja2 import Environment

from gatekeeper.demo.post_office import PostOffice

if TYPE_CHECKING:
    from gatekeeper.demo.identity import Identity
    from gatekeeper.demo.mailbox import Mailbox

POST_OFFICE = web.AppKey("post_office", PostOffice)
PAGES = web.AppKey("pages", Environment)
SIGN_OUT_URL = web.AppKey("sign_out_url", str)


class Visit(NamedTuple):
    """Whoever is asking, and their mailbox."""

    identity: Identity
    mailbox: Mailbox


VISIT = web.RequestKey("visit", Visit)
