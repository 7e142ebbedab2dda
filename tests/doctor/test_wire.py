"""What comes back is read as it is, from servers of all manners."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.doctor.wire import NoAnswer, Place, Seen, Wire
from tests.certificates import write_certificate
from tests.edge.conftest import upstream_server

__all__ = ["upstream_server"]

ANSWERS = {
    "with a length": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore",
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
    "to the end": b"HTTP/1.1 200 OK\r\n\r\nok",
    "after another": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok",
}


def saying(answer: bytes) -> Any:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return talk


async def ask(port: int, patience: float = 10.0, **place: Any) -> Seen:
    raw = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    return await Wire(patience).ask(Place("127.0.0.1", port, **place), raw)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_is_read_in_whatever_manner_it_comes(upstream_server: Any, answer: bytes) -> None:
    seen = await ask(await upstream_server(saying(answer)))
    assert (seen.status, seen.body) == (200, b"ok")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 2"])
async def test_what_is_no_answer_says_so(upstream_server: Any, answer: bytes) -> None:
    with pytest.raises(NoAnswer, match="ended the connection") as caught:
        await ask(await upstream_server(saying(answer)))
    assert not caught.value.unreachable


async def test_silence_ends_after_a_while(upstream_server: Any) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    begun = time.monotonic()
    with pytest.raises(NoAnswer, match="did not answer"):
        await ask(await upstream_server(silent), patience=0.1)
    assert time.monotonic() - begun < 5


async def test_a_certificate_of_somebody_else_is_refused(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path, host="mail.example.com")
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate, key)
    server = await asyncio.start_server(saying(ANSWERS["to the end"]), "127.0.0.1", 0, ssl=theirs)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(NoAnswer, match="self-signed") as caught:
        await ask(port, tls=ssl.create_default_context(), name="mail.example.com")
    assert caught.value.unreachable
    known = ssl.create_default_context(cafile=certificate)
    with pytest.raises(NoAnswer, match="not valid for 'other"):
        await ask(port, tls=known, name="other.example.com")
    assert (await ask(port, tls=known, name="mail.example.com")).status == 200
    server.close()
