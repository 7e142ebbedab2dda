"""The internal listener: whether the gateway lives, whether it is ready and if not why, and what it counts."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gatekeeper.domain.errors import GatekeeperError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from gatekeeper.config import Listen
    from gatekeeper.edge.server import Edge


PATIENCE = 2.0
"""Seconds that a check may take; what is frozen is not ready either."""


class Outgoing(Protocol):
    """The mail that goes out."""

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many mails came to which end on this node."""

    async def waiting(self) -> int:
        """How many wait, on all nodes together."""


class Health:
    """Serves ``/health/live``, ``/health/ready`` and ``/metrics``.

    Args:
        edge: whose requests and connections are counted; while it drains, the gateway is not ready.
        checks: by name, what must work: each raises a ``GatekeeperError`` where it does not.
        mail: whose mails are counted, where any are sent.
    """

    def __init__(
        self, edge: Edge, checks: Mapping[str, Callable[[], Awaitable[object]]], mail: Outgoing | None = None
    ) -> None:
        self._edge = edge
        self._checks = checks
        self._mail = mail
        self.app = web.Application()
        self.app.router.add_get("/health/live", self._live)
        self.app.router.add_get("/health/ready", self._ready)
        self.app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(self.app, access_log=None, handle_signals=False)

    async def start(self, listen: Listen) -> None:
        """Listen.

        Raises:
            OSError: the address is taken, or not ours.
        """
        await self._runner.setup()
        try:
            if listen.path is not None:
                await web.UnixSite(self._runner, listen.path).start()
            else:
                await web.TCPSite(self._runner, listen.host, listen.port).start()
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise OSError(error.errno, why, f"server.internal_listen = {listen}") from error

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _live(self, _request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def _ready(self, _request: web.Request) -> web.Response:
        reasons = {"gateway": "it is about to stop"} if self._edge.draining else {}
        found = await asyncio.gather(*(_reason(check) for check in self._checks.values()))
        reasons |= {name: reason for name, reason in zip(self._checks, found, strict=True) if reason is not None}
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def _metrics(self, _request: web.Request) -> web.Response:
        counted = _Counted(self._edge, self._mail, await self._waiting())
        return web.Response(body=generate_latest(counted), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _waiting(self) -> int | None:
        """How many mails wait; nothing is said of them while PostgreSQL does not answer."""
        with suppress(GatekeeperError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                return None if self._mail is None else await self._mail.waiting()
        return None


async def _reason(check: Callable[[], Awaitable[object]]) -> str | None:
    """Why a check fails, if it does."""
    try:
        async with asyncio.timeout(PATIENCE):
            await check()
    except GatekeeperError as error:
        return str(error)
    except TimeoutError:
        return "no answer in time"
    return None


class _Counted(Collector):
    """Turns counts into metrics when they are asked for, so that no request pays for it."""

    def __init__(self, edge: Edge, mail: Outgoing | None, waiting: int | None) -> None:
        self._edge = edge
        self._mail = mail
        self._waiting = waiting

    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily("gatekeeper_requests", "Requests answered.", labels=["status"])
        for status, count in sorted(self._edge.requests.by_status.items()):
            requests.add_metric([str(status)], count)
        yield requests
        yield GaugeMetricFamily("gatekeeper_connections", "Open connections.", value=self._edge.open_connections)
        yield GaugeMetricFamily("gatekeeper_tunnels", "Open WebSockets.", value=self._edge.open_tunnels)
        if self._mail is not None:
            mails = CounterMetricFamily("gatekeeper_mails", "Mails by what became of them.", labels=["outcome"])
            for outcome, count in self._mail.outcomes.items():
                mails.add_metric([outcome], count)
            yield mails
        if self._waiting is not None:
            yield GaugeMetricFamily("gatekeeper_mails_waiting", "Mails in the outbox.", value=self._waiting)
