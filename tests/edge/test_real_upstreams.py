"""Before servers that we did not write: nginx (files, ranges, gzip, TLS) and httpbin."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.config import Upstream
from tests.certificates import write_certificate
from tests.edge.conftest import COOKIE, HOST, House, config_of, request, route_to, session_of

NGINX = """
daemon off; master_process off; error_log stderr crit; pid {folder}/nginx.pid;
events {{ }}
http {{
  access_log off; gzip on; gzip_min_length 1; gzip_types text/plain; default_type text/plain;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen unix:{folder}/plain.sock; root {folder}/files; }}
  server {{
    listen unix:{folder}/tls.sock; listen 127.0.0.1:{port} ssl; root {folder}/files;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
  }}
}}
"""


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "files").mkdir()
    (folder / "files" / "page.txt").write_text("hello " * 1000)
    with (folder / "files" / "big.bin").open("wb") as big:
        big.truncate(50_000_000)
    folder.chmod(0o755)
    for parent in folder.parents:
        if parent.name.startswith("pytest"):
            parent.chmod(0o755)
    write_certificate(folder)
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    while not (folder / "nginx.pid").exists():
        assert process.poll() is None
        threading.Event().wait(0.02)
    yield folder, port
    process.terminate()
    process.wait(10)


@pytest.fixture
async def files(build: Any, nginx: tuple[Path, int]) -> House:
    house: House = await build(config_of(route_to(0, upstream=Upstream("unix", socket=f"{nginx[0]}/plain.sock"))))
    house.sessions.add(session_of())
    return house


async def test_ranges_and_conditions_pass(files: House) -> None:
    whole = await files.ask(request("/page.txt"))
    assert whole.body == b"hello " * 1000
    part = await files.ask(request("/page.txt", "Range: bytes=6-10"))
    assert (part.status, part.body, part.get("content-range")) == (206, b"hello", "bytes 6-10/6000")
    etag = whole.get("etag")
    same = await files.ask(request("/page.txt", f"If-None-Match: {etag}"))
    assert (same.status, same.get("etag")) == (304, etag)
    assert (await files.ask(request("/page.txt", method="HEAD"))).get("content-length") == "6000"
    assert (await files.ask(request("/none"))).status == 404


async def test_gzip_passes_as_nginx_made_it(files: House) -> None:
    packed = await files.ask(request("/page.txt", "Accept-Encoding: gzip"))
    assert packed.get("content-encoding") == "gzip"
    assert gzip.decompress(packed.body) == b"hello " * 1000


async def test_a_big_file_passes(files: House) -> None:
    reader, writer = await files.connect()
    writer.write(request("/big.bin"))
    await reader.readuntil(b"\r\n\r\n")
    got = 0
    while got < 50_000_000:
        piece = await asyncio.wait_for(reader.read(1 << 20), 5)
        assert piece
        got += len(piece)
    writer.close()


async def test_tls_is_verified(build: Any, nginx: tuple[Path, int]) -> None:
    folder, port = nginx
    for host, ca_file, status in (
        ("localhost", folder / "cert.pem", 200),
        ("localhost", None, 502),
        ("127.0.0.1", folder / "cert.pem", 502),
    ):
        house = await build(config_of(route_to(0, upstream=Upstream("https", host, port, ca_file=ca_file))))
        house.sessions.add(session_of())
        assert (await house.ask(request("/page.txt"))).status == status
        assert (await house.ask(request("/page.txt"))).status == status


@pytest.fixture(scope="module")
def httpbin_port() -> Iterator[int]:
    import werkzeug.http
    from werkzeug.datastructures import Authorization

    if not hasattr(werkzeug.http, "parse_authorization_header"):  # httpbin 0.10.0 still asks for it
        werkzeug.http.parse_authorization_header = Authorization.from_header  # type: ignore[attr-defined]
    from httpbin import app
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join(5)


@pytest.fixture
async def bin_house(build: Any, httpbin_port: int) -> House:
    house: House = await build(config_of(route_to(httpbin_port)))
    house.sessions.add(session_of())
    return house


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_methods_and_bodies_pass(bin_house: House, method: str) -> None:
    body = b"a=1&b=2" if method != "GET" else b""
    lines = ("Content-Type: application/x-www-form-urlencoded",) if body else ()
    answered = await bin_house.ask(request(f"/{method.lower()}?x=y", *lines, method=method, body=body))
    said = json.loads(answered.body)
    assert said["args"] == {"x": "y"}
    assert said["headers"]["X-Forwarded-User"] == "anna@example.com"
    assert "Cookie" not in said["headers"]
    assert said.get("form", {}) == ({"a": "1", "b": "2"} if body else said.get("form", {}))


@pytest.mark.parametrize("status", [200, 201, 204, 301, 304, 400, 401, 404, 418, 500, 503])
async def test_statuses_pass(bin_house: House, status: int) -> None:
    assert (await bin_house.ask(request(f"/status/{status}"))).status == status


async def test_redirects_and_cookies_of_the_platform_pass_untouched(bin_house: House) -> None:
    redirect = await bin_house.ask(request("/absolute-redirect/2", host=f"{HOST}:4443"))
    assert (redirect.status, redirect.get("location")) == (302, f"http://{HOST}:4443/absolute-redirect/1")
    cookies = await bin_house.ask(request("/cookies/set?one=1&two=2"))
    assert sorted(line.split(";")[0] for line in cookies.all("set-cookie")) == ["one=1", "two=2"]
    sent = await bin_house.ask(request("/cookies", cookie=f"one=1; {COOKIE}; two=2"))
    assert json.loads(sent.body)["cookies"] == {"one": "1", "two": "2"}


async def test_streams_chunks_and_delays_pass(bin_house: House) -> None:
    assert len((await bin_house.ask(request("/stream/5"))).body.splitlines()) == 5
    assert (await bin_house.ask(request("/range/1000?chunk_size=100"))).body[:5] == b"abcde"
    assert (await bin_house.ask(request("/drip?duration=0.3&numbytes=3"))).body == b"***"
