"""Framing of what goes out, on either side: where a head ends, how a body is cut, and one write for all there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from gatekeeper.edge.head import Request

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
JOINED_UP_TO = 65_536
"""Bytes up to which pieces are joined into one write; above, copying costs more than it saves."""


def end_of_head(request: Request, *, bodyless: bool) -> bytes:
    """The end of a head for an upstream: how the body is framed, and the empty line.

    Args:
        request: whose head it is.
        bodyless: whether its body is left out.
    """
    if not request.has_body or bodyless:
        if request.wants_websocket:
            return b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        return b"Content-Length: 0\r\n\r\n" if request.length is not None else b"\r\n"
    if request.coding is not None:
        return b"Transfer-Encoding: chunked\r\n\r\n"
    return b"Content-Length: %b\r\n\r\n" % (request.length or b"0")


def framed(pieces: list[bytes], *, chunked: bool) -> list[bytes]:
    """Pieces of a body, as one chunk if they go out in chunks (RFC 9112 §7.1)."""
    return [b"%x\r\n" % sum(map(len, pieces)), *pieces, b"\r\n"] if chunked else pieces


def last_chunk(trailers: bytes) -> bytes:
    """The end of a body in chunks.

    Args:
        trailers: lines, each with its CRLF.
    """
    return b"0\r\n" + trailers + b"\r\n"


def write(transport: asyncio.Transport, parts: list[bytes]) -> None:
    """One write, whatever there is."""
    if len(parts) == 1:
        transport.write(parts[0])
    elif sum(map(len, parts)) > JOINED_UP_TO:
        transport.writelines(parts)
    elif parts:
        transport.write(b"".join(parts))
