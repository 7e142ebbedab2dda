"""The jobs of *Password management* in a real browser, as the product manager would walk through them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from gatekeeper.domain.login import DAY
from tests.e2e.gateway import Gate, open_gate
from tests.e2e.person import PASSWORD, Person

pytestmark = pytest.mark.browser

PAGE = "/gatekeeper/admin/passwords"
RULES = f"form[action='{PAGE}/rules']"
TWO_STEP = f"form[action='{PAGE}/two-step']"


@pytest.fixture
async def gate(tmp_path, platform, database_url, redis_url, clock) -> AsyncIterator[Gate]:
    """One node: what a change does on others is proven elsewhere."""
    async with open_gate(tmp_path, platform=platform, database=database_url, redis=redis_url, clock=clock) as gate:
        yield gate


def listens(page: Page) -> list[str]:
    """What the browser's console says from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


async def tabs_to(page: Page, selector: str) -> None:
    """Presses Tab until the focus is there."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


async def must_enrol(gate: Gate, username: str) -> bool:
    user = await gate.api("GET", f"/users/{await gate.user_id(username)}")
    return bool(user["two_factor"]["required"])


async def test_passwords_are_made_to_expire_after_seeing_who_is_touched(gate, person):
    gate.clock.forward(100 * DAY)
    for username in ("admin@example.com", "lucia@example.com"):
        new = {"new_password": f"{PASSWORD}-new", "must_change": False}
        await gate.api("POST", f"/users/{await gate.user_id(username)}/password", new)
    ada = await person()
    said = listens(ada.page)
    await ada.signs_in("admin@example.com", f"{PASSWORD}-new", at=PAGE)
    form = ada.page.locator(RULES)
    await form.get_by_label("A new password every so many days").check()
    await form.get_by_label("Change it every").fill("90")
    await form.get_by_role("button", name="Review change").click()

    await ada.sees("Nothing has been changed yet.")
    await ada.sees("A new password every 90 days, with a warning 7 days before.")
    await ada.sees("2 people are affected")
    people = ada.page.get_by_role("table", name="The first of those affected")
    await expect(people).to_contain_text("Anna")
    await expect(people).to_contain_text("Marco")
    await expect(people).not_to_contain_text("Lucia")
    assert (await gate.api("GET", "/policies/password"))["expiry"] == {"mode": "never"}

    await ada.page.get_by_role("button", name="Apply").click()
    await ada.sees("Applied. A new password every 90 days")
    assert (await gate.api("GET", "/policies/password"))["expiry"] == {"mode": "every", "days": 90, "warn_days": 7}
    assert said == []
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.sees_step("login/password")


async def test_two_people_found_by_search_must_use_two_steps_all_by_keyboard(gate, person):
    ada: Person = await person()
    said = listens(ada.page)
    await ada.opens(PAGE)
    keyboard = ada.page.keyboard
    await expect(ada.page.locator("input[name=username]")).to_be_focused()
    await keyboard.type("admin@example.com")
    await tabs_to(ada.page, "input[name=password]")
    await keyboard.type(PASSWORD)
    await keyboard.press("Enter")
    await expect(ada.page).to_have_title(re.compile("Password management"))

    await tabs_to(ada.page, "#who-off")
    for _ in range(3):
        await keyboard.press("ArrowDown")
    await tabs_to(ada.page, "#selected-query")
    box, reach = ada.page.locator("#selected-query"), ada.page.locator("[data-reach=selected]")
    await expect(box).to_have_role("combobox")
    for name, count in (("anna", 1), ("marc", 2)):
        await keyboard.type(name)
        option = ada.page.get_by_role("option", name=re.compile(name, re.IGNORECASE))
        await expect(option).to_have_class(re.compile("is-active"))
        assert await box.get_attribute("aria-activedescendant") == await option.get_attribute("id")
        await keyboard.press("Enter")
        await expect(option).to_have_attribute("aria-selected", "true")
        await expect(reach).to_have_text(f"Applies to {count} of 4 people")
    await keyboard.press("Escape")
    await expect(ada.page.get_by_role("listbox")).to_have_count(0)
    await tabs_to(ada.page, f"{TWO_STEP} .policy-foot button")
    await keyboard.press("Enter")
    await ada.sees("2 people have no authenticator yet.")
    await tabs_to(ada.page, "main form button[type=submit]")
    await keyboard.press("Enter")
    await ada.sees("Only 2 people.")
    reached = [name for name in ("anna", "marco", "lucia", "admin") if await must_enrol(gate, f"{name}@example.com")]
    assert reached == ["anna", "marco"]
    assert said == []
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.sees_step("login/enrol")


async def test_everybody_but_three_must_use_two_steps_without_javascript(gate, person):
    ada = await person(java_script_enabled=False)
    await ada.signs_in("admin@example.com", at=PAGE)
    form = ada.page.locator(TWO_STEP)
    await form.get_by_label("Everyone except…").check()
    for number, name in enumerate(("Admin", "Lucia", "Marco"), start=1):
        await form.get_by_label("Leave out").fill(name.lower())
        await form.get_by_role("button", name="Search").locator("visible=true").click()
        await form.get_by_role("button", name=re.compile(f"Pick .*{name}")).click()
        await expect(form.locator("[data-reach=except]")).to_have_text(f"Applies to {4 - number} of 4 people")
    await form.get_by_role("button", name="Review change").click()
    await ada.sees("Everyone except 3 people.")
    await ada.sees("1 person has no authenticator yet.")
    await ada.page.get_by_role("button", name="Apply").click()
    await ada.sees("Two-step verification is changed.")
    assert await must_enrol(gate, "anna@example.com")
    assert not await must_enrol(gate, "lucia@example.com")


async def test_all_are_selected_then_some_excluded_and_back_brings_them_again(gate, person):
    ada = await person()
    said = listens(ada.page)
    await ada.signs_in("admin@example.com", at=PAGE)
    page, form = ada.page, ada.page.locator(TWO_STEP)
    await form.get_by_label("Only certain users").check()
    await form.get_by_role("button", name="Select all, then exclude").click()
    await expect(form.get_by_label("Everyone except…")).to_be_checked()
    await expect(form.get_by_role("combobox", name="Leave out")).to_be_focused()
    for name in ("admin", "lucia", "marco"):
        await page.keyboard.type(name)
        await form.get_by_role("option", name=re.compile(name, re.IGNORECASE)).click()
    await expect(form.locator("[data-reach=except]")).to_have_text("Applies to 1 of 4 people")
    await page.keyboard.press("Escape")
    await form.get_by_role("button", name=re.compile("Remove Marco")).click()
    await expect(form.locator("[data-reach=except]")).to_have_text("Applies to 2 of 4 people")
    await form.get_by_role("button", name="Review change").click()
    await ada.sees("2 people have no authenticator yet.")
    await page.go_back()
    await expect(form.locator("[data-picker=except] .chip")).to_have_count(2)
    await page.go_forward()
    await page.reload()
    await page.get_by_role("button", name="Apply").click()
    await ada.sees("Everyone except 2 people.")
    await page.get_by_role("link", name=re.compile("who must still set one up")).click()
    await ada.sees("Anna")
    assert said == []
