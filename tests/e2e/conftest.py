"""Fixtures of the tests that use the whole: a gateway, browsers, and the people at them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.chromium import CHROMIUM, FLAGS
from tests.e2e.gateway import Clock, Gate, open_gate, open_gates, open_platform
from tests.e2e.person import Person


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Path]:
    async with open_platform(tmp_path) as path:
        yield path


@pytest.fixture(params=[open_gate, open_gates], ids=["one-node", "two-processes"])
async def gate(
    request: pytest.FixtureRequest, tmp_path: Path, platform: Path, database_url: str, redis_url: str, clock: Clock
) -> AsyncIterator[Gate]:
    """The whole gateway; every test that asks for it runs with one node and with two that are processes."""
    async with request.param(tmp_path, platform=platform, database=database_url, redis=redis_url, clock=clock) as gate:
        yield gate


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def person(gate: Gate, browser: Browser) -> Callable[..., Awaitable[Person]]:
    """Makes a person at a browser of their own (or, with ``context``, at a second tab); options are Playwright's."""

    async def make(*, context: BrowserContext | None = None, **options: Any) -> Person:
        context = context or await browser.new_context(**options)
        context.set_default_timeout(30_000)
        return Person(await context.new_page(), gate.base, gate.clock)

    return make
