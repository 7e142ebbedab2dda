"""The pages behind a small server with the headers of the real one, and a browser that complains about everything."""

from __future__ import annotations

import contextlib

import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import async_playwright

from gatekeeper.manners import static
from tests.chromium import CHROMIUM, FLAGS
from tests.templates.samples import PREFIX, render, renderer

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Stage:
    """The server and the browser of the tests. ``sent`` is every form that arrived."""

    def __init__(self, server: TestServer, browser) -> None:
        self.server = server
        self.browser = browser
        self.sent: list[dict[str, str]] = []
        self.complaints: list[str] = []

    @contextlib.asynccontextmanager
    async def page(self, name: str, fragment: str = "", **options):
        """One of the pages, in a browser of its own."""
        self.sent.clear()
        self.complaints.clear()
        options = {
            "locale": "en-GB",
            "timezone_id": "Europe/Rome",
            "viewport": {"width": 1280, "height": 900},
        } | options
        context = await self.browser.new_context(**options)
        try:
            page = await context.new_page()
            page.on("console", lambda message: self._heard(message.type, message.text))
            page.on("pageerror", lambda error: self._heard("error", str(error)))
            await page.goto(self.address(name) + fragment)
            yield page
        finally:
            await context.close()
        assert self.complaints == []

    def address(self, name: str) -> str:
        return str(self.server.make_url(f"/pages/{name}"))

    def _heard(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage():
    by = renderer()
    app = web.Application()
    static.setup(app, PREFIX, by)
    headers = {"Content-Security-Policy": CSP}

    async def show(request: web.Request) -> web.Response:
        text = render(request.match_info["name"], by)
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def take(request: web.Request) -> web.Response:
        stage.sent.append({name: str(value) for name, value in (await request.post()).items()})
        return web.Response(status=303, headers={"Location": "/landed"})

    async def landed(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>landed</title>", content_type="text/html")

    app.router.add_get("/pages/{name}", show)
    app.router.add_get("/landed", landed)
    app.router.add_get("/favicon.ico", landed)
    app.router.add_post(PREFIX + "/{rest:.+}", take)
    async with TestServer(app) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        stage = Stage(server, browser)
        yield stage
        await browser.close()
