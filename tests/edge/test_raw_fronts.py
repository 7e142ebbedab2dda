"""The raw bytes again, by way of real nginx and real Caddy: no pair of a front and the edge takes one request for two.

The front marks each request that it passes on with a name of its own and with the method that it read. Whatever the
front makes of a row, what reaches the platform must carry exactly one such mark, each mark once: a request without one
is what the edge saw and the front did not.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.domain.addresses import TrustedProxies
from tests.edge.conftest import HOST, config_of, route_to, session_of
from tests.edge.fronts import free_port, running
from tests.edge.raw import SENTINEL, Verdicts, Witness, check_invariant
from tests.edge.raw_requests import REQUESTS

NGINX = """
daemon off; master_process off; error_log {folder}/error.log; pid {folder}/pid;
events {{ worker_connections 512; }}
http {{
  access_log off; client_header_timeout 10s; client_body_timeout 10s; lingering_close off;
  large_client_header_buffers 8 128k;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream edge {{ server 127.0.0.1:{edge}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    ignore_invalid_headers off; underscores_in_headers on; merge_slashes off;
    location / {{
      proxy_pass http://edge; proxy_http_version 1.1; proxy_request_buffering off;
      proxy_set_header Host $http_host; proxy_set_header Connection "";
      proxy_set_header X-Front-Mark $request_id; proxy_set_header X-Front-Method $request_method;
    }}
  }}
}}
"""
CADDY = """{{
	admin off
	auto_https off
	servers {{
		timeouts {{
			read_header 10s
			read_body 10s
		}}
	}}
}}
http://:{port} {{
	bind 127.0.0.1
	reverse_proxy 127.0.0.1:{edge} {{
		flush_interval -1
		header_up X-Front-Mark {{http.request.uuid}}
		header_up X-Front-Method {{http.request.method}}
	}}
}}
"""
COMMANDS = {
    "nginx": (NGINX, "nginx.conf", ["/usr/sbin/nginx", "-p", "{folder}", "-c", "{file}"]),
    "caddy": (CADDY, "Caddyfile", ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", "{file}"]),
}
ROWS = {name: row for family in REQUESTS.values() for name, row in family.items()}
AT_ONCE = 16
PATIENCE = 15.0


class Chain:
    """A front, the edge behind it, and a platform that trusts nobody."""

    def __init__(self, port: int, witness: Witness, verdicts: Verdicts) -> None:
        self.port = port
        self.witness = witness
        self.verdicts = verdicts

    async def talk(self, raw: bytes) -> bytes:
        """Send bytes and the sentinel; what comes back until the front has enough."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        found = b""
        try:
            writer.write(raw + SENTINEL)
            async with asyncio.timeout(PATIENCE):
                while piece := await reader.read(65_536):
                    found += piece
        except (ConnectionError, TimeoutError):
            pass
        finally:
            writer.close()
        return found


@pytest.fixture(params=COMMANDS)
async def chain(
    request: pytest.FixtureRequest, build: Any, upstream_server: Any, tmp_path: Path
) -> AsyncIterator[Chain]:
    witness = Witness()
    trusted = TrustedProxies([ipaddress.ip_network("127.0.0.0/8")])
    port_of_platform = await upstream_server(witness)
    house = await build(config_of(route_to(port_of_platform, host=HOST), trusted_proxies=trusted))
    house.sessions.add(session_of())
    text, name, command = COMMANDS[request.param]
    port, file = free_port(), tmp_path / name
    file.write_text(text.format(folder=tmp_path, port=port, edge=house.port))
    async with running([word.format(folder=tmp_path, file=file) for word in command], tmp_path, port):
        yield Chain(port, witness, Verdicts(house))


async def test_no_front_and_edge_disagree_on_where_a_request_ends(chain: Chain) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def run(name: str) -> tuple[str, bytes]:
        async with turns:
            return name, await chain.talk(ROWS[name].data)

    answered = dict(await asyncio.gather(*map(run, ROWS)))
    check_invariant(chain.witness, chain.verdicts)
    marks = [got.lines.get(b"x-front-mark", b"") for got in chain.witness.got]
    unmarked = [got.head for got, mark in zip(chain.witness.got, marks, strict=True) if not mark or b"," in mark]
    assert unmarked == []
    assert len(set(marks)) == len(marks)
    for got in chain.witness.got:
        assert got.method == got.lines[b"x-front-method"]
    plain = [name for name, row in ROWS.items() if row.upstream and set(row.answers) == {200} and not row.ends]
    through = [name for name in plain if answered[name].startswith(b"HTTP/1.1 200")]
    assert len(through) > len(plain) * 2 // 3, "the front let next to nothing through, so this proves nothing"
