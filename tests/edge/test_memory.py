"""Gigabytes flow both ways at once, the reader slow, in bounded memory."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.edge.conftest import request

SIZE = 2 * 1024**3
BOUND = 64 * 1024**2
PIECE = b"x" * (1 << 20)

EDGE = """
import asyncio, sys
import importlib.util
spec = importlib.util.spec_from_file_location("parts", sys.argv[1])
parts = importlib.util.module_from_spec(spec)
sys.modules["parts"] = parts
spec.loader.exec_module(parts)

async def main():
    sessions = parts.Sessions()
    sessions.add(parts.session_of())
    async def nowhere(_):
        raise OSError
    edge = parts.Edge(
        parts.config_of(parts.route_to(int(sys.argv[2]))), cache=sessions, reader=sessions,
        policies=lambda: sessions.policies, sign=lambda _: "x", pages=parts.PlainPages(), app=nowhere,
        touch=sessions.touch,
    )
    print((await edge.start())[0], flush=True)
    await asyncio.Event().wait()

parts.uvloop.run(main())
"""


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if head.startswith(b"GET"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(PIECE)):
            writer.write(PIECE)
            await writer.drain()
    else:
        left = SIZE
        while left:
            piece = await reader.read(1 << 20)
            assert piece
            left -= len(piece)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    await reader.read()


async def download(port: int) -> int:
    """A reader that stops for a second now and then, so that everything before it fills up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(request())
    await reader.readuntil(b"\r\n\r\n")
    got, stops = 0, [SIZE // 4, SIZE // 2]
    while got < SIZE:
        piece = await reader.read(1 << 20)
        assert piece
        got += len(piece)
        if stops and got > stops[0]:
            stops.pop(0)
            await asyncio.sleep(1)
    writer.close()
    return got


async def upload(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("/", f"Content-Length: {SIZE}", method="POST"))
    for _ in range(SIZE // len(PIECE)):
        writer.write(PIECE)
        await writer.drain()
    answered = await reader.readuntil(b"done")
    writer.close()
    return answered


@pytest.mark.slow
async def test_two_gigabytes_each_way_at_once_in_bounded_memory(upstream_server: Any) -> None:
    parts = Path(__file__).parent / "conftest.py"
    behind = await upstream_server(upstream)
    process = subprocess.Popen([sys.executable, "-c", EDGE, str(parts), str(behind)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = await asyncio.to_thread(process.stdout.readline)
        port = int(line.rpartition(":")[2])
        idle, most = resident(process.pid), 0
        moving = asyncio.gather(download(port), upload(port))
        started = time.monotonic()
        while not moving.done():
            most = max(most, resident(process.pid))
            await asyncio.sleep(0.05)
        got, answered = await moving
        assert got == SIZE
        assert answered.endswith(b"done")
        assert most - idle < BOUND, f"{(most - idle) / 2**20:.0f} MiB above idle"
        assert time.monotonic() - started < 120
    finally:
        process.terminate()
        process.wait(10)
