"""Pictures of every page, light and dark, wide and narrow, of a real gateway: ``make screenshots``.

They lie in ``build/screenshots/<language>``, named ``<page>-<theme>-<width>.png``. What is shown is said in
``tests.e2e.scenes``. ``make screenshots SHOTS="--only errors --lang it"`` takes some of them, in Italian.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from gatekeeper.config import Branding
from gatekeeper.embedded import Engines
from gatekeeper.store.migrations import migrate
from tests.chromium import CHROMIUM, FLAGS
from tests.e2e import scenes_people, scenes_seldom  # noqa: F401 - their scenes are registered by being imported
from tests.e2e.gateway import Clock, open_gate, open_platform
from tests.e2e.post import open_post
from tests.e2e.scenes import CONFIG, PAGES, ROUTES, SCENES, Stage, neighbours
from tests.manners.mails import ALL, LINK, WITH_LINK, letters_of, mail

OUT = Path("build/screenshots")
WIDTHS = {1280: 800, 390: 844}
THEMES = ("light", "dark")
LOCALES = {"en": "en-GB", "it": "it-IT"}
EXPECTED = "Failed to load resource: the server responded with a status of"
"""What Chromium says of every error page; anything else that it says is a fault of ours."""


class Camera:
    """Takes the pictures of one language.

    Args:
        browser: Chromium.
        language: such as ``it``.
    """

    def __init__(self, browser: Browser, language: str) -> None:
        self.language = language
        self.complaints: list[str] = []
        self._browser = browser
        self._folder = OUT / language
        self._folder.mkdir(parents=True, exist_ok=True)

    async def new_page(self) -> Page:
        """A page of somebody's own browser."""
        context: BrowserContext = await self._browser.new_context(
            locale=LOCALES[self.language], viewport={"width": 1280, "height": WIDTHS[1280]}
        )
        page = await context.new_page()
        page.on("console", lambda message: self._heard(message.text))
        return page

    async def shoot(self, page: Page, name: str) -> None:
        """One page in every theme and width, to its end; of what lies over a page, what is seen of it."""
        over = await page.locator("dialog[open]").count() > 0
        for width, height in WIDTHS.items():
            await page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                await page.emulate_media(color_scheme=theme)
                path = self._folder / f"{name}-{theme}-{width}.png"
                await page.screenshot(path=path, full_page=not over, animations="disabled")
        await page.set_viewport_size({"width": 1280, "height": WIDTHS[1280]})
        print(f"  {self.language}: {name}", flush=True)

    def _heard(self, text: str) -> None:
        if not text.startswith(EXPECTED):
            self.complaints.append(text)


@asynccontextmanager
async def a_stage(templates: Path | None = None) -> AsyncIterator[Stage]:
    """A gateway of its own with everything behind it that the scenes need; the camera is still missing.

    Args:
        templates: a folder whose files go before ours.
    """
    environ = dict(CONFIG) if templates is None else CONFIG | {"GATEKEEPER__BRANDING__TEMPLATES": str(templates)}
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="gatekeeper-screenshots-") as name:
        folder = Path(name)
        async with (
            Engines.start(folder / "data", durable=False) as engines,
            open_platform(folder) as platform,
            neighbours(folder),
            open_post() as post,
        ):
            environ["GATEKEEPER__MAIL__SMTP"] = post.smtp
            await migrate(engines.database_url)
            async with open_gate(
                folder,
                platform=platform,
                database=engines.database_url,
                redis=engines.redis_url,
                clock=clock,
                routes=ROUTES,
                environ=environ,
            ) as gate:
                yield Stage(gate, engines.redis_url, post)


async def take(stage: Stage, camera: Camera, only: set[str]) -> None:
    """The pictures of one language."""
    await stage.set(camera.new_page, camera.shoot)
    for page in PAGES:
        if not only or {page.name, "pages"} & only:
            person = await stage.person(page.who) if page.who else await stage.nobody()
            await person.opens(page.path)
            await camera.shoot(person.page, page.name)
    for name, scene in SCENES.items():
        if not only or name in only:
            await stage.set(camera.new_page, camera.shoot)
            await scene(stage)
    if not only or "mails" in only:
        await take_mails(camera)
    for complaint in camera.complaints:
        print(f"  the console says: {complaint}", file=sys.stderr)


async def take_mails(camera: Camera) -> None:
    """Every mail in each of its states, as a mailbox shows its HTML."""
    letters = letters_of(Branding(name="Example Mail", contact="it@example.com"))
    page = await camera.new_page()
    for kind, number in ALL:
        letter = letters.write(mail(kind, number, language=camera.language), LINK if kind in WITH_LINK else None)
        html = letter.get_body(("html",))
        assert isinstance(html, EmailMessage)
        await page.set_content(str(html.get_content()))
        await camera.shoot(page, f"mail-{kind.value}{f'-{number}' if number else ''}")


async def main() -> None:
    names = [*SCENES, "mails", "pages", *(page.name for page in PAGES)]
    parser = argparse.ArgumentParser(prog="screenshots", description="Pictures of every page, into build/screenshots.")
    parser.add_argument("--only", metavar="NAME", action="append", choices=names, help=f"one of {', '.join(names)}")
    parser.add_argument("--lang", action="append", choices=list(LOCALES), help="en if left out; may be given twice")
    given = parser.parse_args()
    async with a_stage() as stage, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for language in given.lang or ["en"]:
            await take(stage, Camera(browser, language), set(given.only or ()))
        await browser.close()
    print(f"the pictures are in {OUT}")


if __name__ == "__main__":
    asyncio.run(main())
