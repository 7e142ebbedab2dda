"""What never goes on to a platform, and what is too large for it; the raw bytes themselves are in test_raw_requests."""

from __future__ import annotations

import pytest

from tests.edge.conftest import COOKIE, HOST, House, Recorder, request

C = f"Cookie: {COOKIE}\r\n".encode()
CHUNKED = b"POST / HTTP/1.1\r\nHost: mail.example.com\r\n" + C + b"Transfer-Encoding: chunked\r\n\r\n"


async def test_trailers_pass_but_for_identity_and_framing(house: House, recorder: Recorder) -> None:
    trailers = b"X-T: 1\r\nX-Forwarded-User: evil\r\nHost: evil\r\n"
    await house.ask(CHUNKED + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n" + trailers + b"\r\n")
    assert recorder.bodies == [b"abcde"]
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
        answered = await house.send(CHUNKED + endless)
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
