"""Pictures of every page, light and dark, wide and narrow, of a real gateway: ``make screenshots``.

They lie in ``build/screenshots``, named ``<page>-<theme>-<width>.png``.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from gatekeeper.domain.login import DAY
from gatekeeper.embedded import Engines
from gatekeeper.store.migrations import migrate
from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.gateway import Clock, Gate, open_gate, open_platform
from tests.e2e.person import Person

OUT = Path("build/screenshots")
WIDTHS = {1280: 800, 390: 844}
THEMES = ("light", "dark")

Picture = Callable[[str], Awaitable[None]]


async def signing_in(person: Person, gate: Gate, picture: Picture) -> None:
    """Every page between somebody who is nobody yet and their mail."""
    await gate.set_two_factor({"mode": "off"})
    await person.opens("/mail/")
    await picture("sign-in")
    await person.gives_password("anna@example.com", "not-this-one-1")
    await picture("sign-in-refused")
    await gate.set_two_factor({"mode": "everyone"})
    name = f"shot-{int(gate.clock())}@example.com"
    await gate.add_user(name, password="Kwvzqhf-77")
    await person.gives_password(name, "Kwvzqhf-77")
    await picture("enrolment")
    await person.reads_secret()
    await person.types_code("000000")
    await picture("enrolment-refused")
    await person.types_code(person.code())
    await picture("recovery-codes")
    await person.saves_recovery_codes()
    await picture("mail")
    await person.opens("/gatekeeper/account")
    await picture("account")
    await person.opens("/gatekeeper/logout")
    await picture("sign-out")
    await person.submits()
    await picture("signed-out")
    gate.clock.forward(60)
    await person.signs_in(name, "Kwvzqhf-77")
    await picture("code")
    await person.types_code("000000")
    await picture("code-refused")
    await gate.set_password_policy(
        {"expiry": {"mode": "every", "days": 1}, "reuse": {"forbid_last": 3}, "strength": "advanced"}
    )
    gate.clock.forward(2 * DAY)
    await person.signs_in(name, "Kwvzqhf-77")
    await person.types_code(person.code())
    await picture("new-password")
    await person.fills(new_password="short", new_password_again="short")
    await person.submits()
    await picture("new-password-refused")
    await gate.set_password_policy(
        {"expiry": {"mode": "every", "days": 9, "warn_days": 8}, "reuse": {"forbid_last": 0}, "strength": "basic"}
    )
    await person.opens("/mail/")
    await picture("notice")
    await person.opens("/gatekeeper/no-such-page")
    await picture("not-found")
    await gate.set_password_policy({"expiry": {"mode": "never"}, "reuse": {"forbid_last": 0}, "strength": "basic"})


async def take_all(browser: Browser, gate: Gate) -> None:
    for theme in THEMES:
        for width, height in WIDTHS.items():
            context = await browser.new_context(color_scheme=theme, viewport={"width": width, "height": height})
            page = await context.new_page()
            complaints: list[str] = []
            page.on("console", lambda message, kept=complaints: kept.append(message.text))

            async def picture(name: str, page=page, theme=theme, width=width) -> None:
                await page.screenshot(path=OUT / f"{name}-{theme}-{width}.png", full_page=True)
                print(f"  {name}-{theme}-{width}")

            await signing_in(Person(page, gate.base, gate.clock), gate, picture)
            for complaint in complaints:
                print(f"  the console says: {complaint}", file=sys.stderr)
            await context.close()


async def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="gatekeeper-screenshots-") as name:
        folder = Path(name)
        async with Engines.start(folder / "data", durable=False) as engines, open_platform(folder) as platform:
            await migrate(engines.database_url)
            async with (
                open_gate(
                    folder,
                    platform=platform,
                    database=engines.database_url,
                    redis=engines.redis_url,
                    clock=clock,
                ) as gate,
                async_playwright() as playwright,
            ):
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                await take_all(browser, gate)
                await browser.close()
    print(f"the pictures are in {OUT}")


if __name__ == "__main__":
    asyncio.run(main())
