"""Other proxies, run with the configurations in ``deploy/`` in front of an edge."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.certificates import write_certificate
from tests.edge.conftest import HOST, Answered, Recorder, read_answer

DEPLOY = Path(__file__).parents[2] / "deploy"
FRONTS = ("nginx", "caddy")
STARTED_WITHIN = 30.0
NGINX = """
daemon off; master_process off; error_log {folder}/error.log notice; pid {folder}/pid;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {site}
}}
"""
CADDY = """{{
	admin off
	auto_https disable_redirects
	https_port {port}
	storage file_system {folder}/storage
}}
{site}
"""


class Front:
    """A real proxy at a port, with the platform behind it."""

    def __init__(self, port: int, recorder: Recorder) -> None:
        self.port = port
        self.recorder = recorder
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE

    async def ask(self, raw: bytes) -> Answered:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self._tls, server_hostname=HOST)
        writer.write(raw)
        try:
            return await read_answer(reader, head_only=raw.startswith(b"HEAD "))
        finally:
            writer.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nginx(folder: Path, port: int, gate: int, platform: int, *changes: tuple[str, str]) -> list[str]:
    """The command that runs nginx with our configuration, of which some texts are replaced."""
    site = (DEPLOY / "nginx" / "gatekeeper.conf").read_text(encoding="utf-8")
    certificate, key = write_certificate(folder, host=HOST)
    for old, new in (
        ("127.0.0.1:8080", f"127.0.0.1:{gate}"),
        ("127.0.0.1:9000", f"127.0.0.1:{platform}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/mail.example.com/fullchain.pem", str(certificate)),
        ("/etc/ssl/mail.example.com/privkey.pem", str(key)),
        *changes,
    ):
        assert old in site
        site = site.replace(old, new)
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, site=site))
    return ["/usr/sbin/nginx", "-c", str(file), "-p", str(folder)]


def caddy(folder: Path, port: int, gate: int, platform: int, *changes: tuple[str, str]) -> list[str]:
    """The command that runs Caddy with our configuration, of which some texts are replaced."""
    site = (DEPLOY / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    certificate, key = write_certificate(folder, host=HOST)
    for old, new in (
        ("127.0.0.1:8080", f"127.0.0.1:{gate}"),
        ("127.0.0.1:9000", f"127.0.0.1:{platform}"),
        ("mail.example.com {", f"mail.example.com {{\n\tbind 127.0.0.1\n\ttls {certificate} {key}"),
        *changes,
    ):
        assert old in site
        site = site.replace(old, new)
    file = folder / "Caddyfile"
    file.write_text(CADDY.format(folder=folder, port=port, site=site))
    return ["/usr/bin/caddy", "run", "--config", str(file), "--adapter", "caddyfile"]


COMMANDS = {"nginx": nginx, "caddy": caddy}


@asynccontextmanager
async def running_front(
    kind: str, folder: Path, gate: int, platform: int, *changes: tuple[str, str]
) -> AsyncIterator[int]:
    """A proxy in a process of its own; its port.

    Args:
        kind: ``nginx`` or ``caddy``.
        folder: for its files.
        gate: the port of the edge.
        platform: the port of the platform.
        changes: texts of our configuration, and what stands in their places.
    """
    port = free_port()
    async with running(COMMANDS[kind](folder, port, gate, platform, *changes), folder, port):
        yield port


@asynccontextmanager
async def running(command: list[str], folder: Path, port: int) -> AsyncIterator[None]:
    """A proxy in a process of its own, from when it listens at a port of 127.0.0.1."""
    said = (folder / "said").open("wb")
    process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        async with asyncio.timeout(STARTED_WITHIN):
            while not await _answers(port):
                assert process.poll() is None, (folder / "said").read_text()
                await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)
        said.close()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
