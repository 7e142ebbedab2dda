"""What upstreams answer, in every framing, and what becomes of answers that are none."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import structlog

from gatekeeper.config import Limits
from tests.edge.conftest import HOST, House, Recorder, config_of, read_all, read_answer, request, route_to, session_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def house_before(build: Any, upstream_server: Any, talk: Any, **limits: Any) -> House:
    port = await upstream_server(talk)
    house = await build(config_of(route_to(port, host=HOST), limits=Limits(**limits)))
    house.sessions.add(session_of())
    return house


def says(*pieces: bytes, close: bool = True) -> Any:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if close:
            writer.close()
        else:
            await reader.read()

    return talk


async def test_an_answer_that_ends_with_the_connection_passes_whole(build: Any, upstream_server: Any) -> None:
    talk = says(b"HTTP/1.0 200 OK\r\nX-A: b\r\n\r\n", b"x" * 100_000, b"end")
    house = await house_before(build, upstream_server, talk)
    answered = await house.ask(request())
    assert answered.body == b"x" * 100_000 + b"end"
    assert answered.get("x-a") == "b"
    old = await house.send(
        b"GET / HTTP/1.0\r\nHost: mail.example.com\r\nCookie: __Host-gatekeeper=a-token-of-anna\r\n\r\n"
    )
    assert old.endswith(b"x" * 100 + b"end")
    assert b"chunked" not in old


async def test_a_chunked_answer_with_trailers_passes(build: Any, upstream_server: Any) -> None:
    talk = says(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n", b"2\r\nde\r\n0\r\nX-T: 1\r\n\r\n"
    )
    house = await house_before(build, upstream_server, talk)
    answered = await house.ask(request())
    assert answered.body == b"abcde"
    assert answered.get("x-t") == "1"


async def test_a_chunked_answer_reaches_an_old_client_plain(build: Any, upstream_server: Any) -> None:
    talk = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    house = await house_before(build, upstream_server, talk)
    got = await house.send(
        b"GET / HTTP/1.0\r\nHost: mail.example.com\r\nCookie: __Host-gatekeeper=a-token-of-anna\r\n\r\n"
    )
    assert got.endswith(b"\r\n\r\nabc")
    assert b"Connection: close" in got


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_without_a_body_has_none(build: Any, upstream_server: Any, status: bytes) -> None:
    talk = says(b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n", close=False)
    house = await house_before(build, upstream_server, talk)
    answered = await house.ask(request())
    assert answered.status == int(status[:3])
    assert answered.get("transfer-encoding") is None


async def test_head_keeps_the_length_and_the_connection(build: Any, recorder: Recorder) -> None:
    recorder.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    house = await build(config_of(route_to(recorder.port, host=HOST)))
    house.sessions.add(session_of())
    reader, writer = await house.connect()
    for _ in range(3):
        writer.write(request(method="HEAD"))
        answered = await read_answer(reader, head_only=True)
        assert answered.get("content-length") == "1000"
    writer.close()
    assert recorder.connections == 1


async def test_early_hints_pass_and_a_100_does_not(build: Any, upstream_server: Any) -> None:
    talk = says(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", OK)
    house = await house_before(build, upstream_server, talk)
    got = await house.send(request())
    assert got.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n")


async def test_expect_is_answered_only_once_the_verdict_is_known(house: House, recorder: Recorder) -> None:
    head = request("/", "Expect: 100-continue", "Content-Length: 3", method="POST")
    reader, writer = await house.connect()
    writer.write(head)
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"abc")
    assert (await read_answer(reader)).status == 200
    assert recorder.bodies == [b"abc"]
    assert recorder.header("expect") == []
    writer.close()
    refused = await house.send(request("/", "Expect: 100-continue", "Content-Length: 3", method="POST", cookie=None))
    assert refused.startswith(b"HTTP/1.1 401 ")
    assert b"100 Continue" not in refused


async def test_an_event_stream_passes_at_once(build: Any, upstream_server: Any) -> None:
    release = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await release.wait()
        writer.write(b"data: 2\n\n")
        writer.close()

    house = await house_before(build, upstream_server, talk, body_timeout=0.2, upstream_timeout=0.2)
    reader, writer = await house.connect()
    writer.write(request())
    await reader.readuntil(b"data: 1\n\n")
    await asyncio.sleep(0.8)
    release.set()
    await asyncio.wait_for(reader.readuntil(b"data: 2\n\n"), 2)
    writer.close()


MALFORMED = {
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
    "control byte in Set-Cookie": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=\x01\r\nContent-Length: 0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    "gzip, chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "switched unasked": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "endless head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("said", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_answer_is_a_502_and_its_connection_is_not_reused(
    build: Any, upstream_server: Any, said: bytes
) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        if said == b"":
            writer.close()
            return
        await reader.read()

    house = await house_before(build, upstream_server, talk)
    reader, writer = await house.connect()
    for _ in range(2):
        writer.write(request())
        assert (await read_answer(reader)).status == 502
    writer.close()
    assert connections == 2


async def test_a_control_byte_in_a_cookie_is_logged_by_the_name_of_its_header(build: Any, upstream_server: Any) -> None:
    talk = says(b"HTTP/1.1 200 OK\r\nX-A: b\r\nSet-Cookie: secret=\x01\r\nContent-Length: 0\r\n\r\n")
    house = await house_before(build, upstream_server, talk)
    with structlog.testing.capture_logs() as logged:
        assert (await house.ask(request())).status == 502
    (line,) = [entry for entry in logged if entry["event"] == "upstream.malformed"]
    assert line["header"] == "Set-Cookie"
    assert "secret" not in str(line)


async def test_what_comes_after_an_answer_reaches_nobody(build: Any, upstream_server: Any) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)

    house = await house_before(build, upstream_server, talk)
    for _ in range(3):
        assert (await house.ask(request())).body == b"ok"


@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
async def test_an_upstream_that_dies_in_mid_body_cuts_the_client(
    build: Any, upstream_server: Any, framing: bytes
) -> None:
    talk = says(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n3\r\nabc\r\n")
    house = await house_before(build, upstream_server, talk)
    reader, writer = await house.connect()
    writer.write(request())
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError, ValueError)):
        await read_answer(reader)
    writer.close()


async def test_no_upstream_is_a_502_and_a_slow_one_a_504(build: Any, upstream_server: Any) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    house = await house_before(build, upstream_server, silent, upstream_timeout=0.3)
    assert (await house.ask(request())).status == 504
    nobody = await build(config_of(route_to(1, host=HOST)))
    nobody.sessions.add(session_of())
    answered = await nobody.ask(request())
    assert answered.status == 502
    assert answered.get("content-type") == "application/problem+json"
    page = await nobody.ask(request("/", "Accept: text/html"))
    assert page.get("content-type") == "text/html; charset=utf-8"


async def test_a_stale_connection_is_replaced_once_for_what_can_be_repeated(build: Any, upstream_server: Any) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    house = await house_before(build, upstream_server, once)
    assert [(await house.ask(request())).status for _ in range(4)] == [200, 200, 200, 200]
    assert (await house.ask(request(method="POST", body=b"abc"))).status == 502


async def test_a_client_that_leaves_takes_its_request_along(build: Any, upstream_server: Any) -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await reader.read()
        gone.set()

    house = await house_before(build, upstream_server, talk)
    _, writer = await house.connect()
    writer.write(request())
    await asyncio.wait_for(arrived.wait(), 2)
    writer.transport.abort()
    await asyncio.wait_for(gone.wait(), 1)


async def test_ours_never_comes_from_an_upstream(build: Any, recorder: Recorder) -> None:
    recorder.answer = (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: __Host-gatekeeper=evil\r\nSet-Cookie: a=1; Path=/\r\n"
        b"Set-Cookie: __Host-gatekeeper-login=evil\r\nset-cookie: =__Host-gatekeeper=evil\r\nSet-Cookie: b=2\r\n"
        b"Service-Worker-Allowed: /\r\nClear-Site-Data: *\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"
        b"Keep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n"
    )
    house = await build(config_of(route_to(recorder.port, host=HOST)))
    house.sessions.add(session_of())
    answered = await house.ask(request())
    assert answered.all("set-cookie") == ["a=1; Path=/", "b=2"]
    for name in ("service-worker-allowed", "clear-site-data", "x-hop", "keep-alive", "connection"):
        assert answered.get(name) is None


async def test_answers_to_a_session_are_private_unless_the_upstream_says_otherwise(
    house: House, recorder: Recorder
) -> None:
    assert (await house.ask(request())).all("cache-control") == ["private"]
    recorder.answer = b"HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\nContent-Length: 0\r\n\r\n"
    assert (await house.ask(request())).all("cache-control") == ["public, max-age=60"]


async def test_bytes_of_a_compressed_answer_pass_untouched(house: House, recorder: Recorder) -> None:
    body = bytes(range(256))
    recorder.answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 256\r\n\r\n" + body
    answered = await house.ask(request())
    assert (answered.body, answered.get("content-encoding"), answered.get("content-length")) == (body, "gzip", "256")
    assert recorder.header("accept-encoding") == []


async def test_an_early_answer_to_an_unfinished_upload_reaches_the_client(build: Any, upstream_server: Any) -> None:
    talk = says(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig", close=False)
    house = await house_before(build, upstream_server, talk)
    reader, writer = await house.connect()
    writer.write(request("/", "Content-Length: 1000000", method="POST") + b"x" * 1000)
    answered = await read_answer(reader)
    assert (answered.status, answered.get("connection")) == (413, "close")
    writer.close()


async def test_overload_is_a_bounded_queue_and_then_a_503(build: Any, upstream_server: Any) -> None:
    release = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            await release.wait()
            writer.write(OK)

    house = await house_before(build, upstream_server, talk, pool_size=2, queue=2)
    asked = [asyncio.create_task(house.ask(request())) for _ in range(5)]
    done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    refused = done.pop().result()
    assert (refused.status, refused.get("retry-after")) == (503, "2")
    release.set()
    assert sorted([(await one).status for one in asked]) == [200, 200, 200, 200, 503]


async def test_who_waits_too_long_in_the_queue_gets_a_503(build: Any, upstream_server: Any) -> None:
    arrived = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await reader.read()

    house = await house_before(build, upstream_server, silent, pool_size=1, queue_timeout=0.2)
    first = asyncio.create_task(house.ask(request()))
    await arrived.wait()
    assert (await house.ask(request())).status == 503
    first.cancel()


async def test_keep_alive_serves_one_after_the_other(house: House, recorder: Recorder) -> None:
    reader, writer = await house.connect()
    for number in range(20):
        writer.write(request(f"/{number}"))
        assert (await read_answer(reader)).body == b"ok"
    writer.write(request("/last", "Connection: close"))
    assert (await read_answer(reader)).get("connection") == "close"
    assert await read_all(reader) == b""
    assert recorder.connections == 1


@pytest.mark.parametrize("cut", [None, 30])
async def test_a_request_that_comes_before_the_last_one_is_answered_waits_its_turn(
    build: Any, upstream_server: Any, cut: int | None
) -> None:
    asked, go = asyncio.Event(), asyncio.Event()
    targets = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            targets.append(head.split(b" ")[1])
            asked.set()
            await go.wait()
            writer.write(OK)

    house = await house_before(build, upstream_server, talk)
    reader, writer = await house.connect()
    writer.write(request("/first"))
    await asked.wait()
    second = request("/second")
    for piece in (second[:cut], second[cut:] if cut else b""):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)
    go.set()
    assert [(await read_answer(reader)).body for _ in range(2)] == [b"ok", b"ok"]
    assert targets == [b"/first", b"/second"]
    writer.close()
