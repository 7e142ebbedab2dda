"""Long pages as gzip: a tenth of the bytes for people on slow lines.

A page may hold what its address says beside what only its reader may know, and how well the two compress together tells
of the one by the other (BREACH). So the token of its forms is another each time (:mod:`gatekeeper.manners.csrf`), and
the length has a random share, in the part of the head that names a file (RFC 1952 §2.3.1). Short pages, those of
signing in among them, are sent as they are.
"""

from __future__ import annotations

import gzip
import io
import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

WORTH_IT = 8 * 1024
_LEVEL = 6
_MOST_PADDING = 128
_REFUSED = re.compile(r";q=0(\.0*)?$")


def takes_gzip(request: web.Request) -> bool:
    """Whether the browser reads gzip (RFC 9110 §12.5.3)."""
    codings = request.headers.get("Accept-Encoding", "").lower().replace(" ", "").split(",")
    return any(coding == "gzip" or (coding.startswith("gzip;") and not _REFUSED.search(coding)) for coding in codings)


def zip_page(request: web.Request, response: web.Response) -> None:
    """Make a page shorter on the way, where it is long and the browser can read it."""
    body = response.body
    if not isinstance(body, bytes) or len(body) < WORTH_IT:
        return
    response.headers["Vary"] = "Accept-Encoding"
    if takes_gzip(request):
        response.headers["Content-Encoding"] = "gzip"
        response.body = _zipped(body)


def _zipped(body: bytes) -> bytes:
    out = io.BytesIO()
    padding = "-" * secrets.randbelow(_MOST_PADDING)
    with gzip.GzipFile(filename=padding, mode="wb", compresslevel=_LEVEL, fileobj=out, mtime=0) as file:
        file.write(body)
    return out.getvalue()
