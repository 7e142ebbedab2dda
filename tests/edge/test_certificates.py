"""TLS on the edge's own listener: what it speaks, and certificates that change while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gatekeeper.config import TlsConfig
from gatekeeper.edge.certificates import LOOKS_EVERY, Certificates
from tests.certificates import write_certificate
from tests.edge.conftest import HOST, House, Recorder, config_of, read_answer, request, route_to, session_of

MIB = 1 << 20


@pytest.fixture
def files(tmp_path: Path) -> TlsConfig:
    return TlsConfig(*write_certificate(tmp_path, "first"))


@pytest.fixture
async def house(build: Any, recorder: Recorder, files: TlsConfig) -> House:
    house = await build(config_of(route_to(recorder.port, host=HOST), tls=files))
    house.sessions.add(session_of())
    return house


def client(**wishes: Any) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name, value in wishes.items():
        setattr(context, name, value)
    return context


async def connect(
    house: House, context: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", house.port, ssl=context or client())


def name_on(writer: asyncio.StreamWriter) -> str:
    """The name on the certificate that a connection was made with."""
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    (name,) = x509.load_der_x509_certificate(shown).subject
    return str(name.value)


async def test_a_request_over_tls_is_judged_and_forwarded_as_any(house: House, recorder: Recorder) -> None:
    reader, writer = await connect(house)
    writer.write(request("/mail") * 2)
    for _ in range(2):
        assert (await read_answer(reader)).status == 200
    writer.write(request("/mail", cookie=None))
    assert (await read_answer(reader)).status == 401
    assert recorder.header("x-forwarded-proto") == ["https"]
    writer.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "spoken"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
async def test_tls_1_2_and_later_are_spoken(house: House, version: ssl.TLSVersion, spoken: bool) -> None:
    context = client()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with contextlib.nullcontext() if spoken else pytest.raises((ssl.SSLError, ConnectionError)):
        _, writer = await connect(house, context)
        writer.close()


async def test_of_the_protocols_a_client_offers_http_1_1_is_taken(house: House) -> None:
    context = client()
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await connect(house, context)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
    writer.close()


async def test_a_client_that_speaks_no_tls_reaches_nothing(house: House, recorder: Recorder) -> None:
    assert b"200 OK" not in await house.send(request("/mail"))
    assert recorder.heads == []


async def test_bodies_pass_whole_both_ways(build: Any, upstream_server: Any, files: TlsConfig) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (8 * MIB))
        for _ in range(8):
            writer.write(await reader.readexactly(MIB))
            await writer.drain()

    house = await build(config_of(route_to(await upstream_server(echo), host=HOST), tls=files))
    house.sessions.add(session_of())
    reader, writer = await connect(house)
    body = bytes(range(256)) * (8 * MIB // 256)
    writer.write(request("/mail", method="POST", body=body))
    assert (await read_answer(reader)).body == body
    writer.close()


async def test_a_renewed_certificate_is_for_new_connections_and_open_ones_go_on(
    build: Any, recorder: Recorder, files: TlsConfig, tmp_path: Path
) -> None:
    certificates = Certificates(files)
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=certificates.context)
    port = server.sockets[0].getsockname()[1]
    old_reader, old = await asyncio.open_connection("127.0.0.1", port, ssl=client())
    write_certificate(tmp_path, "second")
    certificates.sweep(LOOKS_EVERY)
    _, new = await asyncio.open_connection("127.0.0.1", port, ssl=client())
    assert (name_on(old), name_on(new)) == ("first", "second")
    old.write(b"still\n")
    assert await old_reader.readline() == b"still\n"
    for writer in (old, new):
        writer.close()
    server.close()


async def test_a_pair_that_does_not_fit_changes_nothing_and_is_looked_at_again(
    files: TlsConfig, tmp_path: Path
) -> None:
    certificates = Certificates(files)
    key = files.key.read_bytes()
    certificate, _ = write_certificate(tmp_path, "second")
    new_key = files.key.read_bytes()
    files.key.write_bytes(key)
    now = LOOKS_EVERY
    certificates.sweep(now)
    assert await _shown(certificates) == "first"
    certificate.unlink()
    certificates.sweep(now := now + LOOKS_EVERY)
    assert await _shown(certificates) == "first"
    write_certificate(tmp_path, "third")
    files.key.write_bytes(new_key)
    certificates.sweep(now := now + LOOKS_EVERY)
    assert await _shown(certificates) == "first"
    write_certificate(tmp_path, "fourth")
    certificates.sweep(now + LOOKS_EVERY)
    assert await _shown(certificates) == "fourth"


async def _shown(certificates: Certificates) -> str:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=certificates.context)
    _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1], ssl=client())
    name = name_on(writer)
    writer.close()
    server.close()
    return name


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()
