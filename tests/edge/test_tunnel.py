"""WebSockets: against an echo server that is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from gatekeeper.edge.frames import Boundaries, close_frame
from tests.edge.conftest import COOKIE, HOST, House, Recorder, config_of, read_answer, request, route_to, session_of


@pytest.fixture
async def echo() -> AsyncIterator[Server]:
    async def handler(connection: ServerConnection) -> None:
        assert connection.request is not None
        await connection.send(connection.request.headers.get("X-Forwarded-User", "nobody"))
        async for message in connection:
            if message == "bye":
                await connection.close(4001, "as you wish")
            await connection.send(message)

    async with serve(handler, "127.0.0.1", 0, max_size=None, subprotocols=["chat"]) as server:  # type: ignore[list-item]
        yield server


@pytest.fixture
async def tunnels(build: Any, echo: Server) -> House:
    port = next(iter(echo.sockets)).getsockname()[1]
    house: House = await build(config_of(route_to(port, host=HOST)))
    house.sessions.add(session_of())
    return house


def dial(house: House, *, cookie: str = COOKIE, origin: str | None = f"https://{HOST}", **more: Any) -> Any:
    return connect(
        f"ws://{HOST}:{house.port}/ws",
        host="127.0.0.1",
        additional_headers={"Cookie": cookie},
        origin=origin,  # type: ignore[arg-type]
        max_size=None,
        proxy=None,
        **more,
    )


async def dialled(house: House, **more: Any) -> Any:
    more.setdefault("subprotocols", ["chat"])
    more.setdefault("origin", f"https://{HOST}:{house.port}")
    return await dial(house, **more)


async def test_messages_of_any_size_pass_both_ways_with_the_identity(tunnels: House) -> None:
    connection = await dialled(tunnels)
    assert connection.subprotocol == "chat"
    assert await connection.recv() == "anna@example.com"
    for size in (0, 1, 125, 126, 65_536, 20_000_000):
        await connection.send(b"x" * size)
        assert len(await connection.recv()) == size
    await connection.close()


async def drained(connection: Any) -> None:
    while True:
        await connection.recv()


async def test_close_codes_are_relayed(tunnels: House) -> None:
    connection = await dialled(tunnels)
    await connection.recv()
    await connection.send("bye")
    with pytest.raises(ConnectionClosed) as closed:
        await drained(connection)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as you wish")


async def test_nobody_opens_no_tunnel(tunnels: House) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await dialled(tunnels, cookie="a=b")
    assert refused.value.response.status_code == 401


async def test_another_sites_page_opens_no_tunnel(tunnels: House) -> None:
    for origin in ("https://evil.example.com", "null", f"http://{HOST}"):
        with pytest.raises(InvalidStatus) as refused:
            await dialled(tunnels, origin=origin)
        assert refused.value.response.status_code == 403


async def test_a_tunnel_ends_with_its_session(tunnels: House) -> None:
    connection = await dialled(tunnels)
    await connection.recv()
    session = next(iter(tunnels.sessions.cached.values()))
    tunnels.edge.sessions_dropped([session.id])
    await asyncio.sleep(0.5)
    await connection.send("still here")
    assert await connection.recv() == "still here"
    tunnels.sessions.cached.clear()
    tunnels.sessions.stored.clear()
    tunnels.edge.sessions_dropped([session.id])
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(1):
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


async def test_a_tunnel_ends_in_mid_message_too(tunnels: House) -> None:
    connection = await dialled(tunnels)
    await connection.recv()
    await connection.send(b"x" * 30_000_000)
    session = next(iter(tunnels.sessions.cached.values()))
    tunnels.sessions.cached.clear()
    tunnels.sessions.stored.clear()
    tunnels.edge.sessions_dropped([session.id])
    async with asyncio.timeout(2):
        await connection.wait_closed()
    while tunnels.edge.open_tunnels:  # noqa: ASYNC110 - the edge's count is no event
        await asyncio.sleep(0.02)
    assert tunnels.edge.open_connections == 0


async def test_draining_says_going_away(tunnels: House) -> None:
    connection = await dialled(tunnels)
    await connection.recv()
    draining = asyncio.create_task(tunnels.edge.drain())
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(3):
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    await draining


async def test_an_event_stream_ends_with_its_session(build: Any, upstream_server: Any) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await reader.read()

    house = await build(config_of(route_to(await upstream_server(talk))))
    session = house.sessions.add(session_of())
    reader, writer = await house.connect()
    writer.write(request())
    await reader.readuntil(b"data: 1\n\n")
    house.sessions.cached.clear()
    house.sessions.stored.clear()
    house.edge.sessions_dropped([session.id])
    async with asyncio.timeout(1):
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readuntil(b"never")
    writer.close()


async def test_an_upgrade_that_the_upstream_refuses_closes_the_connection(house: House, recorder: Recorder) -> None:
    lines = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: YWJj")
    reader, writer = await house.connect()
    writer.write(request("/ws", *lines) + request("/smuggled"))
    answered = await read_answer(reader)
    assert (answered.status, answered.get("connection")) == (200, "close")
    assert await reader.read() == b""
    assert len(recorder.heads) == 1
    assert recorder.header("upgrade") == ["websocket"]
    writer.close()


@settings(deadline=None, max_examples=30)
@given(
    sizes=st.lists(st.sampled_from([0, 1, 125, 126, 300, 65_535, 65_536]), max_size=5),
    mask=st.booleans(),
    step=st.sampled_from([1, 2, 3, 7, 1000, 1 << 20]),
)
def test_the_ends_of_frames_are_found_however_the_bytes_are_cut(sizes: list[int], step: int, *, mask: bool) -> None:
    frames = [Frame(Opcode.BINARY, b"x" * size).serialize(mask=mask) for size in sizes]
    raw = b"".join(frames)
    boundaries, ends, position = Boundaries(), set(), 0
    for frame in frames:
        position += len(frame)
        ends.add(position)
    for start in range(0, len(raw), step):
        boundaries.advance(raw[start : start + step])
        assert boundaries.between_frames == (min(start + step, len(raw)) in ends)
    fresh = Boundaries()
    if frames:
        assert fresh.advance(raw, to_boundary=True) == len(frames[0])


def test_a_close_frame_is_one() -> None:
    assert close_frame(1008, "bye", masked=False) == b"\x88\x05\x03\xf0bye"
    masked = close_frame(1008, "bye", masked=True)
    assert masked[:2] == b"\x88\x85"
    assert bytes(byte ^ masked[2 + index % 4] for index, byte in enumerate(masked[6:])) == b"\x03\xf0bye"
