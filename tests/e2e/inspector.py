"""Looks at a page as ``make screenshots`` photographs it, and writes down what is wrong with it.

That is: what axe finds, in light and in dark; what the console says; parts that do not fit a narrow or enlarged
window, move while loading, or move at all where motion is not wanted; pages that are too heavy; words that cannot be
translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import axe_playwright_python
from playwright.async_api import Browser, ConsoleMessage, Frame, Page

from tests.messages import BRACKETED, CLOSES, OPENS

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
EXPECTED = "Failed to load resource: the server responded with a status of"
"""What Chromium says of every error page; anything else that it says is a fault of ours."""
HEAVIEST = 60_000
A_HEAD = 400
"""Bytes of a head of a response, roughly."""
WINDOWS = {"320 px": 320, "200 %": 640}
"""1280 px enlarged to 200 % are 640 px of a page."""

RUN_AXE = """async (only) => {
  const found = await axe.run(document, only ? { runOnly: { type: "rule", values: only } } : {});
  return found.violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.target} — ${node.html.slice(0, 120)}`));
}"""
SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
})"""
WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map((entry) => [entry.name, entry.encodedBodySize])"""
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > width + 1)
    .slice(0, 5)
    .map((one) => one.outerHTML.slice(0, 100));
}"""
MOVES = """() => [...document.querySelectorAll("*")].filter((one) => {
  const style = getComputedStyle(one);
  const seconds = `${style.transitionDuration},${style.animationDuration}`.split(",").map(parseFloat);
  return Math.max(...seconds) > 0.01;
}).map((one) => one.outerHTML.slice(0, 80))"""
OUTSIDE = """([opens, closes]) => {
  const outside = (texts) => {
    let depth = 0;
    let left = "";
    for (const text of texts) {
      for (const character of text) {
        if (character === opens) depth += 1;
        else if (character === closes) depth -= 1;
        else if (!depth) left += character;
      }
      left += "\\n";
    }
    return left;
  };
  const skipped = "style, script, code, time, [translate=no], [data-is-data], iframe, option[lang]";
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest(skipped) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode.data);
  const attributes = ["title", "alt", "placeholder", "aria-label", "aria-description"].flatMap((name) =>
    [...document.querySelectorAll(`[${name}]`)]
      .filter((one) => !one.closest("time"))
      .map((one) => one.getAttribute(name)));
  return [outside(texts), ...attributes.map((text) => outside([text]))].join("\\n");
}"""
WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass
class Inspector:
    """Inspects pages.

    Args:
        browser: Chromium.
        data: words that stand on pages and are nobody's to translate: names of people, of the platform.
    """

    browser: Browser
    data: frozenset[str]
    found: list[str] = field(default_factory=list)

    async def new_page(self) -> Page:
        """A page of somebody's own browser."""
        context = await self.browser.new_context(locale=BRACKETED, viewport={"width": 1280, "height": 800})
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.found.append(f"an error in a script: {error}"))
        return page

    async def close(self) -> None:
        """Close every browser that was used."""
        for context in self.browser.contexts:
            await context.close()

    async def inspect(self, page: Page, name: str) -> None:
        """Look at a page; at the frame in it, if it is one of the platform's with a page of ours inside."""
        frame = page.frames[-1]
        if not await frame.evaluate("document.querySelector('link[href*=\"/static/gatekeeper.\"], style')"):
            return  # the platform's own
        self._note(name, "moves while loading", [s] if (s := await frame.evaluate(SHIFTS)) else [])
        self._note(name, "is too heavy", await self._weight(frame))
        self._note(name, "cannot be translated", await self._untranslatable(frame))
        await frame.evaluate(AXE)
        self._note(name, "axe, light", await frame.evaluate(RUN_AXE, None))
        await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        self._note(name, "axe, dark", await frame.evaluate(RUN_AXE, ["color-contrast"]))
        self._note(name, "moves although no motion is wanted", await frame.evaluate(MOVES))
        await page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        for window, width in WINDOWS.items():
            await page.set_viewport_size({"width": width, "height": 700})
            self._note(name, f"does not fit at {window}", await frame.evaluate(TOO_WIDE))
        await page.set_viewport_size({"width": 1280, "height": 800})

    async def _weight(self, frame: Frame) -> list[str]:
        parts = dict(await frame.evaluate(WEIGHT))
        weight = sum(size + A_HEAD for size in parts.values())
        return [f"{weight} bytes: {parts}"] if weight > HEAVIEST else []

    async def _untranslatable(self, frame: Frame) -> list[str]:
        words = WORD.findall(await frame.evaluate(OUTSIDE, [OPENS, CLOSES]))
        return sorted({word for word in words if word.lower() not in self.data})

    def _note(self, name: str, what: str, findings: Iterable[object]) -> None:
        self.found += [f"{name} {what}: {finding}" for finding in findings]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(EXPECTED):
            self.found.append(f"the console says: {message.text}")
