"""The internal listener."""

from __future__ import annotations

from typing import Any

from gatekeeper.domain.errors import Unavailable
from gatekeeper.edge.health import Health
from tests.edge.conftest import House, request


async def test_readiness_gives_its_reasons_and_liveness_does_not_care(house: House, aiohttp_client: Any) -> None:
    away: list[str] = []

    async def check() -> None:
        if away:
            raise Unavailable("Redis")

    client = await aiohttp_client(Health(house.edge, {"Redis": check}).app)
    assert (await client.get("/health/ready")).status == 200
    away.append("Redis")
    answered = await client.get("/health/ready")
    assert (answered.status, (await answered.json())["reasons"]) == (503, {"Redis": "Redis does not answer"})
    assert (await client.get("/health/live")).status == 200
    away.clear()
    await house.edge.drain()
    answered = await client.get("/health/ready")
    assert (answered.status, list((await answered.json())["reasons"])) == (503, ["gateway"])


async def test_metrics_count_requests_by_status(house: House, aiohttp_client: Any) -> None:
    await house.ask(request())
    await house.ask(request(cookie=None))
    client = await aiohttp_client(Health(house.edge, {}).app)
    text = await (await client.get("/metrics")).text()
    assert 'gatekeeper_requests_total{status="200"} 1.0' in text
    assert 'gatekeeper_requests_total{status="401"} 1.0' in text
    assert "gatekeeper_tunnels 0.0" in text
