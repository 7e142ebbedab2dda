"""A platform whose service worker answers from its own cache first, as offline-minded webmails have one.

The browser asks nobody before it shows what such a worker kept. So at the end of a session the worker itself must go.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.e2e.gateway import open_gate

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("gate", [open_gate], indirect=True, ids=["one-node"])]

PAGE = """<!doctype html>
<title>Webmail</title>
<h1>Mail of {user}</h1>
<script>navigator.serviceWorker.register("/mail/worker.js")</script>
"""
WORKER = """
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => event.respondWith(kept(event.request)));

async function kept(request) {
  const cache = await caches.open("mail");
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
"""


async def page(request: web.Request) -> web.Response:
    return web.Response(text=PAGE.format(user=request.headers["X-Forwarded-User"]), content_type="text/html")


async def worker(_: web.Request) -> web.Response:
    return web.Response(text=WORKER, content_type="text/javascript")


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Path]:
    app = web.Application()
    app.router.add_get("/mail/", page)
    app.router.add_get("/mail/worker.js", worker)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, tmp_path / "worker.sock").start()
    yield tmp_path / "worker.sock"
    await runner.cleanup()


async def reads_mail_from_the_cache(person, username: str) -> None:
    """Opens the mailbox until the worker shows it without the network."""
    await person.sees(f"Mail of {username}")
    await person.page.evaluate("navigator.serviceWorker.ready")
    await person.opens("/mail/")
    await person.page.context.set_offline(True)
    await person.opens("/mail/")
    await person.sees(f"Mail of {username}")
    await person.page.context.set_offline(False)


async def test_what_it_kept_is_shown_to_nobody_after_expiry_and_after_sign_out(gate, person):
    anna = await person()
    await anna.signs_in("anna@example.com")
    await reads_mail_from_the_cache(anna, "anna@example.com")
    gate.clock.forward(13 * 3600)
    await anna.opens("/mail/")
    await anna.sees_step("login")

    # Somebody else at the same browser begins with an empty cache.
    await anna.gives_password("marco@example.com")
    await reads_mail_from_the_cache(anna, "marco@example.com")
    await anna.opens("/gatekeeper/logout")
    await anna.submits()
    await anna.page.wait_for_function("navigator.serviceWorker.getRegistrations().then((all) => !all.length)")
    await anna.page.wait_for_function("caches.keys().then((names) => !names.length)")
    answer = await anna.page.goto(f"{gate.base}/mail/")
    assert answer is not None
    assert "/gatekeeper/login" in answer.url
