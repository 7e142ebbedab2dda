"""Signing in with JavaScript off: what scripts make nicer works without them."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.gateway import open_gate
from tests.e2e.person import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("gate", [open_gate], indirect=True, ids=["one-node"])]


async def test_a_phone_is_enrolled_used_and_lost(gate, person):
    await gate.set_two_factor({"mode": "everyone"})
    anna = await person(java_script_enabled=False)
    await anna.signs_in("anna@example.com")
    await anna.reads_secret()
    await anna.gives_recovery_code("000000")  # nothing is sent by itself: the code is filled in, the button pressed
    await expect(anna.page.locator("[role=alert]")).to_be_visible()
    await anna.gives_recovery_code(anna.code())
    await expect(anna.page.locator("button[data-copies]")).to_be_hidden()
    await anna.saves_recovery_codes()
    await anna.sees_mail_of("Anna")

    await anna.opens("/gatekeeper/logout")
    await anna.submits()
    gate.clock.forward(60)
    await anna.signs_in("anna@example.com")
    await anna.gives_recovery_code(anna.code())
    await anna.sees_mail_of("Anna")

    await anna.opens("/gatekeeper/logout")
    await anna.submits()
    await anna.signs_in("anna@example.com")
    await anna.page.locator("[data-switch-to=recovery]").click()
    await expect(anna.page.locator("input[name=code]")).to_have_attribute("autocomplete", "off")
    await anna.gives_recovery_code(anna.recovery_codes[0])
    await anna.sees_mail_of("Anna")


async def test_a_mandatory_change_of_password(gate, person):
    await gate.api("POST", f"/users/{await gate.user_id('anna@example.com')}/require-password-change")
    anna = await person(java_script_enabled=False)
    await anna.signs_in("anna@example.com", PASSWORD)
    await anna.fills(new_password="short", new_password_again="short")
    await anna.submits()
    await anna.sees("too short")
    await anna.fills(new_password="Quite-another-1", new_password_again="Quite-another-1")
    await anna.submits()
    await expect(anna.page).to_have_url(re.compile("/mail/"))
