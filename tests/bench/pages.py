"""What opening pages costs: ``make bench-pages``.

Prints the first paint of the sign-in page in Chromium over loopback, cold (nothing cached, a new browser each time) and
warm, and what each page weighs over the wire with all its parts. Writes ``build/bench-pages.json``.
"""

from __future__ import annotations

import asyncio
import json
import statistics
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.chromium import CHROMIUM, FLAGS
from tests.e2e.scenes import PAGES, SCENES
from tests.e2e.screenshots import a_stage

TIMES = 15
SIGN_IN = "/gatekeeper/login"
PAINTED = """() => new Promise((done) => {
  new PerformanceObserver((list) => {
    const paint = list.getEntriesByName("first-contentful-paint")[0];
    if (paint) done(paint.startTime);
  }).observe({ type: "paint", buffered: true });
})"""


async def first_paint(context: BrowserContext, address: str) -> float:
    """Milliseconds from the beginning of a navigation to the first contents on the screen."""
    page = await context.new_page()
    await page.goto(address)
    painted = float(await page.evaluate(PAINTED))
    await page.close()
    return painted


async def paints(browser: Browser, address: str) -> dict[str, list[float]]:
    """First paints with nothing cached, and with everything."""
    cold, warm = [], []
    for _ in range(TIMES):
        context = await browser.new_context()
        cold.append(await first_paint(context, address))
        warm.append(await first_paint(context, address))
        await context.close()
    return {"cold": sorted(cold), "warm": sorted(warm)}


class Scale:
    """Weighs pages: a browser that caches nothing, and counts every byte that comes in."""

    def __init__(self, browser: Browser) -> None:
        self.weights: dict[str, int] = {}
        self._browser = browser
        self._parts: dict[str, int] = {}

    async def new_page(self) -> Page:
        """A page of somebody's own browser."""
        context = await self._browser.new_context()
        page = await context.new_page()
        wire = await context.new_cdp_session(page)
        asked: dict[str, str] = {}
        wire.on("Network.requestWillBeSent", lambda event: asked.update({event["requestId"]: event["request"]["url"]}))
        wire.on("Network.loadingFinished", lambda event: self._came(asked, event))
        await wire.send("Network.enable")
        await wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
        return page

    async def weigh(self, page: Page, name: str) -> None:
        """The bytes of a page and of the parts that it names, heads and all."""
        shown = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        parts = await page.evaluate(f"{shown}.map((entry) => entry.name)")
        self.weights[name] = sum(self._parts.get(part.partition("#")[0], 0) for part in set(parts))

    def _came(self, asked: dict[str, str], event: dict[str, object]) -> None:
        url = asked.get(str(event["requestId"]), "")
        self._parts[url.partition("#")[0]] = int(str(event["encodedDataLength"]).partition(".")[0])


async def main() -> None:
    async with a_stage() as stage, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        painted = await paints(browser, stage.gate.base + SIGN_IN)
        scale = Scale(browser)
        await stage.set(scale.new_page, scale.weigh)
        for page in PAGES:
            if page.path.startswith("/gatekeeper") or not page.who:
                person = await stage.person(page.who) if page.who else await stage.nobody()
                await person.opens(page.path)
                await scale.weigh(person.page, page.name)
        for scene in SCENES.values():
            await stage.set(scale.new_page, scale.weigh)
            await scene(stage)
        await browser.close()
    print(f"first contentful paint of {SIGN_IN}, Chromium over loopback, {TIMES} times:")
    for kind, times in painted.items():
        print(f"  {kind}: median {statistics.median(times):.0f} ms, least {times[0]:.0f}, most {times[-1]:.0f}")
    print("over the wire, with all parts and heads, nothing cached:")
    for name, weight in sorted(scale.weights.items(), key=lambda one: -one[1]):
        print(f"  {weight / 1000:5.1f} kB  {name}")
    out = Path("build/bench-pages.json")
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps({"first_paint_ms": painted, "bytes": scale.weights}, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
