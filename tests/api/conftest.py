"""What the tests of the API share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.world import World, open_world


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    async with open_world(database_url, redis_url) as opened:
        yield opened
