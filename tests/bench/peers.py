"""What is measured: nginx and Caddy that proxy and check nothing, and gatekeeper with a signed-in session.

Each runs on one core (``CANDIDATE_CORE``); the load and the platform behind share the other (``LOAD_CORE``).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gatekeeper.app import open_services
from gatekeeper.cli.demo import create_accounts
from gatekeeper.config import load
from gatekeeper.embedded import Engines
from gatekeeper.store.migrations import migrate
from tests.e2e.process import Visitor

CANDIDATE_CORE = 0
LOAD_CORE = 1
PATIENCE = 20.0


@dataclass(frozen=True)
class Candidate:
    """A proxy under measurement: what drives it, and whose CPU time counts."""

    name: str
    port: int
    pid: int
    headers: tuple[str, ...] = field(default=())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, *, core: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process pinned to a core, once it listens on the port; ended, by its own id, with the block."""
    child = subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, child)
        yield child
    finally:
        child.terminate()
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_for(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{child.args!r} does not listen on port {port}")
        time.sleep(0.05)


def nginx_config(folder: Path, port: int, location: str) -> Path:
    """One worker, no log, connections kept on both sides."""
    folder.mkdir()
    path = folder / "nginx.conf"
    path.write_text(
        f"""
worker_processes 1;
master_process off;
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream platform {{ server 127.0.0.1:{{platform}}; keepalive 256; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        {location}
    }}
}}
"""
    )
    return path


@contextmanager
def platform(folder: Path) -> Iterator[int]:
    """The platform behind: nginx that answers with 1 KiB of a file in memory."""
    port = free_port()
    root = folder / "root"
    root.mkdir()
    (root / "1k").write_bytes(b"x" * 1024)
    path = nginx_config(folder / "platform", port, f"location / {{ root {root}; open_file_cache max=100; }}")
    path.write_text(path.read_text().replace("{platform}", "1"))
    with running(["nginx", "-c", str(path)], port, core=LOAD_CORE):
        yield port


@contextmanager
def nginx(folder: Path, platform_port: int) -> Iterator[Candidate]:
    port = free_port()
    location = (
        'location / { proxy_pass http://platform; proxy_http_version 1.1; proxy_set_header Connection ""; '
        "proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header Host $host; }"
    )
    path = nginx_config(folder / "nginx", port, location)
    path.write_text(path.read_text().replace("{platform}", str(platform_port)))
    with running(["nginx", "-c", str(path)], port, core=CANDIDATE_CORE) as child:
        yield Candidate("nginx, checks nothing", port, child.pid)


@contextmanager
def caddy(folder: Path, platform_port: int) -> Iterator[Candidate]:
    port = free_port()
    home = folder / "caddy"
    home.mkdir()
    (home / "Caddyfile").write_text(
        f"""
{{
    admin off
    auto_https off
    persist_config off
    log {{
        output discard
    }}
}}
http://127.0.0.1:{port}, http://localhost:{port} {{
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:{platform_port}
}}
"""
    )
    command = ["caddy", "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"]
    environment = {"GOMAXPROCS": "1", "HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    with running(command, port, core=CANDIDATE_CORE, **environment) as child:
        yield Candidate("Caddy, checks nothing", port, child.pid)


@asynccontextmanager
async def gatekeeper(folder: Path, platform_port: int) -> AsyncIterator[Candidate]:
    """The edge with everything on: a session from the cache, identity headers, the signed assertion."""
    port = free_port()
    async with Engines.start(folder / "data") as engines:
        await migrate(engines.database_url)
        path = folder / "gatekeeper.toml"
        path.write_text(
            f"""
[server]
public_url = "http://localhost:{port}"
listen = "127.0.0.1:{port}"

[storage]
data = '{folder / "data"}'
database = "{engines.database_url}"
redis = "{engines.redis_url}"

[log]
level = "warning"
requests = false

[[route]]
name = "platform"
path = "/"
upstream = "http://127.0.0.1:{platform_port}"
"""
        )
        async with open_services(load(path, {})) as services:
            await create_accounts(services, time.time())
        command = [sys.executable, "-m", "gatekeeper", "serve", "--config", str(path)]
        with running(command, port, core=CANDIDATE_CORE) as child:
            async with Visitor() as anna:
                await anna.signs_in(f"http://localhost:{port}", "anna@example.com")
                cookie = f"Cookie: gatekeeper={anna.cookie('gatekeeper')}"
            yield Candidate("gatekeeper, signed in", port, child.pid, (cookie,))


def missing() -> list[str]:
    """The programs that the benchmark needs and does not find."""
    return [name for name in ("nginx", "caddy", "wrk", "h2load", "taskset") if shutil.which(name) is None]
