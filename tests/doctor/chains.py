"""Chains to examine: platforms that greet whom a header names, behind an edge, behind a real proxy if need be."""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
import re
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from gatekeeper.config import Config, RouteConfig
from gatekeeper.crypto.tokens import Signer, digest, new_token
from gatekeeper.doctor.examination import Examination
from gatekeeper.doctor.findings import Finding, Severity
from gatekeeper.doctor.plan import Person, Plan
from gatekeeper.domain.access import PUBLIC
from gatekeeper.domain.addresses import TrustedProxies
from gatekeeper.domain.headers import IdentityHeaders, folded
from gatekeeper.edge.doctor import proof
from tests.edge.conftest import HOST, TOKEN, route_to

SIGNER = Signer(b"s" * 32)
ANNA = Person("anna@example.com", ("anna@example.com",), TOKEN)


class Greeter:
    """A platform that greets whom ``X-Forwarded-User`` names, in whatever spelling, as many do.

    Args:
        lets_in: whether it shows a page to strangers, or sends them away.
    """

    def __init__(self, *, lets_in: bool = True) -> None:
        self.lets_in = lets_in
        self.port = 0
        self.targets: list[str] = []
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1") -> Greeter:
        self._server = await asyncio.start_server(self._talk, host, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def _read(self, target: str) -> bytes:
        """The page that is shown: dot segments are taken out after parameters, as servlet containers do."""
        return posixpath.normpath(re.sub(r";[^/]*", "", unquote(target))).encode()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
                self.targets.append(first.split(b" ")[1].decode())
                said = {folded(name): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
                user = said.get(b"xforwardeduser") or b""
                if user or self.lets_in:
                    body = b"Hello %s, this is %s" % (user or b"stranger", self._read(self.targets[-1]))
                    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
                else:
                    answer = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"
                writer.write(answer)
                await writer.drain()
        writer.close()


def routes_to(port: int, **changes: Any) -> tuple[RouteConfig, ...]:
    """A protected route and a public one beside it, to one platform."""
    headers = {"X-Webobjects-Remote-User": "{username}"}
    told = {"headers": headers, "identity_headers": IdentityHeaders("forwarded", headers)}
    return (
        route_to(port, host=HOST, **told, **changes),
        route_to(port, host=HOST, name="open", path="/open", access=PUBLIC, **told, **changes),
    )


def trusting(*networks: str) -> TrustedProxies:
    from ipaddress import ip_network

    return TrustedProxies([ip_network(network) for network in networks])


def plan_for(config: Config, port: int, certificate: Path | None = None, **changes: Any) -> Plan:
    """A plan to examine what is at a port of this machine; over TLS where a certificate is given."""
    tls = ssl.create_default_context(cafile=certificate)
    return Plan(
        **{
            "config": config,
            "url": f"{'https' if certificate else 'http'}://{HOST}",
            "tls": tls,
            "prove": lambda: proof(SIGNER, new_token(), time.time()),
            "canary": lambda: f"gkdoctor{digest(new_token())[:12]}",
            "connect": ("127.0.0.1", port),
            "person": ANNA,
            **changes,
        }
    )


async def found_in(plan: Plan) -> list[Finding]:
    return await Examination(plan).run()


def holes(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.severity is Severity.HOLE]
