"""Policies are replaced under the version that was seen (RFC 9110 §13.1.1): a lost update is refused, never made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gatekeeper.api.endpoints import Reply
from gatekeeper.api.reading import BadRequest
from gatekeeper.domain.errors import Conflict

if TYPE_CHECKING:
    from aiohttp import web
    from pydantic import BaseModel

_TAG = re.compile(r'\s*(W/)?"([^"]*)"\s*')


def with_version(value: BaseModel, version: int) -> Reply:
    """An answer with its ``ETag``."""
    return Reply(value, {"ETag": f'"{version}"'})


def expected_version(request: web.Request) -> int | None:
    """The version that ``If-Match`` names; ``None`` for ``*``, whichever stands.

    Raises:
        BadRequest: 428 there is no ``If-Match`` (RFC 6585 §3), 400 it is not well-formed.
        Conflict: it names no version that there ever was.
    """
    sent = ",".join(request.headers.getall("If-Match", ())).strip()
    if not sent:
        detail = "A policy is replaced under the version that was seen: send its ETag as If-Match."
        raise BadRequest(428, "if-match", detail, [("If-Match", "is missing")])
    if sent == "*":
        return None
    tags = [_TAG.fullmatch(part) for part in sent.split(",")]
    found = [tag for tag in tags if tag is not None]
    if len(found) < len(tags):
        raise BadRequest(400, "invalid", "If-Match is not a list of entity tags.", [("If-Match", "is not well-formed")])
    strong = [tag[2] for tag in found if tag[1] is None and tag[2].isascii() and tag[2].isdigit()]
    if len(strong) != 1:
        raise Conflict("If-Match names no version of this policy")
    return min(int(strong[0][:18]), 2**62)
