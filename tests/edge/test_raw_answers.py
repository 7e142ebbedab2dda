"""A hostile upstream: one answer is never two, nobody gets another's, and half an answer is never taken for a whole."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any

import pytest

from tests.edge.conftest import config_of, read_answer, request, route_to, session_of
from tests.edge.raw import PATIENCE
from tests.edge.raw_answers import ANSWERS, Said

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


class Hostile:
    """Says what the row says to the first request, and something harmless to every other."""

    def __init__(self) -> None:
        self.row: Said | None = None
        self.connections = 0
        self.seen = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                row, self.row = self.row, None
                writer.write(GOOD if row is None else row.data)
                await writer.drain()
                if row is not None and row.later:
                    await self.seen.wait()
                    writer.write(row.later)
                if row is not None and row.ends:
                    break
        writer.close()


async def test_one_answer_is_never_two_and_half_of_one_is_never_a_whole(
    build: Any, upstream_server: Any, subtests: pytest.Subtests
) -> None:
    """Each row on connections of its own: what comes, and then the next request, which gets its own answer or none."""
    for name, row in ANSWERS.items():
        with subtests.test(name):
            hostile = Hostile()
            house = await build(config_of(route_to(await upstream_server(hostile), host="mail.example.com")))
            house.sessions.add(session_of())
            hostile.row = row
            reader, writer = await house.connect()
            writer.write(request("/first", method=row.method))
            if row.status is None:
                async with asyncio.timeout(PATIENCE):
                    head = await reader.readuntil(b"\r\n\r\n")
                    hostile.seen.set()
                    with contextlib.suppress(ConnectionError):
                        rest = await reader.read()
                        assert not re.search(rb"(^|\r\n)0\r\n\r\n$", rest) if b"chunked" in head else len(rest) < 5
                writer.close()
                reader, writer = await house.connect()
            else:
                answered = await read_answer(reader, head_only=row.method == "HEAD")
                while answered.status < 200:
                    assert not re.search(rb"evil|gatekeeper", answered.raw_head)
                    answered = await read_answer(reader, head_only=row.method == "HEAD")
                assert answered.status == row.status
                if row.status != 502:
                    assert answered.body == row.body
                said = answered.raw_head + b"".join(f"{a}: {b}".encode() for a, b in answered.headers)
                assert [word for word in row.absent if word in said] == []
            writer.write(request("/second"))
            second = await read_answer(reader)
            assert (second.status, second.body) == (200, b"good")
            assert hostile.connections == (1 if row.again else 2)
            writer.close()
            await house.edge.close()
