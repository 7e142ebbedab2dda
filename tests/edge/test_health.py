"""The internal listener says whether the gateway lives, whether it is ready and if not why, and what it counts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from gatekeeper.domain.errors import Unavailable
from gatekeeper.edge.health import Health


@pytest.fixture
def edge():
    return SimpleNamespace(
        draining=False, open_connections=3, open_tunnels=1, requests=SimpleNamespace(by_status={200: 7, 401: 2})
    )


@pytest.fixture
async def redis():
    return SimpleNamespace(away=False)


@pytest.fixture
async def client(edge, redis):
    async def check() -> None:
        if redis.away:
            raise Unavailable("Redis")

    async with TestClient(TestServer(Health(edge, {"Redis": check}).app)) as client:
        yield client


async def test_a_node_whose_stores_answer_is_ready(client):
    assert (await client.get("/health/ready")).status == 200


async def test_a_node_without_redis_lives_but_is_not_ready_and_says_why(client, redis):
    redis.away = True
    answer = await client.get("/health/ready")
    assert answer.status == 503
    assert (await answer.json())["reasons"] == {"Redis": "Redis does not answer"}
    assert (await client.get("/health/live")).status == 200


async def test_a_node_that_is_about_to_stop_is_not_ready(client, edge):
    edge.draining = True
    assert (await client.get("/health/ready")).status == 503


async def test_requests_are_counted_by_status(client):
    text = await (await client.get("/metrics")).text()
    assert 'gatekeeper_requests_total{status="401"} 2.0' in text
    assert "gatekeeper_connections 3.0" in text
    assert "gatekeeper_tunnels 1.0" in text
