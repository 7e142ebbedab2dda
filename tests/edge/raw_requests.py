"""Requests as raw bytes: malformed, ambiguous, borderline. Of each, what the client gets and what the upstream does.

Where two readers of one row could disagree, what one of them would take for a body is a request for ``/smuggled``.
Ideas are from RFC 9112 and 9110 and from what was found in other servers.
"""

from __future__ import annotations

import dataclasses

from tests.edge.raw import COOKIE_LINE, HOST_LINE, chunked, sent


@dataclasses.dataclass(frozen=True)
class Raw:
    """A row.

    Attributes:
        data: the bytes.
        answers: the statuses that the client gets, in order, the sentinel's left out.
        upstream: what the upstream gets, byte for byte but for the sentinel.
        ends: whether the connection ends with the last answer, so that the sentinel is never heard.
    """

    data: bytes
    answers: tuple[int, ...]
    upstream: tuple[bytes, ...] = ()
    ends: bool = False


def req(first: bytes, *lines: bytes, host: bytes = HOST_LINE, body: bytes = b"") -> bytes:
    return first + b"\r\n" + host + COOKIE_LINE + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def get(*lines: bytes, body: bytes = b"") -> bytes:
    return req(b"GET / HTTP/1.1", *lines, body=body)


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return req(b"POST / HTTP/1.1", *lines, body=body)


def refused(data: bytes, status: int = 400) -> Raw:
    return Raw(data, (status,), ends=True)


def turned_away(data: bytes, status: int) -> Raw:
    """Refused, though it is one request: the connection goes on."""
    return Raw(data, (status,))


def passed(data: bytes, *upstream: bytes) -> Raw:
    return Raw(data, (200,) * len(upstream), upstream)


SMUGGLED = get(body=b"").replace(b"GET / ", b"GET /smuggled ")
BODY = b"0\r\n\r\n" + SMUGGLED
CL = b"Content-Length: "
TE = b"Transfer-Encoding: chunked"
CHUNKS = b"3\r\nabc\r\n0\r\n\r\n"
LENGTH_THREE = sent(b"POST /", framing=CL + b"3", body=b"abc")
LENGTH_FIVE = sent(b"POST /", framing=CL + b"5", body=b"abcde")
CHUNKED_ABC = sent(b"POST /", framing=TE, body=chunked(b"abc"))


def length(said: bytes, name: bytes = b"Content-Length: ") -> Raw:
    return refused(post(name + said, body=b"abcde" + SMUGGLED))


def coding(*lines: bytes, body: bytes = BODY) -> Raw:
    return refused(post(*lines, body=body))


def chunks(data: bytes) -> Raw:
    return refused(post(TE, body=data + SMUGGLED))


def line(data: bytes) -> Raw:
    return refused(get(data))


def target(said: bytes, status: int = 400) -> Raw:
    return refused(req(b"GET " + said + b" HTTP/1.1"), status)


def goes(said: bytes) -> Raw:
    return passed(req(b"GET " + said + b" HTTP/1.1"), sent(b"GET " + said))


def host(said: bytes, status: int = 400) -> Raw:
    return refused(req(b"GET / HTTP/1.1", host=said), status)


def keeps(*lines: bytes) -> Raw:
    return passed(get(*lines), sent(b"GET /", *lines))


def drops(*lines: bytes) -> Raw:
    return passed(get(*lines), sent(b"GET /"))


LENGTHS = {
    "length: plus": length(b"+5"),
    "length: minus": length(b"-5"),
    "length: hexadecimal": length(b"0x5"),
    "length: list": length(b"5,5"),
    "length: list with a space": length(b"5, 5"),
    "length: list of two": length(b"5, 6"),
    "length: list that begins with a comma": length(b",5"),
    "length: list that ends with a comma": length(b"5,"),
    "length: fraction": length(b"5.0"),
    "length: exponent": length(b"5e0"),
    "length: underscore": length(b"1_0"),
    "length: two numbers": length(b"5 5"),
    "length: empty": length(b""),
    "length: word": length(b"five"),
    "length: quoted": length(b'"5"'),
    "length: semicolon": length(b"5;"),
    "length: NUL after it": length(b"5\0"),
    "length: vertical tab after it": length(b"5\x0b"),
    "length: form feed before it": length(b"\x0c5"),
    "length: no-break space": length(b"\xa05"),
    "length: digits of another script": length("٥".encode()),
    "length: superscript": length("⁵".encode()),
    "length: full-width digit": length("５".encode()),
    "length: 2^64": length(b"18446744073709551616"),
    "length: 2^64 + 5": length(b"18446744073709551621"),
    "length: thousand digits": length(b"5" * 1000),
    "length: twice": length(b"5\r\nContent-Length: 6"),
    "length: twice the same": length(b"5\r\nContent-Length: 5"),
    "length: zero and five": length(b"0\r\nContent-Length: 5"),
    "length: twice in two cases": length(b"5\r\ncONTENT-lENGTH: 6"),
    "length: space before the colon": length(b"5", b"Content-Length : "),
    "length: tab before the colon": length(b"5", b"Content-Length\t: "),
    "length: space before the name": length(b"5", b" Content-Length: "),
    "length: folded": length(b"\r\n 5"),
    "length: leading zeros": passed(post(CL + b"0005", body=b"abcde"), LENGTH_FIVE),
    "length: zero": passed(post(CL + b"0"), sent(b"POST /", framing=CL + b"0")),
    "length: zero zeros": passed(post(CL + b"000"), sent(b"POST /", framing=CL + b"0")),
    "length: spaces around": passed(post(b"Content-Length: \t 5 \t", body=b"abcde"), LENGTH_FIVE),
    "length: no space": passed(post(b"Content-Length:5", body=b"abcde"), LENGTH_FIVE),
    "length: other case": passed(post(b"CONTENT-LENGTH: 5", body=b"abcde"), LENGTH_FIVE),
    "length: with GET": passed(get(CL + b"5", body=b"abcde"), sent(b"GET /", framing=CL + b"5", body=b"abcde")),
    "length: the body is a request": passed(
        post(CL + b"%d" % len(SMUGGLED), body=SMUGGLED),
        sent(b"POST /", framing=CL + b"%d" % len(SMUGGLED), body=SMUGGLED),
    ),
    "length: underscore in the name": drops(b"Content_Length: 5"),
    "length: dot in the name": drops(b"Content.Length: 5"),
    "length: none with POST": passed(post(), sent(b"POST /")),
    "length: named by Connection": passed(post(CL + b"5", b"Connection: Content-Length", body=b"abcde"), LENGTH_FIVE),
}

CODINGS = {
    "CL.TE": coding(CL + b"%d" % len(BODY), TE),
    "CL.TE, the length short": coding(CL + b"4", TE),
    "TE.CL": coding(TE, CL + b"5"),
    "TE.CL with zero": coding(TE, CL + b"0"),
    "TE.CL in HTTP/1.0": refused(req(b"POST / HTTP/1.0", TE, CL + b"5", body=BODY)),
    "TE in HTTP/1.0": refused(req(b"POST / HTTP/1.0", TE, b"Connection: keep-alive", body=BODY)),
    "TE: twice": coding(TE, TE),
    "TE: chunked, then identity": coding(TE, b"Transfer-Encoding: identity"),
    "TE: identity, then chunked": coding(b"Transfer-Encoding: identity", TE),
    "TE: list of two": coding(b"Transfer-Encoding: chunked,chunked"),
    "TE: chunked, identity": coding(b"Transfer-Encoding: chunked, identity"),
    "TE: identity, chunked": coding(b"Transfer-Encoding: identity, chunked"),
    "TE: gzip, chunked": coding(b"Transfer-Encoding: gzip, chunked"),
    "TE: chunked, gzip": coding(b"Transfer-Encoding: chunked, gzip"),
    "TE: identity": coding(b"Transfer-Encoding: identity"),
    "TE: identity and a length": coding(b"Transfer-Encoding: identity", CL + b"5"),
    "TE: x": coding(b"Transfer-Encoding: x"),
    "TE: xchunked": coding(b"Transfer-Encoding: xchunked"),
    "TE: xchunked and a length": coding(b"Transfer-Encoding: xchunked", CL + b"5"),
    "TE: chunkedx": coding(b"Transfer-Encoding: chunkedx"),
    "TE: empty": coding(b"Transfer-Encoding:"),
    "TE: empty and a length": coding(b"Transfer-Encoding:", CL + b"5"),
    "TE: comma": coding(b"Transfer-Encoding: ,"),
    "TE: comma before": coding(b"Transfer-Encoding: ,chunked"),
    "TE: comma after": coding(b"Transfer-Encoding: chunked,"),
    "TE: parameter": coding(b"Transfer-Encoding: chunked;q=1"),
    "TE: quoted": coding(b'Transfer-Encoding: "chunked"'),
    "TE: single quotes": coding(b"Transfer-Encoding: 'chunked'"),
    "TE: vertical tab": coding(b"Transfer-Encoding: \x0bchunked"),
    "TE: form feed": coding(b"Transfer-Encoding: \x0cchunked"),
    "TE: NUL": coding(b"Transfer-Encoding: chunked\0"),
    "TE: no-break space": coding(b"Transfer-Encoding: \xa0chunked"),
    "TE: Kelvin sign": coding("Transfer-Encoding: chun\u212aed".encode()),
    "TE: bare CR before": coding(b"Transfer-Encoding: \rchunked"),
    "TE: bare LF before": coding(b"Transfer-Encoding:\nchunked"),
    "TE: folded": coding(b"Transfer-Encoding:\r\n chunked"),
    "TE: folded after": coding(b"Transfer-Encoding: chunked\r\n , identity"),
    "TE: space before the colon": coding(b"Transfer-Encoding : chunked"),
    "TE: tab before the colon": coding(b"Transfer-Encoding\t: chunked"),
    "TE: space before the name": coding(b" Transfer-Encoding: chunked"),
    "TE: after another line and a bare CR": coding(b"X: a\rTransfer-Encoding: chunked"),
    "TE: after another line and a bare LF": coding(b"X: a\nTransfer-Encoding: chunked", CL + b"%d" % len(BODY)),
    "TE: high byte in the name": coding(b"Transfer-Encoding\xff: chunked"),
    "TE: underscore in the name": passed(post(b"Transfer_Encoding: chunked", CL + b"5", body=b"abcde"), LENGTH_FIVE),
    "TE: dot in the name": passed(post(b"Transfer.Encoding: chunked", CL + b"5", body=b"abcde"), LENGTH_FIVE),
    "TE: upper case": passed(post(b"Transfer-Encoding: CHUNKED", body=CHUNKS), CHUNKED_ABC),
    "TE: tab before it": passed(post(b"Transfer-Encoding:\tchunked", body=CHUNKS), CHUNKED_ABC),
    "TE: spaces after it": coding(b"Transfer-Encoding: chunked \t"),
    "TE: with GET": passed(get(TE, body=CHUNKS), sent(b"GET /", framing=TE, body=chunked(b"abc"))),
    "TE: with HEAD": passed(
        req(b"HEAD / HTTP/1.1", TE, body=CHUNKS), sent(b"HEAD /", framing=TE, body=chunked(b"abc"))
    ),
    "TE: named by Connection": passed(post(TE, b"Connection: Transfer-Encoding", body=CHUNKS), CHUNKED_ABC),
    "TE: with the header TE": passed(post(TE, b"TE: trailers", b"Connection: TE", body=CHUNKS), CHUNKED_ABC),
}

CHUNKINGS = {
    "chunk: minus": chunks(b"-3\r\nabc\r\n0\r\n\r\n"),
    "chunk: plus": chunks(b"+3\r\nabc\r\n0\r\n\r\n"),
    "chunk: 0x": chunks(b"0x3\r\nabc\r\n0\r\n\r\n"),
    "chunk: underscore": chunks(b"0_3\r\nabc\r\n0\r\n\r\n"),
    "chunk: space before": chunks(b" 3\r\nabc\r\n0\r\n\r\n"),
    "chunk: tab before": chunks(b"\t3\r\nabc\r\n0\r\n\r\n"),
    "chunk: empty": chunks(b"\r\nabc\r\n0\r\n\r\n"),
    "chunk: word": chunks(b"xyz\r\nabc\r\n0\r\n\r\n"),
    "chunk: 2^64": chunks(b"10000000000000003\r\nabc\r\n0\r\n\r\n"),
    "chunk: 2^64 - 1": chunks(b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
    "chunk: 2^32 + 3 in 40 digits": chunks(b"1" + b"0" * 39 + b"\r\nabc\r\n0\r\n\r\n"),
    "chunk: bare LF after the size": chunks(b"3\nabc\r\n0\r\n\r\n"),
    "chunk: bare LF after the data": chunks(b"3\r\nabc\n0\r\n\r\n"),
    "chunk: bare CR after the size": chunks(b"3\rabc\r\n0\r\n\r\n"),
    "chunk: nothing after the data": chunks(b"3\r\nabc0\r\n\r\n"),
    "chunk: longer than said": chunks(b"2\r\nabc\r\n0\r\n\r\n"),
    "chunk: two bytes that are no CRLF": chunks(b"3\r\nabcXX0\r\n\r\n"),
    "chunk: bare LF after the last": chunks(b"3\r\nabc\r\n0\n\n"),
    "chunk: bare LF in an extension": chunks(b"3;a\nabc\r\n0\r\n\r\n"),
    "chunk: bare CR in an extension": chunks(b"3;a\rb\r\nabc\r\n0\r\n\r\n"),
    "chunk: NUL in an extension": chunks(b"3;a\0b\r\nabc\r\n0\r\n\r\n"),
    "chunk: space, then more": chunks(b"3 3\r\nabc\r\n0\r\n\r\n"),
    "chunk: space after": chunks(b"3 \r\nabc\r\n0\r\n\r\n"),
    "chunk: negative zero": chunks(b"-0\r\n\r\n"),
    "chunk: digits of another script": chunks("٣\r\nabc\r\n0\r\n\r\n".encode()),
    "trailer: folded": chunks(b"0\r\nX: a\r\n b\r\n\r\n"),
    "trailer: bare LF": chunks(b"0\r\nX: a\n\r\n"),
    "trailer: no colon": chunks(b"0\r\nGET / HTTP/1.1\r\n\r\n"),
    "trailer: space before the colon": chunks(b"0\r\nX : a\r\n\r\n"),
    "trailer: NUL": chunks(b"0\r\nX: a\0\r\n\r\n"),
    "trailer: too many": refused(post(TE, body=b"0\r\n" + b"X: a\r\n" * 66 + b"\r\n"), 431),
    "chunk: upper case": passed(
        post(TE, body=b"A\r\n0123456789\r\n0\r\n\r\n"), sent(b"POST /", framing=TE, body=chunked(b"0123456789"))
    ),
    "chunk: leading zeros": passed(post(TE, body=b"0000000003\r\nabc\r\n000\r\n\r\n"), CHUNKED_ABC),
    "chunk: extensions are dropped": passed(post(TE, body=b'3;a=b;c="d"\r\nabc\r\n0;e\r\n\r\n'), CHUNKED_ABC),
    "chunk: none": passed(post(TE, body=b"0\r\n\r\n"), sent(b"POST /", framing=TE, body=chunked(b""))),
    "chunk: a request inside": passed(
        post(TE, body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
        sent(b"POST /", framing=TE, body=chunked(SMUGGLED)),
    ),
    "trailer: passes": passed(
        post(TE, b"Trailer: X-Sum", body=b"3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"),
        sent(b"POST /", framing=TE, body=chunked(b"abc", b"X-Sum: 1\r\n")),
    ),
    "trailer: a length": chunks(b"0\r\nContent-Length: 5\r\n\r\n"),
    "trailer: a coding": chunks(b"0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "trailer: an upgrade": passed(
        post(TE, body=b"3\r\nabc\r\n0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), CHUNKED_ABC
    ),
    "trailer: the end of the connection": Raw(
        post(TE, body=b"3\r\nabc\r\n0\r\nConnection: close\r\n\r\n"), (200, 400), (CHUNKED_ABC,), ends=True
    ),
    "trailer: framing and identity do not pass": passed(
        post(
            TE,
            body=b"3\r\nabc\r\n0\r\nHost: evil\r\nTrailer: X\r\nTE: x\r\nKeep-Alive: 5\r\n"
            b"Content_Length: 5\r\nX-Forwarded-User: root\r\nx_forwarded_user: root\r\nCookie: a=b\r\n"
            b"Authorization: Basic x\r\nX-Original-URL: /root\r\n\r\n",
        ),
        CHUNKED_ABC,
    ),
}

HEADERS = {
    "line: folded with a space": line(b"X-A: b\r\n c"),
    "line: folded with a tab": line(b"X-A: b\r\n\tc"),
    "line: the first is folded": refused(b"GET / HTTP/1.1\r\n " + HOST_LINE + COOKIE_LINE + b"\r\n"),
    "line: whitespace only": line(b" "),
    "line: bare LF": line(b"X-A: b\nX-B: c"),
    "line: bare CR": line(b"X-A: b\rX-B: c"),
    "line: CR CR LF": line(b"X-A: b\r"),
    "line: LF CR": line(b"X-A: b\n\rX-B: c"),
    "line: NUL in the value": line(b"X-A: b\0c"),
    "line: NUL in the name": line(b"X\0A: b"),
    "line: escape in the value": line(b"X-A: \x1b[31m"),
    "line: DEL in the value": line(b"X-A: b\x7f"),
    "line: backspace in the value": line(b"X-A: b\x08"),
    "line: vertical tab in the value": line(b"X-A: b\x0bc"),
    "line: space before the colon": line(b"X-A : b"),
    "line: tab before the colon": line(b"X-A\t: b"),
    "line: space in the name": line(b"X A: b"),
    "line: no name": line(b": b"),
    "line: no colon": line(b"X-A"),
    "line: high byte in the name": line(b"X-\xc3\xa4: b"),
    "line: brackets in the name": line(b"X(A): b"),
    "line: quotes in the name": line(b'"X-A": b'),
    "line: slash in the name": line(b"X/A: b"),
    "line: at in the name": line(b"X@A: b"),
    "line: a request in place of a line": line(b"GET /smuggled HTTP/1.1"),
    "head: bare LF all through": refused(b"GET / HTTP/1.1\nHost: mail.example.com\n" + COOKIE_LINE[:-2] + b"\n\n"),
    "head: ends with LF LF": refused(b"GET / HTTP/1.1\r\n" + HOST_LINE + COOKIE_LINE[:-2] + b"\n\n"),
    "head: ends with CRLF LF": refused(b"GET / HTTP/1.1\r\n" + HOST_LINE + COOKIE_LINE + b"\n"),
    "head: ends with CR CR LF": refused(b"GET / HTTP/1.1\r\n" + HOST_LINE + COOKIE_LINE + b"\r\r\n"),
    "head: too large": refused(get(b"X: " + b"x" * 70_000), 431),
    "head: too many lines": refused(get(*[b"X-%d: 1" % number for number in range(300)]), 431),
    "head: never ends": refused(b"GET / HTTP/1.1\r\n" + HOST_LINE + b"X: " + b"x" * 140_000, 431),
    "line: every token character": keeps(b"X!#$%&'*+-.^_`|~09: b"),
    "line: empty value": passed(get(b"X-A:"), sent(b"GET /", b"X-A: ")),
    "line: tab in the value": keeps(b"X-A: b\tc"),
    "line: high bytes in the value": keeps(b"X-A: \xc3\xa4\xff"),
    "line: no space": passed(get(b"X-A:b"), sent(b"GET /", b"X-A: b")),
    "line: spaces around": passed(get(b"X-A: \t b \t "), sent(b"GET /", b"X-A: b")),
    "line: twice": keeps(b"X-A: 1", b"X-A: 2"),
    "line: a colon first in the value": keeps(b"X-A: :b"),
    "line: 60 000 bytes": keeps(b"X-A: " + b"x" * 60_000),
    "line: looks like two": keeps(b"X-A: b\\r\\nX-Forwarded-User: root"),
}

IDENTITY = {
    "identity: as we write it": drops(b"X-Forwarded-User: root"),
    "identity: lower case": drops(b"x-forwarded-user: root"),
    "identity: underscores": drops(b"X_Forwarded_User: root"),
    "identity: dots": drops(b"X.Forwarded.User: root"),
    "identity: all sorts": drops(b"X!Forwarded~User: root"),
    "identity: twice": drops(b"X-Forwarded-User: root", b"X-Forwarded-User: root"),
    "identity: empty": drops(b"X-Forwarded-User:"),
    "identity: assertion": drops(b"X-Gatekeeper-Assertion: x"),
    "identity: of ours, whatever it is": drops(b"X-Gatekeeper-Anything: x"),
    "identity: a forwarded name that nobody knows": drops(b"X-Forwarded-Anything: x"),
    "identity: the other set": drops(b"Remote-User: root", b"REMOTE_USER: root", b"Remote-Groups: admins"),
    "identity: another path": drops(b"X-Original-URL: /root", b"X-Rewrite-URL: /root"),
    "identity: an address": drops(b"X-Forwarded-For: 10.0.0.1", b"Forwarded: for=10.0.0.1", b"X-Real-IP: 10.0.0.1"),
    "identity: the name of the request": drops(b"X-Request-Id: chosen"),
    "identity: proxy": drops(b"Proxy: http://evil.example"),
    "connection: names the identity": passed(
        get(b"Connection: keep-alive, X-Forwarded-User, X-Gatekeeper-Assertion, X-Request-Id"), sent(b"GET /")
    ),
    "connection: names Host": passed(get(b"Connection: Host"), sent(b"GET /")),
    "connection: names Connection": passed(get(b"Connection: Connection"), sent(b"GET /")),
    "connection: names a line": passed(get(b"X-A: b", b"Connection: X-A, X-B"), sent(b"GET /")),
    "connection: names a line otherwise spelt": passed(get(b"X_A: b", b"Connection: x-a"), sent(b"GET /")),
    "connection: two lines": passed(get(b"X-A: b", b"X-B: c", b"Connection: X-A", b"Connection: X-B"), sent(b"GET /")),
    "connection: commas": passed(get(b"X-A: b", b"Connection: ,, ,X-A ,"), sent(b"GET /")),
    "connection: old names": drops(
        b"Proxy-Connection: keep-alive", b"Keep-Alive: timeout=5", b"Proxy-Authorization: x"
    ),
    "connection: TE": drops(b"TE: trailers, chunked"),
    "connection: Con.nection": drops(b"Con.nection: close"),
}

HOSTS = {
    "host: none": host(b""),
    "host: twice": host(HOST_LINE + b"Host: other.example.com\r\n"),
    "host: twice, the other first": host(b"Host: other.example.com\r\n" + HOST_LINE),
    "host: twice the same": host(HOST_LINE * 2),
    "host: twice in two cases": host(HOST_LINE + b"hOST: mail.example.com\r\n"),
    "host: empty": host(b"Host:\r\n"),
    "host: list": host(b"Host: mail.example.com, other.example.com\r\n"),
    "host: list without a space": host(b"Host: mail.example.com,other.example.com\r\n"),
    "host: user": host(b"Host: other.example.com@mail.example.com\r\n"),
    "host: path": host(b"Host: mail.example.com/other\r\n"),
    "host: query": host(b"Host: mail.example.com?other\r\n"),
    "host: fragment": host(b"Host: mail.example.com#other\r\n"),
    "host: scheme": host(b"Host: http://mail.example.com\r\n"),
    "host: backslash": host(b"Host: mail.example.com\\other\r\n"),
    "host: escape": host(b"Host: mail%2eexample.com\r\n"),
    "host: space": host(b"Host: mail.example.com other\r\n"),
    "host: high byte": host(b"Host: mail.example.com\xff\r\n"),
    "host: quote": host(b'Host: mail.example.com"\r\n'),
    "host: semicolon": host(b"Host: mail.example.com;proto=http\r\n"),
    "host: port that is none": host(b"Host: mail.example.com:http\r\n"),
    "host: port zero": host(b"Host: mail.example.com:0\r\n"),
    "host: port too large": host(b"Host: mail.example.com:65536\r\n"),
    "host: port with a sign": host(b"Host: mail.example.com:+443\r\n"),
    "host: two ports": host(b"Host: mail.example.com:443:443\r\n"),
    "host: two dots": host(b"Host: mail.example.com..\r\n"),
    "host: begins with a dot": host(b"Host: .mail.example.com\r\n"),
    "host: brackets": host(b"Host: [mail.example.com]\r\n"),
    "host: folded": host(b"Host:\r\n mail.example.com\r\n"),
    "host: space before the colon": host(b"Host : mail.example.com\r\n"),
    "host: another": host(b"Host: other.example.com\r\n", 421),
    "host: an address": host(b"Host: 127.0.0.1\r\n", 421),
    "host: begins like ours": host(b"Host: mail.example.com.evil.example\r\n", 421),
    "host: upper case": passed(
        req(b"GET / HTTP/1.1", host=b"Host: MAIL.example.com\r\n"), sent(b"GET /", host=b"MAIL.example.com")
    ),
    "host: a dot at the end": passed(
        req(b"GET / HTTP/1.1", host=b"Host: mail.example.com.\r\n"), sent(b"GET /", host=b"mail.example.com.")
    ),
    "host: a port": passed(
        req(b"GET / HTTP/1.1", host=b"Host: mail.example.com:4443\r\n"), sent(b"GET /", host=b"mail.example.com:4443")
    ),
    "host: spaces around": passed(req(b"GET / HTTP/1.1", host=b"Host: \t mail.example.com \t\r\n"), sent(b"GET /")),
    "host: last of the lines": passed(
        b"GET / HTTP/1.1\r\n" + COOKIE_LINE + b"X-A: b\r\n" + HOST_LINE + b"\r\n", sent(b"GET /", b"X-A: b")
    ),
    "host: underscore in the name": drops(b"Ho_st: other.example.com"),
}

TARGETS = {
    "target: none": refused(req(b"GET  HTTP/1.1")),
    "target: authority": target(b"mail.example.com:443"),
    "target: no slash": target(b"mail"),
    "target: asterisk": target(b"*"),
    "target: asterisk for OPTIONS": refused(req(b"OPTIONS * HTTP/1.1")),
    "target: absolute, elsewhere": target(b"http://other.example.com/"),
    "target: absolute, a user": target(b"http://mail.example.com@other.example.com/"),
    "target: absolute, no host": target(b"http:///mail"),
    "target: absolute, other scheme": target(b"file://mail.example.com/"),
    "target: absolute, other port": target(b"http://mail.example.com:4443/"),
    "target: absolute, backslash": target(b"http://mail.example.com\\@other.example.com/"),
    "target: query first": target(b"?a=b"),
    "target: fragment": target(b"/a#b"),
    "target: fragment in the query": target(b"/a?b#c"),
    "target: fragment alone": target(b"/#"),
    "target: space": target(b"/a b"),
    "target: tab": target(b"/a\tb"),
    "target: NUL": target(b"/a\0b"),
    "target: DEL": target(b"/a\x7f"),
    "target: high byte": target(b"/a\xff"),
    "target: UTF-8": target("/ä".encode()),
    "target: high byte in the query": target(b"/a?\xff"),
    "target: LF in the query": target(b"/?a\nX-Forwarded-User:root", 505),
    "target: bare CR": target(b"/a\rb"),
    "target: dot": target(b"/a/./b"),
    "target: dot dot": target(b"/a/../b"),
    "target: ends with dot dot": target(b"/a/.."),
    "target: dot dot, encoded": target(b"/a/%2e%2e/b"),
    "target: dot dot, half encoded": target(b"/a/.%2E/b"),
    "target: dot dot, twice encoded": target(b"/a/%252e%252e/b"),
    "target: dot dot and a parameter": target(b"/a/..;b=c/d"),
    "target: dot dot after an encoded slash": target(b"/a%2f..%2fb"),
    "target: backslash": target(b"/a\\b"),
    "target: encoded backslash and dots": target(b"/a%5c..%5cb"),
    "target: encoded NUL": target(b"/a%00"),
    "target: encoded CRLF": target(b"/a%0d%0aX:b"),
    "target: broken escape": target(b"/a%zz"),
    "target: escape cut short": target(b"/a%2"),
    "target: percent alone": target(b"/a%"),
    "target: our pages by another reading": target(b"/%67atekeeper/login"),
    "target: our pages by an encoded slash": target(b"/gatekeeper%2flogin"),
    "target: our pages by two slashes": target(b"//gatekeeper/login"),
    "target: our pages by a parameter": target(b"/gatekeeper;a/login"),
    "target: absolute": passed(req(b"GET http://mail.example.com/a?b HTTP/1.1"), sent(b"GET /a?b")),
    "target: absolute, https": passed(req(b"GET https://mail.example.com/a HTTP/1.1"), sent(b"GET /a")),
    "target: absolute, default port": passed(req(b"GET https://mail.example.com:443/a HTTP/1.1"), sent(b"GET /a")),
    "target: absolute, no path": passed(req(b"GET http://mail.example.com HTTP/1.1"), sent(b"GET /")),
    "target: absolute, query and no path": passed(req(b"GET http://mail.example.com?a HTTP/1.1"), sent(b"GET /?a")),
    "target: upper-case scheme": passed(req(b"GET HTTP://MAIL.example.com/a HTTP/1.1"), sent(b"GET /a")),
    "target: escapes stay": goes(b"/a%27b%3Ac%28d%29?x=p%27%40q+r"),
    "target: encoded slash": goes(b"/INBOX%2FSent"),
    "target: two slashes": goes(b"/a//b"),
    "target: parameters": goes(b"/a;b=c/d;e"),
    "target: punctuation": goes(b"/a!$&'()*+,;=:@-._~/b"),
    "target: brackets": goes(b'/a[b]{c}|d^e`f"g<h>'),
    "target: three dots": goes(b"/a/.../b"),
    "target: dots in a name": goes(b"/.a/b./..c/d.."),
    "target: dots in the query": goes(b"/a?../../b"),
    "target: empty query": goes(b"/asdf?"),
    "target: question marks": goes(b"/a??b?c"),
    "target: an address in the query": goes(b"/a?u=http://other.example.com/\\"),
    "target: broken escape in the query": goes(b"/a?100%&%zz"),
    "target: NUL escape in the query": goes(b"/a?%00"),
    "target: CRLF escape in the query": goes(b"/a?%0d%0aX-Forwarded-User:root"),
    "target: 8 000 bytes": goes(b"/" + b"a" * 8_000),
    "target: 60 000 bytes": goes(b"/?" + b"a" * 60_000),
    "target: 70 000 bytes": target(b"/?" + b"a" * 70_000, 431),
    "target: 1 000 segments": goes(b"/a" * 1_000),
}

LINES = {
    "first: HTTP/0.9": refused(b"GET /\r\n\r\n", 505),
    "first: HTTP/0.9 with headers": refused(req(b"GET /"), 505),
    "first: HTTP/1.2": refused(req(b"GET / HTTP/1.2")),
    "first: HTTP/1.10": refused(req(b"GET / HTTP/1.10")),
    "first: HTTP/01.1": refused(req(b"GET / HTTP/01.1")),
    "first: HTTP/1,1": refused(req(b"GET / HTTP/1,1")),
    "first: HTTP/2.0": refused(req(b"GET / HTTP/2.0"), 505),
    "first: HTTP/3": refused(req(b"GET / HTTP/3")),
    "first: HTTP/0.9 by name": refused(req(b"GET / HTTP/0.9"), 505),
    "first: http/1.1": refused(req(b"GET / http/1.1")),
    "first: HTTP 1.1": refused(req(b"GET / HTTP 1.1")),
    "first: ICE/1.0": refused(req(b"GET / ICE/1.0")),
    "first: RTSP/1.0": refused(req(b"SETUP / RTSP/1.0")),
    "first: RTSP/1.1": refused(req(b"FLUSH / RTSP/1.1")),
    "first: RTSP, written anew": Raw(req(b"GET / RTSP/1.0"), (200,), (sent(b"GET /"),), ends=True),
    "first: two versions": refused(req(b"GET / HTTP/1.1 HTTP/1.1")),
    "first: a word too many": refused(req(b"GET / a HTTP/1.1")),
    "first: two spaces after the method": passed(req(b"GET  / HTTP/1.1"), sent(b"GET /")),
    "first: two spaces after the target": passed(req(b"GET /  HTTP/1.1"), sent(b"GET /")),
    "first: space at the end": refused(req(b"GET / HTTP/1.1 ")),
    "first: tab after the method": refused(req(b"GET\t/ HTTP/1.1")),
    "first: tab after the target": refused(req(b"GET /\tHTTP/1.1")),
    "first: space before": refused(req(b" GET / HTTP/1.1")),
    "first: vertical tab": refused(req(b"GET /\x0bHTTP/1.1")),
    "first: bare CR": refused(req(b"GET / HTTP/1.1\rX: a")),
    "first: bare LF": refused(req(b"GET / HTTP/1.1\nX: a")),
    "first: only a method": refused(req(b"GET")),
    "first: a header": refused(HOST_LINE + b"\r\n"),
    "first: NUL": refused(b"\0" + get()),
    "first: byte order mark": refused(b"\xef\xbb\xbf" + get()),
    "first: TLS": refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + get()),
    "first: PROXY protocol": refused(b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + get()),
    "first: HTTP/2": refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "first: an answer": refused(b"HTTP/1.1 200 OK\r\n\r\n"),
    "method: lower case": refused(req(b"get / HTTP/1.1")),
    "method: mixed case": refused(req(b"Get / HTTP/1.1")),
    "method: of nobody": refused(req(b"FOO / HTTP/1.1")),
    "method: two in one": refused(req(b"GETPOST / HTTP/1.1")),
    "method: cut short": refused(req(b"GE / HTTP/1.1")),
    "method: NUL": refused(req(b"GE\0T / HTTP/1.1")),
    "method: CONNECT": refused(req(b"CONNECT mail.example.com:443 HTTP/1.1", body=SMUGGLED), 405),
    "method: CONNECT with a path": refused(req(b"CONNECT / HTTP/1.1", body=SMUGGLED), 405),
    "method: CONNECT with a body": refused(req(b"CONNECT mail.example.com:443 HTTP/1.1", CL + b"3", body=b"abc"), 405),
    "method: TRACE": refused(req(b"TRACE / HTTP/1.1"), 405),
    "method: TRACE after LF": refused(b"\n" + req(b"TRACE / HTTP/1.1"), 405),
    "method: TRACE after CR": refused(b"\r" + req(b"TRACE / HTTP/1.1"), 405),
    "method: TRACE after CRLF": refused(b"\r\n" + req(b"TRACE / HTTP/1.1"), 405),
    "method: TRACE with a body": refused(req(b"TRACE / HTTP/1.1", CL + b"3", body=b"abc"), 405),
    "method: PROPFIND": passed(req(b"PROPFIND / HTTP/1.1"), sent(b"PROPFIND /")),
    "method: M-SEARCH": passed(req(b"M-SEARCH / HTTP/1.1"), sent(b"M-SEARCH /")),
    "method: DELETE with a body": passed(
        req(b"DELETE / HTTP/1.1", CL + b"3", body=b"abc"), sent(b"DELETE /", framing=CL + b"3", body=b"abc")
    ),
    "method: HEAD": passed(req(b"HEAD / HTTP/1.1"), sent(b"HEAD /")),
    "method: HEAD with a body": passed(
        req(b"HEAD / HTTP/1.1", CL + b"%d" % len(SMUGGLED), body=SMUGGLED),
        sent(b"HEAD /", framing=CL + b"%d" % len(SMUGGLED), body=SMUGGLED),
    ),
    "method: OPTIONS": passed(req(b"OPTIONS / HTTP/1.1"), sent(b"OPTIONS /")),
    "before: CRLF": passed(b"\r\n" + get(), sent(b"GET /")),
    "before: two CRLF": passed(b"\r\n\r\n" + get(), sent(b"GET /")),
    "before: LF": passed(b"\n" + get(), sent(b"GET /")),
    "before: CR": passed(b"\r" + get(), sent(b"GET /")),
    "before: CRLF after a body": passed(post(CL + b"3", body=b"abc\r\n") + get(), LENGTH_THREE, sent(b"GET /")),
    "1.0: ends": Raw(req(b"GET / HTTP/1.0"), (200,), (sent(b"GET /"),), ends=True),
    "1.0: keep-alive": passed(req(b"GET / HTTP/1.0", b"Connection: keep-alive"), sent(b"GET /")),
    "1.0: keep-alive and close": Raw(
        req(b"GET / HTTP/1.0", b"Connection: keep-alive, close"), (200,), (sent(b"GET /"),), ends=True
    ),
    "1.0: a body": Raw(
        req(b"POST / HTTP/1.0", CL + b"3", body=b"abc"),
        (200,),
        (LENGTH_THREE,),
        ends=True,
    ),
    "1.0: no host": refused(b"GET / HTTP/1.0\r\n" + COOKIE_LINE + b"\r\n"),
    "1.0: expectation": Raw(
        req(b"POST / HTTP/1.0", CL + b"3", b"Expect: 100-continue", body=b"abc"),
        (200,),
        (LENGTH_THREE,),
        ends=True,
    ),
    "close: ends": Raw(get(b"Connection: close"), (200,), (sent(b"GET /"),), ends=True),
    "close: in a list": Raw(get(b"Connection: x, Close"), (200,), (sent(b"GET /"),), ends=True),
}

TURNS = {
    "turns: three": passed(
        get() + post(CL + b"3", body=b"abc") + post(TE, body=CHUNKS),
        sent(b"GET /"),
        LENGTH_THREE,
        CHUNKED_ABC,
    ),
    "turns: the second is malformed": Raw(get() + get(b"X : a") + SMUGGLED, (200, 400), (sent(b"GET /"),), ends=True),
    "turns: the second is ambiguous": Raw(
        get() + post(TE, CL + b"5", body=BODY), (200, 400), (sent(b"GET /"),), ends=True
    ),
    "turns: the second is for another host": Raw(
        get() + req(b"GET / HTTP/1.1", host=b"Host: other.example.com\r\n") + SMUGGLED,
        (200, 421),
        (sent(b"GET /"),),
        ends=True,
    ),
    "turns: the second is nobody's": Raw(
        get() + b"GET / HTTP/1.1\r\n" + HOST_LINE + b"\r\n" + get(),
        (200, 401, 200),
        (sent(b"GET /"), sent(b"GET /")),
    ),
    "turns: bytes after a body": Raw(
        post(CL + b"3", body=b"abcdef") + get(),
        (200, 400),
        (LENGTH_THREE,),
        ends=True,
    ),
    "turns: a body nobody may send": turned_away(
        b"POST / HTTP/1.1\r\n" + HOST_LINE + CL + b"%d\r\n\r\n" % len(SMUGGLED) + SMUGGLED, 401
    ),
    "turns: chunks nobody may send": turned_away(
        b"POST / HTTP/1.1\r\n" + HOST_LINE + TE + b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED), 401
    ),
    "expect: 100-continue, the body there": passed(post(CL + b"3", b"Expect: 100-continue", body=b"abc"), LENGTH_THREE),
    "expect: other case": passed(post(CL + b"3", b"Expect: 100-Continue", body=b"abc"), LENGTH_THREE),
    "expect: without a body": passed(get(b"Expect: 100-continue"), sent(b"GET /")),
    "expect: another": refused(post(CL + b"3", b"Expect: 200-ok", body=b"abc"), 417),
    "expect: list": refused(post(CL + b"3", b"Expect: 100-continue, x", body=b"abc"), 417),
    "expect: empty": refused(post(CL + b"3", b"Expect:", body=b"abc"), 417),
    "expect: twice": refused(post(CL + b"3", b"Expect: x", b"Expect: 100-continue", body=b"abc"), 417),
    "upgrade: h2c": passed(
        get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"), sent(b"GET /")
    ),
    "upgrade: h2c, the preface at once": Raw(
        get(b"Connection: Upgrade", b"Upgrade: h2c") + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        (200, 400),
        (sent(b"GET /"),),
        ends=True,
    ),
    "upgrade: h2c with a body": passed(
        post(CL + b"3", b"Connection: Upgrade", b"Upgrade: h2c", body=b"abc"),
        LENGTH_THREE,
    ),
    "upgrade: h2c with chunks": passed(post(TE, b"Connection: Upgrade", b"Upgrade: h2c", body=CHUNKS), CHUNKED_ABC),
    "upgrade: h2c with bad chunks": refused(post(TE, b"Connection: Upgrade", b"Upgrade: h2c", body=b"xyz\r\n")),
    "upgrade: h2c with a length and chunks": refused(
        post(TE, CL + b"3", b"Connection: Upgrade", b"Upgrade: h2c", body=CHUNKS)
    ),
    "upgrade: TLS": passed(get(b"Connection: Upgrade", b"Upgrade: TLS/1.2"), sent(b"GET /")),
    "upgrade: not named by Connection": passed(get(b"Upgrade: websocket"), sent(b"GET /")),
    "upgrade: websocket by POST": passed(
        post(CL + b"3", b"Connection: Upgrade", b"Upgrade: websocket", body=b"abc"),
        LENGTH_THREE,
    ),
    "upgrade: websocket with a body": passed(
        get(CL + b"3", b"Connection: Upgrade", b"Upgrade: websocket", body=b"abc"),
        sent(b"GET /", framing=CL + b"3", body=b"abc"),
    ),
    "upgrade: websocket in HTTP/1.0": passed(
        req(b"GET / HTTP/1.0", b"Connection: keep-alive, Upgrade", b"Upgrade: websocket"), sent(b"GET /")
    ),
    "upgrade: websocket, refused by the upstream": Raw(
        get(b"Connection: Upgrade", b"Upgrade: websocket"),
        (200,),
        (sent(b"GET /", framing=b"Connection: Upgrade\r\nUpgrade: websocket"),),
        ends=True,
    ),
    "upgrade: websocket from elsewhere": refused(
        get(b"Connection: Upgrade", b"Upgrade: websocket", b"Origin: https://evil.example"), 403
    ),
    "cookie: ours among others": passed(
        b"GET / HTTP/1.1\r\n" + HOST_LINE + b"Cookie: a=b; " + COOKIE_LINE[8:-2] + b"; c=d\r\n\r\n",
        sent(b"GET /", b"Cookie: a=b; c=d"),
    ),
    "cookie: two lines": passed(get(b"Cookie: a=b", b"X-A: b"), sent(b"GET /", b"X-A: b", b"Cookie: a=b")),
    "cookie: spaces around": passed(get(b"Cookie: \t a=b \t"), sent(b"GET /", b"Cookie: a=b")),
    "cookie: tab and high bytes": passed(get(b"Cookie: a=\t\xff"), sent(b"GET /", b"Cookie: a=\t\xff")),
}

REQUESTS: dict[str, dict[str, Raw]] = {
    "lengths": LENGTHS,
    "codings": CODINGS,
    "chunks": CHUNKINGS,
    "headers": HEADERS,
    "identity": IDENTITY,
    "hosts": HOSTS,
    "targets": TARGETS,
    "first lines": LINES,
    "turns": TURNS,
}
