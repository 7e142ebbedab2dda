"""Answers of a hostile upstream, as raw bytes, and what the client gets of each.

What one reader of an answer could take for a second one is an answer with the body ``evil``.
"""

from __future__ import annotations

import dataclasses

OK = b"HTTP/1.1 200 OK\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\n"
SWITCHES = b"HTTP/1.1 101 Switching Protocols\r\n"
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\n"
LENGTH = b"Content-Length: 2\r\n\r\nok"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
TE = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"2\r\nok\r\n0\r\n\r\n"


@dataclasses.dataclass(frozen=True)
class Said:
    """A row.

    Attributes:
        data: what the upstream says to the first request on a connection.
        status: what the client gets; ``None`` where its connection is cut in the middle of an answer.
        body: likewise.
        later: what it says once the client has read the head.
        method: of the request.
        ends: whether the upstream then closes its connection.
        again: whether the same connection carries the next request.
        absent: what must not be in the head that the client gets.
    """

    data: bytes
    status: int | None = 502
    body: bytes = b""
    later: bytes = b""
    method: str = "GET"
    ends: bool = False
    again: bool = False
    absent: tuple[bytes, ...] = ()


def ok(
    data: bytes, *, body: bytes = b"ok", again: bool = True, ends: bool = False, absent: tuple[bytes, ...] = ()
) -> Said:
    return Said(data, 200, body, again=again, ends=ends, absent=absent)


def cut(head: bytes, later: bytes = b"", *, ends: bool = False) -> Said:
    """Broken once its head has gone out."""
    return Said(head, None, later=later, ends=ends)


ANSWERS = {
    "first line: another protocol": Said(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "first line: a request": Said(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "first line: HTTP/0.9": Said(b"<html>hello</html>", ends=True),
    "first line: HTTP/2.0": Said(b"HTTP/2.0 200 OK\r\n" + LENGTH),
    "first line: HTTP/1.2": Said(b"HTTP/1.2 200 OK\r\n" + LENGTH),
    "first line: HTTP/1.10": Said(b"HTTP/1.10 200 OK\r\n" + LENGTH),
    "first line: http/1.1": Said(b"http/1.1 200 OK\r\n" + LENGTH),
    "first line: ICY": Said(b"ICY 200 OK\r\n" + LENGTH),
    "first line: RTSP": Said(b"RTSP/1.0 200 OK\r\n" + LENGTH),
    "first line: two digits": Said(b"HTTP/1.1 20 OK\r\n" + LENGTH),
    "first line: four digits": Said(b"HTTP/1.1 2000 OK\r\n" + LENGTH),
    "first line: letters": Said(b"HTTP/1.1 abc OK\r\n" + LENGTH),
    "first line: minus": Said(b"HTTP/1.1 -20 OK\r\n" + LENGTH),
    "first line: 000": Said(b"HTTP/1.1 000 OK\r\n" + LENGTH),
    "first line: 099": Said(b"HTTP/1.1 099 OK\r\n" + LENGTH),
    "first line: 600": Said(b"HTTP/1.1 600 OK\r\n" + LENGTH, 600, b"ok", again=True),
    "first line: bare LF": Said(b"HTTP/1.1 200 OK\n" + LENGTH),
    "first line: bare CR": Said(b"HTTP/1.1 200 OK\rX: a\r\n" + LENGTH),
    "first line: NUL in the reason": Said(b"HTTP/1.1 200 O\0K\r\n" + LENGTH),
    "first line: escape in the reason": Said(b"HTTP/1.1 200 \x1b[31m\r\n" + LENGTH),
    "first line: space before": Said(b" HTTP/1.1 200 OK\r\n" + LENGTH),
    "first line: CRLF before": Said(b"\r\n" + OK + LENGTH, 200, b"ok", again=True),
    "first line: no reason": ok(b"HTTP/1.1 200 \r\n" + LENGTH),
    "first line: no reason and no space": ok(b"HTTP/1.1 200\r\n" + LENGTH),
    "first line: high bytes in the reason": ok(b"HTTP/1.1 200 \xc3\xa4\r\n" + LENGTH),
    "nothing": Said(b"", ends=True),
    "half a head": Said(OK + b"Content-", ends=True),
    "length: twice": Said(OK + b"Content-Length: 2\r\n" + LENGTH),
    "length: two": Said(OK + b"Content-Length: 6\r\n" + LENGTH),
    "length: list": Said(OK + b"Content-Length: 2, 2\r\n\r\nok"),
    "length: plus": Said(OK + b"Content-Length: +2\r\n\r\nok"),
    "length: minus": Said(OK + b"Content-Length: -2\r\n\r\nok"),
    "length: hexadecimal": Said(OK + b"Content-Length: 0x2\r\n\r\nok"),
    "length: underscore": Said(OK + b"Content-Length: 0_2\r\n\r\nok"),
    "length: empty": Said(OK + b"Content-Length:\r\n\r\nok"),
    "length: 2^64 + 2": Said(OK + b"Content-Length: 18446744073709551618\r\n\r\nok"),
    "length: digit of another script": Said(OK + "Content-Length: ٢\r\n\r\nok".encode()),
    "length: leading zeros": ok(OK + b"Content-Length: 0002\r\n\r\nok"),
    "length: spaces around": ok(OK + b"Content-Length: \t 2 \t\r\n\r\nok"),
    "length: more than comes": cut(OK + b"Content-Length: 5\r\n\r\nok", ends=True),
    "length: less than comes": ok(OK + LENGTH + EVIL, again=False),
    "length: less by a byte": ok(OK + LENGTH + b"!", again=False),
    "length and chunks": Said(OK + b"Content-Length: 2\r\n" + TE + b"\r\n" + CHUNKS),
    "chunks and length": Said(OK + TE + b"Content-Length: 2\r\n\r\n" + CHUNKS),
    "coding: gzip": Said(OK + b"Transfer-Encoding: gzip\r\n\r\nok"),
    "coding: gzip, chunked": Said(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS),
    "coding: chunked, gzip": Said(OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + CHUNKS),
    "coding: chunked twice": Said(OK + TE + TE + b"\r\n" + CHUNKS),
    "coding: chunked, chunked": Said(OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKS),
    "coding: identity": Said(OK + b"Transfer-Encoding: identity\r\n" + LENGTH),
    "coding: xchunked": Said(OK + b"Transfer-Encoding: xchunked\r\n" + LENGTH),
    "coding: empty": Said(OK + b"Transfer-Encoding:\r\n" + LENGTH),
    "coding: in HTTP/1.0": Said(b"HTTP/1.0 200 OK\r\n" + TE + b"\r\n" + CHUNKS),
    "coding: space before the colon": Said(OK + b"Transfer-Encoding : chunked\r\n" + LENGTH),
    "coding: vertical tab": Said(OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNKS),
    "coding: upper case": ok(OK + b"Transfer-Encoding: CHUNKED\r\n\r\n" + CHUNKS),
    "chunk: bad size": Said(OK + TE + b"\r\nxyz\r\nok\r\n0\r\n\r\n"),
    "chunk: bad size, later": cut(OK + TE + b"\r\n", b"xyz\r\nok\r\n0\r\n\r\n"),
    "chunk: minus": Said(OK + TE + b"\r\n-2\r\nok\r\n0\r\n\r\n"),
    "chunk: minus, later": cut(OK + TE + b"\r\n", b"-2\r\nok\r\n0\r\n\r\n"),
    "chunk: 2^64 + 2": Said(OK + TE + b"\r\n10000000000000002\r\nok\r\n0\r\n\r\n"),
    "chunk: 2^64 + 2, later": cut(OK + TE + b"\r\n", b"10000000000000002\r\nok\r\n0\r\n\r\n"),
    "chunk: bare LF": Said(OK + TE + b"\r\n2\nok\r\n0\r\n\r\n"),
    "chunk: bare LF, later": cut(OK + TE + b"\r\n", b"2\nok\r\n0\r\n\r\n"),
    "chunk: longer than said": Said(OK + TE + b"\r\n1\r\nok\r\n0\r\n\r\n"),
    "chunk: longer than said, later": cut(OK + TE + b"\r\n", b"1\r\nok\r\n0\r\n\r\n"),
    "chunk: never the last": cut(OK + TE + b"\r\n2\r\nok\r\n", ends=True),
    "chunk: cut in the last": cut(OK + TE + b"\r\n2\r\nok\r\n0\r\n", ends=True),
    "chunk: an answer after the last": ok(OK + TE + b"\r\n" + CHUNKS + EVIL, again=False),
    "chunk: extensions": ok(OK + TE + b"\r\n2;a=b\r\nok\r\n0;c\r\n\r\n"),
    "trailer: framing and cookies of ours": ok(
        OK + TE + b"\r\n2\r\nok\r\n0\r\nSet-Cookie: __Host-gatekeeper=evil\r\nClear-Site-Data: *\r\nX-T: 1\r\n\r\n",
        absent=(b"evil", b"Clear-Site-Data"),
    ),
    "trailer: none from an answer after it": ok(
        OK + TE + b"\r\n" + CHUNKS + b"HTTP/1.1 200 evil\r\nX-Evil: evil\r\n\r\n", again=False, absent=(b"evil",)
    ),
    "trailer: folded": Said(OK + TE + b"\r\n2\r\nok\r\n0\r\nX: a\r\n b\r\n\r\n"),
    "trailer: folded, later": cut(OK + TE + b"\r\n", b"2\r\nok\r\n0\r\nX: a\r\n b\r\n\r\n"),
    "trailer: bare LF": Said(OK + TE + b"\r\n2\r\nok\r\n0\r\nX: a\n\r\n"),
    "trailer: bare LF, later": cut(OK + TE + b"\r\n", b"2\r\nok\r\n0\r\nX: a\n\r\n"),
    "line: folded": Said(OK + b"X: a\r\n b\r\n" + LENGTH),
    "line: bare LF": Said(OK + b"X: a\nY: b\r\n" + LENGTH),
    "line: bare CR": Said(OK + b"X: a\rY: b\r\n" + LENGTH),
    "line: NUL": Said(OK + b"X: a\0\r\n" + LENGTH),
    "line: control byte in a cookie": Said(OK + b"Set-Cookie: a=\x01\r\n" + LENGTH),
    "line: LF in a cookie": Said(OK + b"Set-Cookie: a=b\nSet-Cookie: __Host-gatekeeper=evil\r\n" + LENGTH),
    "line: space before the colon": Said(OK + b"X : a\r\n" + LENGTH),
    "line: no colon": Said(OK + b"X\r\n" + LENGTH),
    "line: no name": Said(OK + b": a\r\n" + LENGTH),
    "line: high byte in the name": Said(OK + b"X\xff: a\r\n" + LENGTH),
    "line: the first is folded": Said(OK + b" X: a\r\n" + LENGTH),
    "line: endless": Said(OK + b"X: " + b"x" * 200_000),
    "lines: endless": Said(OK + b"X: a\r\n" * 30_000),
    "line: an answer by an escape": ok(OK + b"Location: /%0d%0aHTTP/1.1 200 OK\r\n" + LENGTH),
    "ours: cookies": ok(
        OK + b"Set-Cookie: __Host-gatekeeper=evil\r\nset-cookie:__Host-gatekeeper-login=evil\r\n" + LENGTH,
        absent=(b"evil",),
    ),
    "ours: cookies without a name": ok(OK + b"Set-Cookie: =__Host-gatekeeper=evil\r\n" + LENGTH, absent=(b"evil",)),
    "ours: worker and site data": ok(
        OK + b"Service-Worker-Allowed: /evil\r\nClear-Site-Data: evil\r\n" + LENGTH, absent=(b"evil",)
    ),
    "hops: of this connection alone": ok(
        OK + b"Connection: keep-alive, X-Hop\r\nX-Hop: evil\r\nKeep-Alive: evil\r\nUpgrade: evil\r\nTrailer: evil\r\n"
        b"Proxy-Authenticate: evil\r\nTE: evil\r\nProxy-Connection: evil\r\n" + LENGTH,
        absent=(b"evil",),
    ),
    "hops: Connection names the length": ok(OK + b"Connection: Content-Length\r\n" + LENGTH),
    "hops: Connection names the coding": ok(OK + b"Connection: Transfer-Encoding\r\n" + TE + b"\r\n" + CHUNKS),
    "hops: close": ok(OK + b"Connection: close\r\n" + LENGTH, again=False),
    "hops: close, and an answer after it": ok(OK + b"Connection: close\r\n" + LENGTH + EVIL, again=False),
    "1.0: a length": ok(b"HTTP/1.0 200 OK\r\n" + LENGTH, again=False),
    "1.0: keep-alive": ok(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + LENGTH),
    "1.0: until the end": ok(b"HTTP/1.0 200 OK\r\n\r\nok", again=False, ends=True),
    "until the end, an answer in it": ok(OK + b"\r\n" + EVIL, body=EVIL, again=False, ends=True),
    "upgrade: advertised": ok(OK + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + LENGTH, absent=(b"pgrade",)),
    "upgrade: required": Said(
        b"HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n" + LENGTH, 426, b"ok", again=True
    ),
    "1xx: hints": ok(HINTS + b"Link: </a>\r\n\r\n" + OK + LENGTH),
    "1xx: a cookie of ours in it": ok(
        HINTS + b"Set-Cookie: __Host-gatekeeper=evil\r\nClear-Site-Data: evil\r\n\r\n" + OK + LENGTH,
        absent=(b"evil",),
    ),
    "1xx: a length in it": ok(HINTS + b"Content-Length: 44\r\n\r\n" + OK + LENGTH),
    "1xx: chunks in it": ok(HINTS + TE + b"\r\n" + OK + LENGTH),
    "1xx: many": ok(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + OK + LENGTH),
    "1xx: and the end": Said(b"HTTP/1.1 100 Continue\r\n\r\n", ends=True),
    "101: nobody asked": Said(SWITCHES + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + EVIL),
    "101: no protocol": Said(SWITCHES + b"\r\n" + EVIL),
    "101: a length": Said(SWITCHES + LENGTH),
    "204: a body": Said(b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil", 204),
    "204: chunks": Said(b"HTTP/1.1 204 No Content\r\n" + TE + b"\r\n4\r\nevil\r\n0\r\n\r\n", 204),
    "204: an answer": Said(b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL, 204),
    "304: a body": Said(UNCHANGED + b"Content-Length: 4\r\n\r\nevil", 304),
    "304: chunks": Said(UNCHANGED + TE + b"\r\n4\r\nevil\r\n0\r\n\r\n", 304),
    "304: the length of what is not sent": Said(UNCHANGED + b"Content-Length: 4\r\n\r\n", 304, again=True),
    "205: a body": Said(b"HTTP/1.1 205 Reset Content\r\n" + LENGTH, 205, b"ok", again=True),
    "HEAD: a length": Said(OK + b"Content-Length: 4\r\n\r\n", 200, method="HEAD", again=True),
    "HEAD: a body": Said(OK + b"Content-Length: 4\r\n\r\nevil", 200, method="HEAD"),
    "HEAD: chunks": Said(OK + TE + b"\r\n4\r\nevil\r\n0\r\n\r\n", 200, method="HEAD"),
    "HEAD: an answer": Said(OK + b"Content-Length: 4\r\n\r\n" + EVIL, 200, method="HEAD"),
    "HEAD: until the end": Said(OK + b"\r\n" + EVIL, 200, method="HEAD", ends=True),
    "HEAD: two lengths": Said(OK + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n", method="HEAD"),
    "HEAD: length and chunks": Said(OK + b"Content-Length: 4\r\n" + TE + b"\r\n", method="HEAD"),
}
