"""What cannot be judged at all, and is refused before anybody asks whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper.edge.head import Request


_OF_RTSP = frozenset(
    {
        b"ANNOUNCE",
        b"DESCRIBE",
        b"FLUSH",
        b"GET_PARAMETER",
        b"PAUSE",
        b"PLAY",
        b"RECORD",
        b"REDIRECT",
        b"SETUP",
        b"SET_PARAMETER",
        b"TEARDOWN",
    }
)
"""Methods that the parser takes in RTSP alone, which it reads as HTTP."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A request that cannot be judged at all: it is answered with ``status``, and its connection is closed."""

    status: int
    reason: str


MALFORMED = Fault(400, "this is no HTTP/1.1 request")
OVERLONG = Fault(431, "the request's head is too large")
SLOW = Fault(408, "the request's head took too long")


def fault_of(request: Request, head_bytes: int) -> Fault | None:  # noqa: PLR0911 - a list of refusals, one a line
    """Why a request cannot be judged, if so (RFC 9112): what the parser lets pass and no proxy should.

    Args:
        request: its head.
        head_bytes: the largest head that is taken.
    """
    if request.head_bytes > head_bytes:
        return OVERLONG
    if request.version not in {"1.1", "1.0"}:
        return Fault(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    if request.method in _OF_RTSP:
        return MALFORMED
    if request.hosts != 1 or not request.host:
        return Fault(400, "a request names exactly one host")
    if request.method in {b"CONNECT", b"TRACE"}:
        return Fault(405, "this method is not for use here")
    if request.coding is not None:
        if request.version == "1.0":
            return Fault(400, "Transfer-Encoding is not part of HTTP/1.0")
        if request.coding != b"chunked":
            return Fault(400, "chunked is the only transfer coding that is taken")
        if request.length is not None:
            return Fault(400, "a body has a length or is chunked, not both")
    if request.expectation is not None and request.expectation != b"100-continue":
        return Fault(417, "100-continue is the only expectation that can be met")
    return None
