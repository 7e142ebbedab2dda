"""Each limit has a test: sizes are in test_smuggling, these are times and counts."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from gatekeeper.config import Limits, Listen, Upstream
from gatekeeper.domain.addresses import TrustedProxies
from gatekeeper.edge.limits import NEVER, Counts, Sweep
from tests.edge.conftest import HOST, House, Recorder, config_of, read_all, read_answer, request, route_to, session_of


async def limited(build: Any, recorder: Recorder, **limits: Any) -> House:
    house = await build(config_of(route_to(recorder.port, host=HOST), limits=Limits(**limits)))
    house.sessions.add(session_of())
    return house


async def closes_within(reader: asyncio.StreamReader, seconds: float) -> bytes:
    async with asyncio.timeout(seconds):
        return await reader.read()


async def test_a_slow_head_is_cut_although_bytes_trickle(build: Any, recorder: Recorder) -> None:
    house = await limited(build, recorder, head_timeout=0.5)
    reader, writer = await house.connect()

    async def trickle() -> None:
        for byte in request("/" + "a" * 10_000):
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)

    slowly = asyncio.create_task(trickle())
    answered = await closes_within(reader, 3)
    slowly.cancel()
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert recorder.heads == []
    writer.close()


async def test_a_connection_that_says_nothing_is_closed(build: Any, recorder: Recorder) -> None:
    house = await limited(build, recorder, head_timeout=0.3, idle_timeout=0.3)
    reader, writer = await house.connect()
    assert await closes_within(reader, 2) == b""
    writer.close()
    reader, writer = await house.connect()
    writer.write(request())
    assert (await read_answer(reader)).status == 200
    assert await closes_within(reader, 2) == b""
    writer.close()


async def test_a_stalled_body_is_cut_and_a_trickling_one_completes(build: Any, recorder: Recorder) -> None:
    house = await limited(build, recorder, body_timeout=0.5, upstream_timeout=0.5)
    reader, writer = await house.connect()
    writer.write(request("/", "Content-Length: 10", method="POST"))
    for _ in range(10):
        await asyncio.sleep(0.15)
        writer.write(b"x")
    assert (await read_answer(reader)).status == 200
    writer.write(request("/", "Content-Length: 10", method="POST") + b"x")
    assert (await closes_within(reader, 3)).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_stalled_answer_is_cut_and_a_trickling_one_completes(build: Any, upstream_server: Any) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            for _ in range(3 if b"/stall" in head else 10):
                writer.write(b"x")
                await asyncio.sleep(0.15)

    port = await upstream_server(talk)
    house = await build(config_of(route_to(port), limits=Limits(body_timeout=0.5, upstream_timeout=0.5)))
    house.sessions.add(session_of())
    assert (await house.ask(request("/trickle"))).body == b"x" * 10
    reader, writer = await house.connect()
    writer.write(request("/stall"))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await read_answer(reader)
    writer.close()


async def test_a_slow_reader_is_no_stall(build: Any, upstream_server: Any) -> None:
    size = 6_000_000

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        await writer.drain()

    port = await upstream_server(talk)
    house = await build(config_of(route_to(port), limits=Limits(body_timeout=0.4)))
    house.sessions.add(session_of())
    reader, writer = await house.connect()
    writer.write(request())
    await reader.readuntil(b"\r\n\r\n")
    got = 0
    while got < size:
        got += len(await reader.read(size // 12))
        if got < size:
            await asyncio.sleep(0.2)
    writer.close()


async def test_connections_of_one_address_are_counted(build: Any, recorder: Recorder) -> None:
    house = await limited(build, recorder, connections_per_address=3)
    opened = [await house.connect() for _ in range(3)]
    reader, writer = await house.connect()
    assert (await closes_within(reader, 2)).startswith(b"HTTP/1.1 503 ")
    writer.close()
    opened.pop()[1].close()
    async with asyncio.timeout(2):
        while house.edge.open_connections > 2:  # noqa: ASYNC110 - the edge's count is no event
            await asyncio.sleep(0.01)
    assert (await house.ask(request())).status == 200
    for _, other in opened:
        other.close()


def test_an_ipv6_subscriber_counts_as_one_and_a_proxy_has_a_limit_of_its_own() -> None:
    import ipaddress

    trusted = TrustedProxies([ipaddress.ip_network("10.0.0.0/8")])
    counts = Counts(Limits(connections_per_address=2, connections_per_proxy=4, connections=7), trusted)
    assert [counts.enter(f"2001:db8::{number}") for number in range(3)] == [True, True, False]
    assert [counts.enter("10.0.0.1") for _ in range(5)] == [True] * 4 + [False]
    assert [counts.enter(f"192.0.2.{number}") for number in range(2)] == [True, False]
    for _ in range(4):
        counts.leave("10.0.0.1")
    assert counts.total == 3


async def test_what_fails_in_a_sweep_keeps_no_other_from_its_deadline() -> None:
    class Member:
        def __init__(self, error: Exception | None) -> None:
            self.deadline, self.error, self.expired = 0.0, error, asyncio.Event()

        def expire(self, now: float) -> None:
            self.deadline = NEVER
            self.expired.set()
            if self.error is not None:
                raise self.error

    sweep = Sweep()
    members = [Member(RuntimeError("broken")), Member(None)]
    sweep.members.update(members)
    sweep.start()
    async with asyncio.timeout(2):
        for member in members:
            await member.expired.wait()
    sweep.stop()


async def test_draining_finishes_what_is_under_way_and_begins_nothing(build: Any, upstream_server: Any) -> None:
    release, arrived = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            arrived.set()
            await release.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    house = await build(config_of(route_to(await upstream_server(talk))))
    house.sessions.add(session_of())
    reader, writer = await house.connect()
    idle_reader, idle_writer = await house.connect()
    writer.write(request())
    await arrived.wait()
    draining = asyncio.create_task(house.edge.drain())
    await asyncio.sleep(0.1)
    assert house.edge.draining
    with pytest.raises(ConnectionError):
        await house.connect()
    idle_writer.write(request("/late"))
    release.set()
    assert (await read_answer(reader)).get("connection") == "close"
    assert (await read_answer(idle_reader)).status == 200
    assert await read_all(reader) == b""
    started = time.monotonic()
    await draining
    assert time.monotonic() - started < 3
    for one in (writer, idle_writer):
        one.close()


async def test_unix_upstreams_and_listeners_work(build: Any, tmp_path: Any) -> None:
    recorder = Recorder()
    server = await asyncio.start_unix_server(recorder, str(tmp_path / "up.sock"))
    route = route_to(0, upstream=Upstream("unix", socket=str(tmp_path / "up.sock")))
    config = config_of(route, listen=Listen(path=str(tmp_path / "edge.sock")))
    from tests.edge.conftest import Sessions

    sessions = Sessions()
    sessions.add(session_of())
    from gatekeeper.edge import Edge
    from tests.edge.conftest import PlainPages

    async def nowhere(_: Any) -> Any:
        raise OSError

    for _ in range(2):  # the second finds the socket that the first left, as after a kill
        edge = Edge(
            config,
            cache=sessions,
            reader=sessions,
            policies=lambda: sessions.policies,
            sign=lambda _: "x",
            pages=PlainPages(),
            app=nowhere,
            touch=sessions.touch,
        )
        assert await edge.start() == [f"unix:{tmp_path}/edge.sock"]
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "edge.sock"))
        writer.write(request())
        assert (await read_answer(reader)).status == 200
        writer.close()
        await edge.close()
        import socket

        left = socket.socket(socket.AF_UNIX)
        left.bind(str(tmp_path / "edge.sock"))
        left.close()
    server.close()
