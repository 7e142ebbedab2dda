"""The jobs of *User permissions* in a real browser, as the product manager would walk through them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.e2e.gateway import Gate, open_gate
from tests.e2e.person import PASSWORD, Person

pytestmark = pytest.mark.browser

PAGE = "/gatekeeper/admin/users"


@pytest.fixture
async def gate(tmp_path, platform, database_url, redis_url, clock) -> AsyncIterator[Gate]:
    """One node: what a change does on others is proven elsewhere."""
    async with open_gate(tmp_path, platform=platform, database=database_url, redis=redis_url, clock=clock) as gate:
        yield gate


async def enrolled(gate: Gate, anna: Person) -> None:
    """Anna has an authenticator and reads her mail."""
    await gate.set_two_factor({"mode": "everyone", "except": [await gate.user_id("admin@example.com")]})
    await anna.signs_in("anna@example.com")
    await anna.enrols()
    await anna.sees_mail_of("Anna")


async def test_someone_who_lost_a_phone_is_found_and_reset(gate, person):
    anna, ada = await person(), await person()
    await enrolled(gate, anna)
    old = anna.secret
    await ada.signs_in("admin@example.com", at=PAGE)
    page = ada.page
    await page.get_by_label("Name, user name or address").fill("ann")
    row = page.locator("#people tr, #people li").filter(has_text="anna@example.com")
    await expect(page.get_by_text("marco@example.com")).to_have_count(0)
    await row.get_by_label(re.compile("Actions for Anna")).click()
    await row.get_by_role("link", name="Reset two-factor authentication").click()
    dialog = page.get_by_role("dialog", name=re.compile("Reset two-factor authentication of Anna"))
    await dialog.get_by_label("Reason").fill("Her phone was stolen")
    await dialog.get_by_role("button", name="Reset").click()
    await ada.sees("is reset. They enrol again at the next sign-in.")

    await anna.opens("/mail/")
    await anna.sees_step("login")
    await anna.gives_password("anna@example.com")
    await anna.sees_step("login/enrol")
    assert await anna.reads_secret() != old
    [entry] = (await gate.api("GET", "/audit?action=user.two-factor.reset"))["items"]
    assert entry["details"]["reason"] == "Her phone was stolen"


async def test_a_reset_needs_a_reason_and_works_by_keyboard_alone(gate, person):
    anna, ada = await person(), await person()
    await enrolled(gate, anna)
    await ada.signs_in("admin@example.com", at=PAGE)
    keyboard = ada.page.keyboard

    async def tabs_to(selector: str) -> None:
        for _ in range(80):
            await keyboard.press("Tab")
            if await ada.page.evaluate("(selector) => !!document.activeElement?.matches(selector)", selector):
                return
        raise AssertionError(f"Tab does not lead to {selector}")

    await tabs_to("summary[aria-label^='Actions for Anna']")
    await keyboard.press("Enter")
    await tabs_to("a[href$='/reset-two-factor']")
    await keyboard.press("Enter")
    reason = ada.page.get_by_role("dialog").get_by_label("Reason")
    await expect(reason).to_be_focused()
    await tabs_to("dialog button[type=submit]")
    async with ada.page.expect_navigation():
        await keyboard.press("Enter")
    await expect(ada.page.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    await expect(ada.page.get_by_label("Reason")).to_be_focused()
    await keyboard.type("Lost in a taxi")
    await tabs_to("main button[type=submit]")
    await keyboard.press("Enter")
    await ada.sees("is reset. They enrol again at the next sign-in.")


async def test_a_colleague_loses_a_permission_and_is_told_whom_to_ask(gate, person):
    marco_id = await gate.user_id("marco@example.com")
    await gate.api("PUT", f"/users/{marco_id}/permissions", {"permissions": ["policies.manage", "audit.read"]})
    marco, ada = await person(), await person(java_script_enabled=False)
    await marco.signs_in("marco@example.com", at="/gatekeeper/admin/passwords")
    menu = marco.page.get_by_role("navigation", name="Console")
    await expect(menu.get_by_role("link", name="Password management")).to_be_visible()

    await ada.signs_in("admin@example.com", at=f"{PAGE}/{marco_id}")
    await ada.page.get_by_role("button", name="Edit permissions").click()
    await ada.page.locator("input[name=permission][value='policies.manage']").uncheck()
    await ada.submits()
    await ada.sees("are saved.")

    await marco.page.reload()
    await marco.sees_step("login")  # the session that used the permission has ended with it
    await marco.gives_password("marco@example.com")
    await marco.sees("You may not open this")
    await marco.sees("Password management")
    await marco.sees("admin@example.com")
    await expect(menu.get_by_role("link", name="Password management")).to_have_count(0)
    await expect(menu.get_by_role("link", name="Audit log")).to_be_visible()


async def test_a_one_time_link_is_shown_once(gate, person):
    ada = await person()
    await ada.signs_in("admin@example.com", at=f"{PAGE}/{await gate.user_id('lucia@example.com')}")
    await ada.page.get_by_role("button", name="Make a one-time link").click()
    dialog = ada.page.get_by_role("dialog")
    await dialog.get_by_label("Reason").fill("Forgot it, and has no other address")
    await dialog.get_by_role("button", name="Make the link").click()
    shown = ada.page.get_by_text(re.compile(r"/gatekeeper/login/reset\?token="))
    link = (await shown.first.text_content() or "").strip()
    await ada.page.reload()
    await expect(shown).to_have_count(0)

    lucia = await person()
    await lucia.page.goto(link)
    await lucia.submits()
    await lucia.fills(new_password=f"{PASSWORD}-new", new_password_again=f"{PASSWORD}-new")
    await lucia.submits()
    await lucia.opens("/mail/")
    await lucia.sees_mail_of("Lucia")
