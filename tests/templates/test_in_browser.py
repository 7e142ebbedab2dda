"""What only a browser can tell of the pages: whether they fit, can be read, and what their scripts do."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import expect

from tests.templates.samples import CODES, LONG_URI, NAMES, SECRET

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

NARROW = {"width": 320, "height": 700}

UNREADABLE = """() => {
  const rgb = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    return text.startsWith("color(srgb") ? numbers.map((value, at) => (at < 3 ? value * 255 : value)) : numbers;
  };
  const light = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * light(r / 255) + 0.7152 * light(g / 255) + 0.0722 * light(b / 255);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility({ visibilityProperty: true })) continue;
    const [one, other] = [luminance(rgb(getComputedStyle(element).color)), luminance(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) found.push(`${element.outerHTML.slice(0, 80)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""

SMALLEST = """() => Math.min(...[...document.querySelectorAll("body, button, a[role=button], summary")]
  .map((one) => one.getBoundingClientRect())
  .filter((box) => box.width)
  .flatMap((box) => [box.width, box.height]))"""


async def test_all_text_can_be_read_and_nothing_breaks_the_policy(stage):
    async with stage.page("sign-in") as page:
        for name in NAMES:
            await page.goto(stage.address(name))
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                assert await page.evaluate(UNREADABLE) == [], (name, scheme)


async def test_nothing_is_wider_than_the_window_or_too_small_to_press(stage):
    async with stage.page("sign-in") as page:
        for name in NAMES:
            await page.goto(stage.address(name))
            for width in (1280, 640, 320):
                await page.set_viewport_size({"width": width, "height": 700})
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
            assert await page.evaluate(SMALLEST) >= 24, name


async def test_the_card_is_at_most_26_rem_wide_and_in_the_middle(stage):
    async with stage.page("enrol") as page:
        box = await page.locator("main").bounding_box()
        assert box["width"] == 26 * 16
        assert box["x"] == (1280 - 26 * 16) / 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_a_telephone_can_read_the_qr_code_from_the_screen(stage, scheme, width):
    async with stage.page("enrol", color_scheme=scheme, viewport={"width": width, "height": 700}) as page:
        box = await page.locator(".qr svg").bounding_box()
        assert box["width"] == box["height"] >= 200
        picture = Image.open(io.BytesIO(await page.screenshot(full_page=True))).convert("L")
        (found,) = zxingcpp.read_barcodes(np.asarray(picture))
        assert found.text == LONG_URI


async def test_the_qr_code_is_dark_on_white_with_a_margin_of_four_modules_in_the_dark(stage):
    async with stage.page("enrol", color_scheme="dark", viewport=NARROW) as page:
        shot = await page.locator(".qr svg").screenshot()
        pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("L"))
        modules = float((await page.locator(".qr svg").get_attribute("viewBox")).split()[2])
        margin = int(pixels.shape[0] / modules * 4) - 1
        assert (pixels[1:margin, 1:-1] == 255).all()
        assert (pixels[1:-1, 1:margin] == 255).all()
        assert pixels.min() < 32


async def test_the_sixth_digit_sends_the_code(stage):
    async with stage.page("code") as page:
        await expect(page.locator("#code")).to_be_focused()
        async with page.expect_navigation(url="**/landed"):
            await page.keyboard.type("012345")
        assert [form["code"] for form in stage.sent] == ["012345"]


@pytest.mark.parametrize("pasted", ["123 456", "123\u00a0456", " 123456 ", "123-456"])
async def test_a_code_may_be_pasted_with_spaces(stage, pasted):
    async with stage.page("enrol") as page:
        async with page.expect_navigation(url="**/landed"):
            await page.locator("#code").fill(pasted)
        assert len(stage.sent) == 1


async def test_a_recovery_code_is_not_sent_before_it_is_whole(stage):
    async with stage.page("code") as page:
        await page.get_by_text("Use a recovery code instead").click()
        await expect(page.get_by_label("Recovery code")).to_be_focused()
        await page.keyboard.type("234567")
        assert stage.sent == []
        await page.get_by_text("Use your authenticator app instead").click()
        await expect(page.get_by_label("Code from your authenticator app")).to_have_attribute("inputmode", "numeric")


async def test_the_code_waits_for_the_enrolment_code(stage):
    async with stage.page("enrol-with-code") as page:
        await page.locator("#code").press_sequentially("123456")
        assert stage.sent == []
        await page.locator("#enrolment_code").fill("abc")
        async with page.expect_navigation(url="**/landed"):
            await page.get_by_role("button", name="Turn on two-step verification").click()
        assert [(form["enrolment_code"], form["code"]) for form in stage.sent] == [("abc", "123456")]


async def test_a_button_shows_the_password_and_it_is_hidden_again_when_sent(stage):
    async with stage.page("sign-in") as page:
        field = page.locator("#password")
        await field.fill("secret")
        await page.get_by_role("button", name="Show password").click()
        await expect(field).to_have_attribute("type", "text")
        await expect(field).to_be_focused()
        await page.get_by_role("button", name="Hide password").click()
        await expect(field).to_have_attribute("type", "password")
        await page.locator("#username").fill("anna")
        async with page.expect_navigation(url="**/landed"):
            await field.press("Enter")
        assert stage.sent[0].items() >= {"username": "anna", "password": "secret", "next": "/mail/?folder=a&b"}.items()


async def test_the_rules_tick_themselves_and_the_meter_says_why(stage):
    async with stage.page("password") as page:
        met = page.locator(".rules .met")
        status = page.get_by_role("status")
        field = page.locator("#new_password")
        await field.press_sequentially("Abc")
        await expect(met).to_have_count(1)
        await field.press_sequentially("defg1")
        await expect(met).to_have_count(3)
        await expect(status).to_contain_text("Rows such as 1234")
        await page.locator("#new_password").fill("Éclair-au-café-9-lundi")
        await expect(met).to_have_count(4)
        await expect(status).to_contain_text("Strong.")
        await page.locator("#new_password").fill("anna-Rossi-1")
        await expect(status).to_contain_text("your name")
        await page.locator("#new_password").fill("")
        await expect(met).to_have_count(0)
        await expect(page.locator(".strength")).to_be_hidden()


async def test_the_key_is_copied_without_its_spaces(stage):
    async with stage.page("enrol", permissions=["clipboard-read", "clipboard-write"]) as page:
        await page.get_by_role("button", name="Copy").click()
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == SECRET


async def test_the_recovery_codes_are_copied_and_downloaded_line_by_line(stage):
    async with stage.page("recovery-codes", permissions=["clipboard-read", "clipboard-write"]) as page:
        await page.get_by_role("button", name="Copy").click()
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert (await page.evaluate("navigator.clipboard.readText()")).split("\n") == CODES
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download").click()
        download = await downloading.value
        assert download.suggested_filename == "recovery-codes.txt"
        text = Path(await download.path()).read_text()
        assert "anna@example.com" in text
        assert set(CODES) <= set(text.splitlines())


async def test_on_paper_the_codes_stand_and_the_form_does_not(stage):
    async with stage.page("recovery-codes") as page:
        await page.emulate_media(media="print")
        await expect(page.locator("[data-recovery-codes]")).to_be_visible()
        await expect(page.locator("main form")).to_be_hidden()


async def test_the_fragment_goes_along_with_the_form(stage):
    async with stage.page("sign-in", "#/message/9") as page:
        await expect(page.locator("#username")).to_be_focused()
        await page.locator("#username").fill("anna")
        async with page.expect_navigation():
            await page.locator("#username").press("Enter")
        assert page.url.endswith("/landed#/message/9")


async def test_times_are_the_readers_own(stage):
    async with stage.page("account") as page:
        seen = page.locator("time[data-shows=moment]").first
        await expect(seen).to_have_text("24 Nov 2026, 02:26")
        assert "02:26:40" in await seen.get_attribute("title")
        await expect(page.locator("time[data-shows=day]").first).to_have_text("26 October 2026")


async def test_the_focus_is_seen_on_everything_that_takes_it(stage):
    async with stage.page("sign-in") as page:
        for _ in range(4):
            await page.keyboard.press("Tab")
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"


async def test_nothing_moves_for_who_wants_nothing_to_move(stage):
    async with stage.page("sign-in", reduced_motion="reduce") as page:
        assert await page.evaluate(
            "[...document.querySelectorAll('*')].every((one) => getComputedStyle(one).transitionDuration === '0s')"
        )


async def test_without_scripts_only_what_works_is_shown(stage):
    async with stage.page("password", java_script_enabled=False) as page:
        for name in NAMES:
            await page.goto(stage.address(name))
            await expect(page.locator("main button[type=button]:visible")).to_have_count(0)
        await page.goto(stage.address("code"))
        assert "recovery=1" in await page.get_by_text("Use a recovery code instead").get_attribute("href")


async def test_sending_again_is_a_reload(stage):
    async with stage.page("resend") as page:
        async with page.expect_navigation():
            await page.get_by_role("button", name="Send again").click()
        assert page.url == stage.address("resend")
