"""The internal listener."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

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


async def test_what_is_frozen_is_not_ready(house: House, aiohttp_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatekeeper.edge.health.PATIENCE", 0.05)
    client = await aiohttp_client(Health(house.edge, {"PostgreSQL": asyncio.Event().wait}).app)
    answered = await client.get("/health/ready")
    assert (answered.status, (await answered.json())["reasons"]) == (503, {"PostgreSQL": "no answer in time"})


async def test_metrics_count_requests_by_status(house: House, aiohttp_client: Any) -> None:
    await house.ask(request())
    await house.ask(request(cookie=None))
    client = await aiohttp_client(Health(house.edge, {}).app)
    text = await (await client.get("/metrics")).text()
    assert 'gatekeeper_requests_total{status="200"} 1.0' in text
    assert 'gatekeeper_requests_total{status="401"} 1.0' in text
    assert "gatekeeper_tunnels 0.0" in text
    assert "gatekeeper_mails" not in text


async def test_metrics_count_mails_and_those_that_wait_while_postgresql_answers(
    house: House, aiohttp_client: Any
) -> None:
    class Mail:
        outcomes: Mapping[str, int] = MappingProxyType({"sent": 7, "put_off": 2, "given_up": 1})
        away = False

        async def waiting(self) -> int:
            if self.away:
                raise Unavailable("PostgreSQL")
            return 3

    mail = Mail()
    client = await aiohttp_client(Health(house.edge, {}, mail).app)
    text = await (await client.get("/metrics")).text()
    assert 'gatekeeper_mails_total{outcome="sent"} 7.0' in text
    assert 'gatekeeper_mails_total{outcome="put_off"} 2.0' in text
    assert 'gatekeeper_mails_total{outcome="given_up"} 1.0' in text
    assert "gatekeeper_mails_waiting 3.0" in text
    mail.away = True
    text = await (await client.get("/metrics")).text()
    assert 'gatekeeper_mails_total{outcome="sent"} 7.0' in text
    assert "gatekeeper_mails_waiting" not in text
