"""What was judged is what is sent, and one request is never two: raw bytes, whole and cut at every point."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.edge.conftest import COOKIE, HOST, House, Recorder, read_all, request

C = f"Cookie: {COOKIE}\r\n".encode()
H = b"Host: mail.example.com\r\n"

REFUSED = {
    "length and chunked": (b"POST / HTTP/1.1\r\n" + H + C + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),  # noqa: E501 - bytes as they go out
    "chunked and length": (b"POST / HTTP/1.1\r\n" + H + C + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),  # noqa: E501 - bytes as they go out
    "two lengths": (b"POST / HTTP/1.1\r\n" + H + C + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "two equal lengths": (b"POST / HTTP/1.1\r\n" + H + C + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    "list of lengths": (b"POST / HTTP/1.1\r\n" + H + C + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    "signed length": (b"POST / HTTP/1.1\r\n" + H + C + b"Content-Length: +3\r\n\r\nabc", 400),
    "hex length": (b"POST / HTTP/1.1\r\n" + H + C + b"Content-Length: 0x3\r\n\r\nabc", 400),
    "coding other than chunked": (b"POST / HTTP/1.1\r\n" + H + C + b"Transfer-Encoding: gzip\r\n\r\nabc", 400),
    "gzip, chunked": (b"POST / HTTP/1.1\r\n" + H + C + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked, identity": (b"POST / HTTP/1.1\r\n" + H + C + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),  # noqa: E501 - bytes as they go out
    "chunked twice": (b"POST / HTTP/1.1\r\n" + H + C + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),  # noqa: E501 - bytes as they go out
    "xchunked": (b"POST / HTTP/1.1\r\n" + H + C + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "chunked in HTTP/1.0": (b"POST / HTTP/1.0\r\n" + H + C + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "bad chunk size": (b"POST / HTTP/1.1\r\n" + H + C + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "chunk size with a sign": (b"POST / HTTP/1.1\r\n" + H + C + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
    "chunk longer than said": (b"POST / HTTP/1.1\r\n" + H + C + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400),  # noqa: E501 - bytes as they go out
    "folded header": (b"GET / HTTP/1.1\r\n" + H + C + b"X-A: b\r\n c\r\n\r\n", 400),
    "bare LF": (b"GET / HTTP/1.1\n" + H + C + b"\n", 400),
    "bare LF in the head": (b"GET / HTTP/1.1\r\n" + H + C + b"X-A: b\nX-B: c\r\n\r\n", 400),
    "bare CR in a value": (b"GET / HTTP/1.1\r\n" + H + C + b"X-A: b\rX-B: c\r\n\r\n", 400),
    "NUL in a value": (b"GET / HTTP/1.1\r\n" + H + C + b"X-A: b\0c\r\n\r\n", 400),
    "space before the colon": (b"GET / HTTP/1.1\r\n" + H + C + b"X-A : b\r\n\r\n", 400),
    "space at the beginning": (b"GET / HTTP/1.1\r\n" + H + C + b" X-A: b\r\n\r\n", 400),
    "header without a name": (b"GET / HTTP/1.1\r\n" + H + C + b": b\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n" + C + b"\r\n", 400),
    "no host in HTTP/1.0": (b"GET / HTTP/1.0\r\n" + C + b"\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\n" + H + b"Host: other.example.com\r\n" + C + b"\r\n", 400),
    "two equal hosts": (b"GET / HTTP/1.1\r\n" + H + H + C + b"\r\n", 400),
    "empty host": (b"GET / HTTP/1.1\r\nHost:\r\n" + C + b"\r\n", 400),
    "host with a user": (b"GET / HTTP/1.1\r\nHost: a@mail.example.com\r\n" + C + b"\r\n", 400),
    "host with a path": (b"GET / HTTP/1.1\r\nHost: mail.example.com/a\r\n" + C + b"\r\n", 400),
    "unknown host": (b"GET / HTTP/1.1\r\nHost: other.example.com\r\n" + C + b"\r\n", 421),
    "absolute target elsewhere": (b"GET http://other.example.com/ HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "CONNECT": (b"CONNECT mail.example.com:443 HTTP/1.1\r\n" + H + C + b"\r\n", 405),
    "TRACE": (b"TRACE / HTTP/1.1\r\n" + H + C + b"\r\n", 405),
    "TRACE after LF": (b"\nTRACE / HTTP/1.1\r\n" + H + C + b"\r\n", 405),
    "TRACE after CR": (b"\rTRACE / HTTP/1.1\r\n" + H + C + b"\r\n", 405),
    "LF in the query": (b"GET /?a\nX-Forwarded-User:evil HTTP/1.1\r\n" + H + C + b"\r\n", 505),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\n" + H + C + b"\r\n", 505),
    "HTTP/0.9": (b"GET /\r\n\r\n", 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "unknown version": (b"GET / HTTP/1.2\r\n" + H + C + b"\r\n", 400),
    "unknown method": (b"FOO / HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "fragment": (b"GET /a#b HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "dot segment": (b"GET /a/../b HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "encoded dot segment": (b"GET /a/%2e%2E/b HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "dot segment with parameters": (b"GET /a/..;x/b HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "backslash": (b"GET /a\\b HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "encoded NUL": (b"GET /a%00 HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "broken escape": (b"GET /a%zz HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "not ASCII": (b"GET /\xc3\xb6 HTTP/1.1\r\n" + H + C + b"\r\n", 400),
    "another expectation": (b"POST / HTTP/1.1\r\n" + H + C + b"Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", 417),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_malformed_is_refused_and_the_connection_closed(
    house: House, recorder: Recorder, raw: bytes, status: int
) -> None:
    reader, writer = await house.connect()
    writer.write(raw + request("/smuggled"))
    answered = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answered.startswith(b"HTTP/1.1 %d " % status), answered[:200]
    assert len(re.findall(rb"HTTP/1\.1 \d", answered)) == 1
    assert b"Connection: close" in answered
    assert recorder.heads == []


PASSED = {
    "plain": request("/a%27b%3Ac%28d%29?x=p%27%40q+r"),
    "length": request("/", method="POST", body=b"abc"),
    "chunked": b"POST / HTTP/1.1\r\n" + H + C + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\nX-Forwarded-User: evil\r\nHost: evil\r\n\r\n",  # noqa: E501 - bytes as they go out
    "looks like two": request("/", method="POST", body=b"GET /inner HTTP/1.1\r\nHost: mail.example.com\r\n\r\n"),
    "pipelined": request("/1") + request("/2", method="POST", body=b"abc") + request("/3"),
    "absolute": b"GET http://mail.example.com/abs?q HTTP/1.1\r\n" + H + C + b"\r\n",
    "h2c with a body": b"POST /u HTTP/1.1\r\n" + H + C + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: 3\r\n\r\nabc" + request("/after"),  # noqa: E501 - bytes as they go out
    "h2c": b"GET /u HTTP/1.1\r\n" + H + C + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + request("/after"),
    "large cookies": request("/", "Cookie: bigsession=" + "x" * 8_000),
    "after LF": b"\n" + request("/"),
    "after CR": b"\r" + request("/"),
}  # fmt: skip
EXPECTED = {
    "plain": [(b"GET /a%27b%3Ac%28d%29?x=p%27%40q+r", b"")],
    "length": [(b"POST /", b"abc")],
    "chunked": [(b"POST /", b"abcde")],
    "looks like two": [(b"POST /", b"GET /inner HTTP/1.1\r\nHost: mail.example.com\r\n\r\n")],
    "pipelined": [(b"GET /1", b""), (b"POST /2", b"abc"), (b"GET /3", b"")],
    "absolute": [(b"GET /abs?q", b"")],
    "h2c with a body": [(b"POST /u", b"abc"), (b"GET /after", b"")],
    "h2c": [(b"GET /u", b""), (b"GET /after", b"")],
    "large cookies": [(b"GET /", b"")],
    "after LF": [(b"GET /", b"")],
    "after CR": [(b"GET /", b"")],
}


def forwarded(recorder: Recorder) -> list[tuple[bytes, bytes]]:
    firsts = [head.split(b" HTTP/1.1\r\n")[0] for head in recorder.heads]
    return list(zip(firsts, recorder.bodies, strict=True))


@pytest.mark.parametrize("name", PASSED)
async def test_what_passes_is_sent_as_judged(house: House, recorder: Recorder, name: str) -> None:
    raw = PASSED[name]
    answered = await house.send(raw)
    assert answered.count(b"HTTP/1.1 200 OK") == len(EXPECTED[name]), answered
    assert forwarded(recorder) == EXPECTED[name]
    for head in recorder.heads:
        assert re.findall(rb"(?i)\r\nx-forwarded-user: ([^\r]*)", head) == [b"anna@example.com"]
        assert b"evil" not in head
        assert b"pgrade" not in head


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_anywhere_it_is_the_same_request(data: st.DataObject) -> None:
    """The reader's events do not depend on where the bytes were cut."""
    from gatekeeper.domain.headers import StripSet
    from gatekeeper.edge.reading import RequestReader
    from gatekeeper.edge.sieve import Lines, Sieve

    def read(pieces: list[bytes]) -> list[object]:
        lines = Lines(StripSet())
        reader = RequestReader(Sieve(lines, 100), lines, 65_536, 100)
        early = b""
        for piece in pieces:
            if reader.rest is None:
                reader.feed(piece)
            else:
                early += piece
        rest = None if reader.rest is None else reader.rest + early
        found = [
            (
                one.method,
                one.target,
                one.host,
                one.hosts,
                one.lines,
                one.cookies,
                one.length,
                one.coding,
                b"".join(one.body),
                one.complete,
                one.trailer_lines(),
            )
            for one in reader.arrived
            if one.complete or reader.fault is None
        ]
        return [*found, reader.fault, rest]

    raw = data.draw(st.sampled_from([*PASSED.values(), *(raw for raw, _ in REFUSED.values())]))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(raw)), max_size=12)))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True) if end > start]
    assert read(pieces) == read([raw])


@pytest.mark.parametrize("name", ["chunked", "pipelined", "h2c with a body", "looks like two"])
async def test_byte_by_byte_it_is_the_same_request(house: House, recorder: Recorder, name: str) -> None:
    reader, writer = await house.connect()
    writer.get_extra_info("socket").setsockopt(6, 1, 1)
    for position in range(len(PASSED[name])):
        writer.write(PASSED[name][position : position + 1])
        await asyncio.sleep(0)
    await read_all(reader)
    writer.close()
    assert forwarded(recorder) == EXPECTED[name]


async def test_trailers_pass_but_for_identity_and_framing(house: House, recorder: Recorder) -> None:
    await house.ask(PASSED["chunked"])
    assert b"TRAILER X-T: 1\r\n" in recorder.heads[0]
    assert b"TRAILER X-Forwarded" not in recorder.heads[0]
    assert b"TRAILER Host" not in recorder.heads[0]


@pytest.mark.parametrize(
    "line",
    [
        "X-Forwarded-User: evil",
        "x_forwarded_user: evil",
        "X.Forwarded.User: evil",
        "X-FORWARDED-EMAIL: evil",
        "Remote-User: evil",
        "REMOTE_USER: evil",
        "X-Gatekeeper-Assertion: evil",
        "X-Gatekeeper-Client-Address: evil",
        "X-Forwarded-For: evil",
        "Forwarded: for=evil",
        "X-Original-URL: /evil",
        "Content_Length: 77evil",
        "Transfer_Encoding: evil",
        "Keep-Alive: evil",
        "Proxy-Authorization: evil",
        "TE: evil",
        "X-Request-Id: evil",
    ],
)
async def test_a_forged_header_never_arrives(house: House, recorder: Recorder, line: str) -> None:
    assert (await house.ask(request("/", line, line))).status == 200
    assert b"evil" not in recorder.heads[0]
    assert recorder.header("x-forwarded-user") == ["anna@example.com"]
    assert recorder.header("x-forwarded-for") == ["127.0.0.1"]


async def test_what_connection_names_is_gone_before_ours_is_added(house: House, recorder: Recorder) -> None:
    line = "Connection: close, X-Forwarded-User, X-Gatekeeper-Assertion, X-Hop"
    assert (await house.ask(request("/", line, "X-Hop: 1", "X-Stays: 1"))).status == 200
    assert recorder.header("x-forwarded-user") == ["anna@example.com"]
    assert recorder.header("x-gatekeeper-assertion") == ["signed-for-webmail"]
    assert recorder.header("x-hop") == []
    assert recorder.header("x-stays") == ["1"]


async def test_a_head_over_the_limit_gets_a_page_that_says_the_way_out(house: House, recorder: Recorder) -> None:
    answered = await house.ask(request("/", "Cookie: a=" + "x" * 70_000))
    assert answered.status == 431
    assert b"cookies" in answered.body.lower()
    assert recorder.heads == []


async def test_too_many_headers_are_refused(house: House, recorder: Recorder) -> None:
    answered = await house.ask(request("/", *[f"X-{number}: 1" for number in range(300)]))
    assert answered.status == 431
    assert recorder.heads == []


async def test_endless_trailers_and_chunk_lines_are_cut(house: House) -> None:
    for endless in (b"0\r\nX-T: " + b"x" * 80_000, b"5;" + b"x" * 80_000, b"0\r\n" + b"X-T: 1\r\n" * 300):
        head = b"POST / HTTP/1.1\r\nHost: mail.example.com\r\n" + C + b"Transfer-Encoding: chunked\r\n\r\n"
        answered = await house.send(head + endless)
        assert not answered.startswith(b"HTTP/1.1 200"), answered


async def test_the_authority_is_kept_in_every_form_that_is_ours(house: House, recorder: Recorder) -> None:
    for host in (HOST, HOST.upper(), HOST + ".", HOST + ":443", HOST + ":4443"):
        assert (await house.ask(request("/", host=host))).status == 200
        assert recorder.header("host") == [host]
        assert recorder.header("x-forwarded-host") == [host]


def test_the_short_way_reads_what_the_parser_reads() -> None:
    """Any byte or line end, put anywhere into a plain request: both ways find the same, or the short one leaves it."""
    from gatekeeper.domain.headers import StripSet
    from gatekeeper.edge.head import Request
    from gatekeeper.edge.reading import RequestReader
    from gatekeeper.edge.sieve import Lines, Sieve

    lines = Lines(StripSet())
    sieve = Sieve(lines, 100)
    plain = b"GET /a?b HTTP/1.1\r\nHost: h\r\nX-A: b\r\nCookie: a=b\r\n\r\n"

    def of(found: Request) -> tuple[object, ...]:
        values = [value.strip(b" \t") for value in (*found.lines[1::2], *found.cookies)]
        return found.method, found.target, found.host, found.lines[::2], values, found.version, found.keeps_alive

    inserted = [bytes([byte]) for byte in range(256)] + [b"\nX:", b"\r\nX:", b"\rX:", b"\n\n", b" HTTP/1.1\n"]
    inserted += [b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\n", b"\r\n\r\nGET / HTTP/1.1\r\n"]
    for at in range(len(plain)):
        for more in inserted:
            data = plain[:at] + more + plain[at:]
            short = RequestReader(sieve, lines, 65_536, 100).plain(data)
            if short is None:
                continue
            reader = RequestReader(sieve, lines, 65_536, 100)
            reader.feed(data)
            assert reader.fault is None, f"taken on the short way alone: {data!r}"
            assert [of(request) for request in reader.arrived] == [of(short)], data
