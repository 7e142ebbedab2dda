"""Name and password, and everything that can be odd about the page that asks for them."""

from __future__ import annotations

from tests.flows.world import OTHER, PASSWORD


async def test_a_right_password_leads_to_where_the_person_wanted_to_go(world, browser):
    await world.person()
    answer = await browser.sign_in("anna", PASSWORD, "/mail?a=1&b=2#/client/9")
    assert (answer.status, answer.location) == (303, "/mail?a=1&b=2#/client/9")
    assert browser.jar["gatekeeper"]


async def test_a_wrong_password_gets_the_form_again_with_the_name_and_without_the_password(world, browser):
    await world.person()
    answer = await browser.sign_in("anna", OTHER)
    assert answer.status == 401
    assert answer.value("username") == "anna"
    assert "do not go together" in answer.text
    assert OTHER not in answer.text
    assert "gatekeeper" not in browser.jar
