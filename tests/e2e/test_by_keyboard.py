"""Signing in without a mouse: every key that is pressed here is one that a person would press."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.gateway import open_gate
from tests.e2e.person import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("gate", [open_gate], indirect=True, ids=["one-node"])]

SEEN = """() => {
  const focused = document.activeElement;
  const style = getComputedStyle(focused);
  const box = focused.getBoundingClientRect();
  const ringed = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return box.width > 0 && box.top >= 0 && box.bottom <= innerHeight && (ringed || style.boxShadow !== "none");
}"""


BEGUN = "() => !document.querySelector('[autofocus]') || document.activeElement !== document.body"
"""A page has put the focus where it begins, if it says where."""


class Keyboard:
    """The keyboard of a person who has no mouse."""

    def __init__(self, someone) -> None:
        self.page = someone.page

    async def types(self, text: str) -> None:
        await self.page.keyboard.type(text)

    async def presses(self, key: str) -> None:
        await self.page.keyboard.press(key)

    async def goes_to(self, selector: str, *, key: str = "Tab") -> None:
        """Presses Tab until the focus is there, where it can be seen."""
        await self.page.wait_for_function(BEGUN)
        for _ in range(40):
            if await self.page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                assert await self.page.evaluate(SEEN), f"nobody sees that {selector} has the focus"
                return
            await self.presses(key)
        raise AssertionError(f"{selector} is not reached by {key}")

    async def sends(self) -> None:
        """Presses Enter and waits for the page that follows."""
        async with self.page.expect_navigation():
            await self.presses("Enter")


async def test_a_newcomer_signs_in_enrols_saves_the_codes_and_signs_out_again(gate, person):
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person()
    keys = Keyboard(anna)
    await anna.opens("/mail/")
    await keys.types("anna@example.com")  # the focus is in the first field already
    await keys.goes_to("#password")
    await keys.types("not-this-one-1")
    await keys.sends()
    await expect(anna.page.locator("#password")).to_be_focused()
    await keys.types(PASSWORD)
    await keys.goes_to("[data-reveals=password]")
    await keys.presses("Enter")
    await expect(anna.page.locator("#password")).to_have_attribute("type", "text")
    await keys.sends()

    await anna.sees_step("login/enrol")
    await anna.reads_secret()
    await keys.goes_to("[data-copies=totp-secret]")
    await keys.goes_to("#code")
    async with anna.page.expect_navigation():
        await keys.types(anna.code())  # its sixth digit sends it

    await anna.sees_step("login/recovery-codes")
    await keys.goes_to("[data-copies=recovery-codes]")
    await keys.goes_to("#saved")
    await keys.presses("Space")
    await keys.goes_to("main form button[type=submit]")
    await keys.sends()
    await anna.sees_mail_of("Anna")

    await anna.opens("/gatekeeper/logout")
    await keys.goes_to("main form button[type=submit]")
    await keys.sends()
    await anna.sees_step("logout")

    gate.clock.forward(60)
    await anna.opens("/mail/")
    await keys.types("anna@example.com")
    await keys.goes_to("#password")
    await keys.types(PASSWORD)
    await keys.sends()
    await anna.sees_step("login/code")
    await keys.goes_to("[data-switch-to=recovery]")
    await keys.presses("Enter")
    await expect(anna.page.locator("#code")).to_be_focused()
    await keys.goes_to("[data-switch-to=app]")
    await keys.presses("Enter")
    async with anna.page.expect_navigation():
        await keys.types(anna.code())
    await anna.sees_mail_of("Anna")


async def test_a_mandatory_change_of_password_needs_no_mouse(gate, person):
    await gate.api("POST", f"/users/{await gate.user_id('anna@example.com')}/require-password-change")
    anna = await person()
    keys = Keyboard(anna)
    await anna.signs_in("anna@example.com")
    await anna.sees_step("login/password")
    await keys.types("short")
    await keys.goes_to("#new_password_again")
    await keys.types("short")
    await keys.sends()
    await expect(anna.page.locator("#new_password")).to_be_focused()
    await keys.types("Quite-another-1")
    await keys.goes_to("#new_password_again")
    await keys.types("Quite-another-1")
    await keys.sends()
    await expect(anna.page).to_have_url(re.compile("/mail/"))
