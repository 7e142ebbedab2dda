"""The pages over real engines, and browsers that visit them."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from gatekeeper import web as pages
from gatekeeper.config import Branding
from gatekeeper.manners.render import Renderer
from tests.flows.world import World, open_world
from tests.web.browser import Browser, open_client


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    async with open_world(database_url, redis_url) as opened:
        yield opened


@functools.lru_cache
def renderer_of(branding: Branding, prefix: str) -> Renderer:
    """One for all tests with the same pages: the templates are compiled once."""
    return Renderer(branding, prefix)


@pytest.fixture
async def client(world: World) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application()
    renderer = renderer_of(world.services.config.branding, world.services.config.server.prefix)
    pages.setup(app, world.services, renderer, world.clock)
    client = await open_client(app)
    yield client
    await client.close()


@pytest.fixture
def new_browser(client: TestClient[Any, Any]) -> Callable[[], Browser]:
    return lambda: Browser(client)


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()
