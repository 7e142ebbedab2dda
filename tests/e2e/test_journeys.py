"""The main job in a real browser: what a product manager would walk through before shipping."""

from __future__ import annotations

import io

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import expect

from gatekeeper.domain.login import DAY
from tests.e2e.person import PASSWORD

pytestmark = pytest.mark.browser


async def test_anna_signs_in_and_sees_her_mail(gate, person):
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.sees_mail_of("Anna")


async def test_the_session_lies_in_redis_and_the_platform_learns_who_asks(gate, person):
    anna = await person()
    await anna.signs_in("anna@example.com", at="/mail/whoami")
    await anna.sees("anna@example.com")
    sessions = await gate.api("GET", f"/users/{await gate.user_id('anna@example.com')}/sessions")
    assert len(sessions["items"]) == 1


async def test_a_wrong_password_and_an_unknown_name_read_the_same(gate, person):
    texts = []
    for name in ("anna@example.com", "nobody@example.com"):
        visitor = await person()
        await visitor.signs_in(name, "not-this-one-1")
        await visitor.sees_step("login")
        assert await visitor.page.locator("input[name=username]").input_value() == name
        assert await visitor.page.locator("input[name=password]").input_value() == ""
        texts.append(await visitor.page.locator("[role=alert]").first.inner_text())
    assert texts[0] == texts[1] != ""


async def test_two_step_verification_reaches_people_who_are_signed_in(gate, person):
    anna, marco, lucia = await person(), await person(), await person()
    await anna.signs_in("anna@example.com")
    await anna.sees_mail_of("Anna")
    await marco.signs_in("marco@example.com")
    await lucia.signs_in("lucia@example.com")

    await gate.set_two_factor({"mode": "everyone", "except": [await gate.user_id("lucia@example.com")]})

    await anna.opens("/mail/?folder=inbox")
    await anna.sees_step("login/enrol")
    secret = await anna.reads_secret()
    await anna.types_code("000000" if anna.code() != "000000" else "111111")
    await anna.sees_step("login/enrol")
    await expect(anna.page.locator("#totp-secret")).to_be_visible()
    assert await anna.page.locator("[role=alert]").first.inner_text()
    assert await anna.reads_secret() == secret
    await anna.types_code(anna.code())
    await anna.saves_recovery_codes()
    assert len(anna.recovery_codes) == 10
    await expect(anna.page).to_have_url(gate.base + "/mail/?folder=inbox")

    gate.clock.forward(60)
    other = await person()
    other.secret = anna.secret
    await other.signs_in("anna@example.com")
    await other.sees_step("login/code")
    await other.types_code(other.code())
    await other.sees_mail_of("Anna")

    await marco.opens("/mail/")
    await marco.enrols()
    await marco.sees_mail_of("Marco")

    await lucia.opens("/mail/")
    await lucia.sees_mail_of("Lucia")


async def test_a_reset_ends_the_sessions_and_kills_the_old_secret(gate, person):
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.enrols()
    old_secret = anna.secret

    anna_id = await gate.user_id("anna@example.com")
    await gate.api("POST", f"/users/{anna_id}/reset-two-factor", {"reason": "lost her phone"})

    await anna.opens("/mail/")
    await anna.sees_step("login")
    gate.clock.forward(60)
    await anna.gives_password("anna@example.com")
    await anna.sees_step("login/enrol")
    assert await anna.reads_secret() != old_secret
    right = anna.code()
    anna.secret = old_secret
    if anna.code() != right:
        await anna.types_code(anna.code())
        await anna.sees_step("login/enrol")
    entries = await gate.api("GET", f"/audit?user={anna_id}")
    assert any(entry["details"].get("reason") == "lost her phone" for entry in entries["items"])


async def test_the_qr_picture_itself_enrols(gate, person):
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person(color_scheme="dark", viewport={"width": 390, "height": 844})
    await anna.signs_in("anna@example.com")
    await anna.sees_step("login/enrol")
    picture = Image.open(io.BytesIO(await anna.page.screenshot(full_page=True))).convert("L")
    results = zxingcpp.read_barcodes(np.asarray(picture))
    assert len(results) == 1
    uri = results[0].text
    assert uri.startswith("otpauth://totp/")
    anna.secret = uri.split("secret=")[1].split("&")[0]
    await anna.types_code(anna.code())
    await anna.saves_recovery_codes()
    await anna.sees_mail_of("Anna")


async def test_a_recovery_code_opens_once(gate, person):
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.enrols()
    code = anna.recovery_codes[0]

    first = await person()
    await first.signs_in("anna@example.com")
    await first.gives_recovery_code(code)
    await first.sees_mail_of("Anna")

    second = await person()
    await second.signs_in("anna@example.com")
    await second.gives_recovery_code(code)
    await second.sees_step("login/code")


async def test_who_leaves_before_saving_the_recovery_codes_is_shown_new_ones(gate, person):
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.reads_secret()
    await anna.types_code(anna.code())
    await anna.sees_step("login/recovery-codes")

    gate.clock.forward(60)
    again = await person()
    again.secret = anna.secret
    await again.signs_in("anna@example.com")
    await again.types_code(again.code())
    await again.saves_recovery_codes()
    await again.sees_mail_of("Anna")


async def test_an_expired_password_is_changed_after_the_code_and_leads_on(gate, person):
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.enrols()
    await gate.set_password_policy(
        {"expiry": {"mode": "every", "days": 90}, "reuse": {"forbid_last": 3}, "strength": "advanced"}
    )
    gate.clock.forward(91 * DAY)

    later = await person()
    later.secret = anna.secret
    await later.signs_in("anna@example.com", at="/mail/?folder=sent")
    await later.sees_step("login/code")
    await later.types_code(later.code())
    await later.sees_step("login/password")

    async def tries(password: str) -> str:
        await later.fills(new_password=password, new_password_again=password)
        await later.submits()
        await later.sees_step("login/password")
        return await later.page.locator("main").inner_text()

    assert "before" in await tries(PASSWORD)
    for weak, words in (
        ("Kwvz-7", "too short"),
        ("kwvzqhf-7", "uppercase letter"),
        ("Kwvzqhf-x", "a digit"),
        ("Kwvzqhf77", "special character"),
    ):
        assert words in await tries(weak)

    await later.fills(new_password="A-quite-new-1", new_password_again="A-quite-new-1")
    await later.submits()
    await expect(later.page).to_have_url(gate.base + "/mail/?folder=sent")


async def test_raising_the_level_previews_exactly_those_who_fall_short(gate):
    await gate.add_user("short@example.com", password="kwvzqhfb")
    await gate.add_user("medium@example.com", password="Kwvzqhf7")
    preview = await gate.api(
        "POST",
        "/policies/password/preview",
        {"expiry": {"mode": "never"}, "reuse": {"forbid_last": 0}, "strength": "advanced"},
    )
    assert {item["user"]["username"] for item in preview["items"]} == {"short@example.com", "medium@example.com"}
    assert preview["affected"] == 2


async def test_a_demanded_change_reaches_a_signed_in_person(gate, person):
    anna = await person()
    await anna.signs_in("anna@example.com")
    await gate.api("POST", f"/users/{await gate.user_id('anna@example.com')}/require-password-change")
    await anna.opens("/mail/")
    await anna.sees_step("login/password")
    await anna.fills(current_password=PASSWORD, new_password="A-quite-new-1", new_password_again="A-quite-new-1")
    await anna.submits()
    await anna.sees_mail_of("Anna")


async def test_the_fragment_survives_password_and_code(gate, person):
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.enrols()
    gate.clock.forward(60)
    again = await person()
    again.secret = anna.secret
    await again.signs_in("anna@example.com", at="/mail/#/message/9")
    await again.types_code(again.code())
    await expect(again.page).to_have_url(gate.base + "/mail/#/message/9")


async def test_several_tabs_whichever_finishes_first_signs_in(gate, person):
    first = await person()
    await first.opens("/mail/?tab=1")
    second = await person(context=first.page.context)
    await second.opens("/mail/?tab=2")
    await first.gives_password("anna@example.com")
    await first.sees_mail_of("Anna")
    await second.gives_password("anna@example.com")
    await expect(second.page).to_have_url(gate.base + "/mail/?tab=2")


async def test_a_page_left_open_overnight_comes_back_with_a_sentence(gate, person):
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.sees_step("login/enrol")
    await anna.reads_secret()
    gate.clock.forward(DAY)
    await anna.types_code(anna.code())
    await anna.sees_step("login")
    assert await anna.page.locator("main").inner_text()
    await anna.gives_password("anna@example.com")
    await anna.enrols()
    await anna.sees_mail_of("Anna")


async def test_back_after_sign_out_shows_no_signed_in_page(gate, person):
    anna = await person()
    await anna.signs_in("anna@example.com")
    await anna.opens("/gatekeeper/logout")
    await anna.submits()
    await anna.page.go_back()
    await anna.page.go_back()
    await anna.opens("/mail/")
    await anna.sees_step("login")


async def test_everything_works_without_scripts(gate, person):
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person(java_script_enabled=False)
    await anna.signs_in("anna@example.com")
    await anna.reads_secret()
    await anna.page.locator("input[name=code]").fill(anna.code())
    await anna.submits()
    await anna.saves_recovery_codes()
    await anna.sees_mail_of("Anna")
