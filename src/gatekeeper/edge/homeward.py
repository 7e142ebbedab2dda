"""An upstream's head as the client gets it: what it says about its own connection, or about our pages, stays here."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.cookies import sets_one_of
from gatekeeper.domain.headers import connection_options, folded
from gatekeeper.edge.plain import CACHE_PRIVATE
from gatekeeper.edge.reply import Body

if TYPE_CHECKING:
    from gatekeeper.edge.forward import Forward
    from gatekeeper.edge.plain import PlainHead
    from gatekeeper.edge.reply import ResponseReader

_AFTER_NAME = len(b"\r\nSet-Cookie:")


def passing_lines(reader: ResponseReader, forward: Forward, own_cookies: frozenset[bytes]) -> list[bytes]:
    """Beginnings and values of the lines that pass, in turns.

    Args:
        reader: has read the head.
        forward: the request that is answered.
        own_cookies: names that only our own pages set.
    """
    lines = reader.lines
    cookies = reader.cookies
    for position in range(0, len(cookies), 2):
        if forward.own or not sets_one_of(cookies[position + 1], own_cookies):
            lines += cookies[position : position + 2]
    if forward.own:
        lines += reader.reserved
    gone = {folded(name) for name in connection_options(reader.connection) - {b"close", b"keep-alive"}}
    if not gone:
        return lines
    return [
        piece
        for position in range(0, len(lines), 2)
        if folded(lines[position]) not in gone
        for piece in lines[position : position + 2]
    ]


def final_head(
    reader: ResponseReader, forward: Forward, own_cookies: frozenset[bytes], *, chunked: bool, connection: bytes
) -> bytes:
    """The head of a final answer, and the framing of its body.

    Args:
        reader: has read the head.
        forward: the request that is answered.
        own_cookies: names that only our own pages set.
        chunked: whether the body goes out in chunks.
        connection: the ``Connection`` line with the CRLF before it, or nothing.
    """
    lines = passing_lines(reader, forward, own_cookies)
    if forward.private and reader.cache_control is None:
        lines.append(CACHE_PRIVATE)
    framing = reader.framing
    if framing is Body.LENGTH or (
        framing is Body.NONE and reader.length is not None and reader.status != HTTPStatus.NO_CONTENT
    ):
        lines += (b"\r\nContent-Length: ", reader.length or b"0")
    elif chunked:
        lines.append(b"\r\nTransfer-Encoding: chunked")
    return b"".join((b"HTTP/1.1 %d %b" % (reader.status, reader.reason), *lines, connection, b"\r\n\r\n"))


def whole_answer(
    head: PlainHead, data: bytes, forward: Forward, own_cookies: frozenset[bytes], connection: bytes
) -> bytes:
    """A plain answer, body and all.

    Args:
        head: of the answer.
        data: all of it, as it came.
        forward: the request that is answered.
        own_cookies: names that only our own pages set.
        connection: the ``Connection`` line with the CRLF before it, or nothing.
    """
    passing = head.private if forward.private else head.passing
    rest = data[len(data) - head.length - 4 :]
    if not head.cookies and not head.reserved and not connection:
        return passing + rest
    cookies = [line for line in head.cookies if forward.own or not sets_one_of(line[_AFTER_NAME:], own_cookies)]
    reserved = head.reserved if forward.own else ()
    return b"".join((passing, *cookies, *reserved, connection, rest))
