"""The internal listener: whether this node lives, whether it is ready, and its figures for Prometheus.

It has an address of its own (``server.internal_listen``), which the outside must not reach.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from gatekeeper.domain.errors import GatekeeperError

if TYPE_CHECKING:
    from gatekeeper.config import Listen
    from gatekeeper.edge.server import Edge

Check = Callable[[], Awaitable[None]]


class Internal:
    """Answers on the internal address.

    Args:
        edge: the node's edge.
        checks: what must answer for the node to be ready, by name; each raises ``GatekeeperError`` where it does not.
    """

    def __init__(self, edge: Edge, checks: Mapping[str, Check]) -> None:
        self._edge = edge
        self._checks = checks
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        gauges = {
            "gatekeeper_open_connections": ("Connections from clients", lambda: edge.open_connections),
            "gatekeeper_open_tunnels": ("WebSockets", lambda: edge.open_tunnels),
        }
        for name, (text, read) in gauges.items():
            Gauge(name, text, registry=self._registry).set_function(read)
        app = web.Application()
        app.router.add_get("/health/live", self._live)
        app.router.add_get("/health/ready", self._ready)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None)

    async def start(self, listen: Listen) -> None:
        """Listen.

        Raises:
            OSError: the address is taken, or not ours.
        """
        await self._runner.setup()
        if listen.path is not None:
            await web.UnixSite(self._runner, listen.path).start()
        else:
            await web.TCPSite(self._runner, listen.host, listen.port).start()

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def faults(self) -> dict[str, str]:
        """Why the node is not ready, by what is at fault; empty where it is."""
        found = {"node": "it is about to stop"} if self._edge.draining else {}
        for name, check in self._checks.items():
            try:
                await check()
            except GatekeeperError as error:
                found[name] = str(error)
        return found

    async def _live(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def _ready(self, _: web.Request) -> web.Response:
        faults = await self.faults()
        if faults:
            return web.json_response({"status": "not ready", "faults": faults}, status=503)
        return web.json_response({"status": "ready"})

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
