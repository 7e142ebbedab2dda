"""A person at a browser: what they do, in the words of a test that anybody can read."""

from __future__ import annotations

import re

import pyotp
from playwright.async_api import Page, expect

PASSWORD = "Gatekeeper-1"

expect.set_options(timeout=20_000)


class Person:
    """One person at one page of one browser.

    Args:
        page: the page.
        base: the address of the gateway, without a slash at the end.
        clock: the gateway's clock; the codes of the person's telephone follow it.
    """

    def __init__(self, page: Page, base: str, clock) -> None:
        self.page = page
        self.base = base
        self.clock = clock
        self.secret: str | None = None
        self.recovery_codes: list[str] = []

    async def opens(self, path: str) -> None:
        await self.page.goto(self.base + path)

    async def fills(self, **fields: str) -> None:
        for name, value in fields.items():
            await self.page.locator(f"input[name={name}]:not([type=hidden])").fill(value)

    async def submits(self) -> None:
        """Presses the main button of the page's form and waits for what comes next."""
        async with self.page.expect_navigation():
            await self.page.locator("main form button[type=submit]").first.click()

    async def gives_password(self, username: str, password: str = PASSWORD) -> None:
        await self.fills(username=username, password=password)
        await self.submits()

    async def signs_in(self, username: str, password: str = PASSWORD, *, at: str = "/mail/") -> None:
        await self.opens(at)
        await self.sees_step("login")
        await self.gives_password(username, password)

    def code(self, *, later: int = 0) -> str:
        """The code that the app shows now, or so many steps of 30 s later."""
        assert self.secret
        return pyotp.TOTP(self.secret).at(self.clock() + 30 * later)

    async def reads_secret(self) -> str:
        text = await self.page.locator("#totp-secret").inner_text()
        self.secret = "".join(text.split())
        return self.secret

    async def types_code(self, code: str) -> None:
        """Types a code; its sixth digit submits the form."""
        async with self.page.expect_navigation():
            await self.page.locator("input[name=code]").press_sequentially(code)

    async def gives_recovery_code(self, code: str) -> None:
        await self.page.locator("input[name=code]").fill(code)
        await self.submits()

    async def enrols(self) -> None:
        """Goes through the three steps with a right code, and saves the recovery codes."""
        await self.sees_step("login/enrol")
        await self.reads_secret()
        await self.types_code(self.code())
        await self.saves_recovery_codes()

    async def saves_recovery_codes(self) -> None:
        await self.sees_step("login/recovery-codes")
        self.recovery_codes = [
            text.strip() for text in await self.page.locator("[data-recovery-codes] li").all_inner_texts()
        ]
        await self.page.locator("input[name=saved]").check()
        await self.submits()

    async def sees_step(self, step: str) -> None:
        await expect(self.page).to_have_url(re.compile(rf"/gatekeeper/{step}([?#]|$)"))

    async def sees_mail_of(self, name: str) -> None:
        await expect(self.page).to_have_url(re.compile(r"^http://[^/]+/mail/"))
        await self.sees(name)

    async def sees(self, text: str) -> None:
        await expect(self.page.locator("body")).to_contain_text(text)
