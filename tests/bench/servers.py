"""The servers of the benchmark: an upstream, and what stands in front of it in turns. Each is pinned to one core."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CANDIDATE_CORE, OTHER_CORE = "0", "1"
HOST = "mail.example.com"
TICKS = os.sysconf("SC_CLK_TCK")
BODY = "x" * 1024

UPSTREAM = """
daemon off; master_process off; error_log stderr crit; pid {folder}/upstream.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s; client_body_temp_path {folder}/a;
  server {{
    listen 127.0.0.1:{port}; default_type text/html;
    location / {{ return 200 "{body}"; }}
    location /new/ {{ add_header X-Answer $request_id; return 200 "{body}"; }}
  }}
}}
"""
NGINX = """
daemon off; master_process off; error_log stderr crit; pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s; client_body_temp_path {folder}/b;
  proxy_temp_path {folder}/c;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
"""
CADDY = """
{{
  admin off
  auto_https off
  storage file_system {folder}/caddy
  log {{
    level ERROR
  }}
}}
http://127.0.0.1:{port}, http://mail.example.com:{port} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{upstream} {{
    transport http {{
      keepalive_idle_conns_per_host 256
    }}
  }}
}}
"""
GATEKEEPER = """
[server]
public_url = "https://mail.example.com"
listen = "127.0.0.1:{port}"
[storage]
data = "{folder}/data"
[log]
requests = false
[[route]]
name = "webmail"
path = "/"
upstream = "http://127.0.0.1:{upstream}"
"""


@dataclass
class Running:
    """A server that answers at a port."""

    name: str
    pid: int
    port: int
    cookie: str = ""

    def cpu_seconds(self) -> float:
        """What it has used of its core, its threads included."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss(self) -> int:
        """Memory in use, in bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def missing() -> list[str]:
    """Programs that are needed and not here."""
    return [name for name in ("nginx", "caddy", "wrk", "h2load", "taskset") if shutil.which(name, path=_PATH) is None]


_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


@contextlib.contextmanager
def upstream(folder: Path) -> Iterator[int]:
    """nginx with one small page, on the other core."""
    port = free_port()
    config = folder / "upstream.conf"
    config.write_text(UPSTREAM.format(folder=folder, port=port, body=BODY))
    with _process("upstream", ["nginx", "-c", str(config), "-p", str(folder)], port, OTHER_CORE):
        yield port


@contextlib.contextmanager
def nginx(folder: Path, behind: int) -> Iterator[Running]:
    """nginx as a bare proxy."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, upstream=behind))
    with _process("nginx", ["nginx", "-c", str(config), "-p", str(folder)], port, CANDIDATE_CORE) as running:
        yield running


@contextlib.contextmanager
def caddy(folder: Path, behind: int) -> Iterator[Running]:
    """Caddy as a bare proxy."""
    port = free_port()
    config = folder / "Caddyfile"
    config.write_text(CADDY.format(folder=folder, port=port, upstream=behind))
    command = ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]
    with _process("caddy", command, port, CANDIDATE_CORE, HOME=str(folder), GOMAXPROCS="1") as running:
        yield running


@contextlib.contextmanager
def gatekeeper(folder: Path, behind: int) -> Iterator[Running]:
    """The gateway, with somebody signed in."""
    port = free_port()
    config = folder / "gatekeeper.toml"
    config.write_text(GATEKEEPER.format(folder=folder, port=port, upstream=behind))
    command = [sys.executable, str(HERE / "gateway.py"), str(config)]
    with _process("gatekeeper", command, port, CANDIDATE_CORE) as running:
        yield running


@contextlib.contextmanager
def _process(name: str, command: list[str], port: int, core: str, **environment: str) -> Iterator[Running]:
    process = subprocess.Popen(
        ["taskset", "-c", core, *command],
        stdout=subprocess.PIPE,
        stderr=None if name == "gatekeeper" else subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PATH": _PATH, **environment},
    )
    try:
        cookie = ""
        if name == "gatekeeper":
            assert process.stdout is not None
            cookie = process.stdout.readline().strip()
        _wait_for(port, process)
        yield Running(name, process.pid, port, cookie)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers at port {port}")
