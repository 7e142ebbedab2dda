"""What people do with their own accounts: a new password, a new phone, a browser that should be signed in no longer."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.gateway import open_gate
from tests.e2e.person import PASSWORD

pytestmark = pytest.mark.browser
one_node = pytest.mark.parametrize("gate", [open_gate], indirect=True, ids=["one-node"])

NEW_PASSWORD = "A-quite-new-1"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def goes_to_account(someone, gate, *, secret: str | None = None) -> None:
    """Signs in, with a code where there is an authenticator, and opens the account page."""
    await someone.signs_in("anna@example.com", at="/gatekeeper/account")
    if secret is not None:
        someone.secret = secret
        gate.clock.forward(60)
        await someone.types_code(someone.code())
    await expect(someone.page.get_by_role("heading", name="Your account")).to_be_visible()


async def has_an_authenticator(gate, person) -> str:
    """Anna has enrolled some time ago; her secret."""
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.enrols()
    assert anna.secret is not None
    return anna.secret


async def presses(page: Page, name: str, key: str = "Enter") -> None:
    """Moves on with the tab key until the focus is on what is called so, and presses a key there."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        found = await page.evaluate("document.activeElement.textContent.trim().replace(/\\s+/g, ' ')")
        if found == name:
            await page.keyboard.press(key)
            return
    raise AssertionError(f"the tab key never came to {name!r}")


@one_node
async def test_anna_changes_her_password_and_is_signed_out_everywhere_else(gate, person):
    anna, old_laptop = await person(), await person()
    await goes_to_account(anna, gate)
    await old_laptop.signs_in("anna@example.com")

    await anna.page.get_by_text("Change password").click()
    await anna.fills(current_password="not-this-one-1", new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD)
    await anna.page.get_by_role("button", name="Save new password").click()
    await anna.sees("That is not your current password")
    await expect(anna.page.get_by_label("Current password", exact=True)).to_be_focused()

    await anna.fills(current_password=PASSWORD, new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD)
    await anna.page.get_by_role("button", name="Save new password").click()
    await expect(anna.page.get_by_role("status").first).to_contain_text("Your password has been changed")
    await anna.sees("You changed your password")

    await old_laptop.opens("/mail/")
    await old_laptop.sees_step("login")
    await old_laptop.gives_password("anna@example.com", PASSWORD)
    await old_laptop.sees_step("login")
    await old_laptop.gives_password("anna@example.com", NEW_PASSWORD)
    await old_laptop.sees_mail_of("Anna")


@one_node
async def test_anna_replaces_her_authenticator_when_she_has_a_new_phone(gate, person):
    old_phone = await has_an_authenticator(gate, person)
    anna = await person()
    await goes_to_account(anna, gate, secret=old_phone)

    await anna.page.get_by_role("button", name="Replace Authenticator app").click()
    await expect(anna.page.get_by_role("heading", level=1)).to_contain_text("Replace")
    new_phone = await anna.reads_secret()
    assert new_phone != old_phone
    await anna.types_code("000000" if anna.code() != "000000" else "111111")
    await anna.sees("That code is not right")
    assert await anna.reads_secret() == new_phone

    meanwhile = await person()
    await goes_to_account(meanwhile, gate, secret=old_phone)

    await anna.fills(name="New phone")
    await anna.types_code(anna.code())
    await anna.sees("The authenticator has been replaced")
    await expect(anna.page.locator(".thing-name", has_text="New phone")).to_have_count(1)
    await expect(anna.page.locator(".thing-name", has_text="Authenticator app")).to_have_count(0)

    gate.clock.forward(60)
    later = await person()
    await later.signs_in("anna@example.com")
    later.secret = old_phone
    await later.types_code(later.code())
    await later.sees_step("login/code")
    later.secret = new_phone
    await later.types_code(later.code())
    await later.sees_mail_of("Anna")


async def test_anna_ends_her_session_on_another_browser(gate, person):
    anna, elsewhere = await person(), await person(user_agent=FIREFOX)
    await goes_to_account(anna, gate)
    await elsewhere.signs_in("anna@example.com")
    await elsewhere.sees_mail_of("Anna")

    await anna.page.reload()
    await anna.page.get_by_role("button", name="Sign out Firefox on Windows").click()
    question = anna.page.get_by_role("dialog")
    await expect(question.get_by_role("heading")).to_have_text("Sign out Firefox on Windows?")
    await question.get_by_role("button", name="Cancel").click()
    await expect(question).to_be_hidden()
    await elsewhere.opens("/mail/")
    await elsewhere.sees_mail_of("Anna")

    await anna.page.get_by_role("button", name="Sign out Firefox on Windows").click()
    await question.get_by_role("button", name="Sign out", exact=True).click()
    await expect(anna.page.get_by_role("status").first).to_contain_text("Firefox on Windows has been signed out")
    for _ in range(4):
        await elsewhere.opens("/mail/")
        await elsewhere.sees_step("login")
    await anna.page.reload()
    await expect(anna.page.locator(".thing-name", has_text="Firefox on Windows")).to_have_count(0)


@one_node
async def test_all_of_it_by_keyboard_alone(gate, person):
    secret = await has_an_authenticator(gate, person)
    anna, elsewhere = await person(), await person(user_agent=FIREFOX)
    await goes_to_account(elsewhere, gate, secret=secret)
    await goes_to_account(anna, gate, secret=secret)
    page = anna.page

    await presses(page, "Rename Authenticator app", "Space")
    await expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    await page.keyboard.type("Work phone")
    await page.keyboard.press("Enter")
    await anna.sees("The authenticator is called “Work phone” now")

    await presses(page, "Sign out Firefox on Windows")
    await expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog[open]")).to_have_count(0)
    await expect(page.get_by_role("button", name="Sign out Firefox on Windows")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await anna.sees("Firefox on Windows has been signed out")

    await presses(page, "Replace Work phone")
    await anna.reads_secret()
    await expect(page.get_by_label("Six-digit code")).to_be_visible()
    await presses_into(page, "code")
    async with page.expect_navigation():
        await page.keyboard.type(anna.code())
    await anna.sees("The authenticator has been replaced")

    await presses(page, "Change password", "Space")
    await presses_into(page, "current_password")
    await page.keyboard.type(PASSWORD)
    for name in ("new_password", "new_password_again"):
        await presses_into(page, name)
        await page.keyboard.type(NEW_PASSWORD)
    await page.keyboard.press("Enter")
    await anna.sees("Your password has been changed")


async def presses_into(page: Page, field: str) -> None:
    """Moves on with the tab key until the focus is in a field."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.name") == field:
            return
    raise AssertionError(f"the tab key never came to {field}")


@one_node
async def test_all_of_it_without_scripts(gate, person):
    secret = await has_an_authenticator(gate, person)
    anna = await person(java_script_enabled=False)
    elsewhere = await person(user_agent=FIREFOX)
    await goes_to_account(elsewhere, gate, secret=secret)
    await anna.signs_in("anna@example.com", at="/gatekeeper/account")
    anna.secret = secret
    gate.clock.forward(60)
    await anna.fills(code=anna.code())
    await anna.submits()
    page = anna.page

    await page.get_by_role("button", name="Sign out Firefox on Windows").click()
    await expect(page).to_have_url(re.compile(r"/account/sessions/[0-9a-f]+/end$"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign out Firefox on Windows?")
    await anna.submits()
    await anna.sees("Firefox on Windows has been signed out")
    await elsewhere.opens("/mail/")
    await elsewhere.sees_step("login")

    await page.get_by_role("button", name="Add another authenticator").click()
    await anna.reads_secret()
    await anna.fills(name="Tablet", code=anna.code())
    await anna.submits()
    await anna.sees("“Tablet” has been added.")
    await page.get_by_role("button", name="Remove Tablet").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Remove “Tablet”?")
    await anna.submits()
    await anna.sees("“Tablet” has been removed.")

    await page.get_by_role("button", name="Make new codes").click()
    await anna.submits()
    await expect(page.locator("[data-recovery-codes] li")).to_have_count(10)
    await page.locator("input[name=saved]").check()
    await anna.submits()
    await anna.sees("10 codes are left.")


@one_node
async def test_a_change_of_factors_an_hour_later_asks_for_the_password_and_goes_on(gate, person):
    secret = await has_an_authenticator(gate, person)
    anna = await person()
    await goes_to_account(anna, gate, secret=secret)
    gate.clock.forward(1_500)
    await anna.page.get_by_role("button", name="Add another authenticator").click()
    await anna.sees("Confirm that it is you")
    await anna.fills(current_password=PASSWORD)
    await anna.submits()
    await anna.reads_secret()
    await anna.fills(name="Tablet")
    await anna.types_code(anna.code())
    await anna.sees("“Tablet” has been added.")
