"""The webmail's script in Chromium: new mail appears by itself, and an ended session is said with a way back."""

from __future__ import annotations

import json

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, Route, async_playwright

from gatekeeper.demo import create_app
from tests.chromium import CHROMIUM, FLAGS

pytestmark = pytest.mark.browser
ANNA = {"X-Forwarded-User": "anna@example.com", "X-Forwarded-Name": "Anna Bianchi"}


@pytest.fixture
async def page():
    async with TestServer(create_app("/gatekeeper/logout")) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(base_url=str(server.make_url("")), extra_http_headers=ANNA)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        yield page
        await browser.close()
    assert faults == []


async def opened(page: Page) -> Page:
    await page.goto("/mail/")
    await page.wait_for_selector(".live.on")
    return page


async def test_new_mail_appears_by_itself(page, monkeypatch):
    monkeypatch.setattr("gatekeeper.demo.live.SURPRISE_AFTER", 0.0)
    await opened(page)
    await page.wait_for_selector(".row.new:has-text('Photos from Sunday')")
    await page.wait_for_selector("[data-unread]:text-is('4')")


async def test_a_star_survives_a_reload(page):
    await opened(page)
    star = page.locator(".row .star").nth(2)
    async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await star.click()
    await page.reload()
    assert await star.get_attribute("aria-pressed") == "true"


async def test_a_file_is_uploaded_as_it_is_chosen_and_sent_with_the_form(page):
    await page.goto("/mail/compose")
    file = {"name": "plan für Juli.txt", "mimeType": "text/plain", "buffer": b"plan"}
    await page.set_input_files("input[type=file]", files=[file])
    await page.wait_for_selector("#kept input[name=attachment]", state="attached")
    await page.fill("[name=to]", "lucia@example.com")
    await page.click(".foot .primary")
    await page.wait_for_selector(".toast:has-text('Message sent.')")
    await page.goto("/mail/folders/sent")
    await page.locator(".row a").first.click()
    async with page.expect_download() as download:
        await page.click(".file")
    assert (await download.value).suggested_filename == "plan für Juli.txt"


async def test_a_session_that_ended_is_said_with_a_way_to_sign_in(page):
    async def refuse(route: Route) -> None:
        problem = {"status": 401, "detail": "Your session has ended.", "login_url": "/gatekeeper/login?next=/mail/"}
        await route.fulfill(status=401, content_type="application/problem+json", body=json.dumps(problem))

    await opened(page)
    await page.route("**/mail/api/**", refuse)
    star = page.locator(".row .star").first
    before = await star.get_attribute("aria-pressed")
    await star.click()
    offer = page.locator("#sign-in-again")
    assert await offer.locator("span").text_content() == "Your session has ended."
    assert await offer.locator("a").get_attribute("href") == "/gatekeeper/login?next=/mail/"
    await page.wait_for_selector(f".row:first-child .star[aria-pressed={before}]")


async def test_nothing_sticks_out_sideways(page):
    await opened(page)
    message = await page.locator(".row a").first.get_attribute("href")
    for path in ("/mail/", "/mail/compose", message):
        await page.goto(path)
        for width in (320, 390, 768, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} at {width}"
