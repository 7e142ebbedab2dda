"""A command finds the engines that a running gateway started, and starts none beside them."""

from __future__ import annotations

import asyncpg

from gatekeeper.embedded import Engines, running


def test_nobody_runs_engines_in_an_empty_folder(tmp_path):
    assert running(tmp_path) is None
    assert running(tmp_path / "none") is None


async def test_the_engines_of_a_running_gateway_are_found(tmp_path):
    async with Engines.start(tmp_path, durable=False) as engines:
        found = running(tmp_path)
        assert found is not None
        assert found.database_url == engines.database_url
        assert found.redis_url == engines.redis_url
        connection = await asyncpg.connect(found.database_url)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
    assert running(tmp_path) is None
