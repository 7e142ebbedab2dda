"""Reading a form: bounded, and never an unexpected error because of what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST = 64 * 1024
MOST_FIELDS = 50
TYPE = "application/x-www-form-urlencoded"


async def read_form(request: web.Request) -> Mapping[str, str]:
    """The fields of a form; of a field sent twice the first value.

    Raises:
        web.HTTPRequestEntityTooLarge: it is longer than any of our forms can be.
        web.HTTPUnsupportedMediaType: it is not a form as browsers send ours.
        web.HTTPBadRequest: it has more fields than any of our forms.
    """
    if request.content_type != TYPE:
        raise web.HTTPUnsupportedMediaType
    body = await request.content.read(LARGEST + 1)
    while len(body) <= LARGEST and not request.content.at_eof():
        body += await request.content.read(LARGEST + 1 - len(body))
    if len(body) > LARGEST:
        raise web.HTTPRequestEntityTooLarge(max_size=LARGEST, actual_size=len(body))
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise web.HTTPBadRequest from None
    return dict(reversed(pairs))
