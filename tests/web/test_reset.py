"""The page behind a one-time link: opening it uses nothing up, its form does, and it leads to a new password."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.domain.login import DAY
from gatekeeper.flows import links
from gatekeeper.flows.acting import command_line
from gatekeeper.flows.two_factor import recovery_digest
from tests.flows.world import OTHER, PASSWORD, SECRET

LOGIN = "/gatekeeper/login"
RESET = f"{LOGIN}/reset"
CODE = f"{LOGIN}/code"
CHANGE = f"{LOGIN}/password"
NEW = {"new_password": OTHER, "new_password_again": OTHER}


async def link_of(world, user) -> str:
    link = await links.create(world.services, command_line(), user.id, "forgot it", world.now)
    return link.removeprefix("http://127.0.0.1:8080")


async def go_on(browser, link: str):
    form = await browser.get(link)
    return await browser.send(RESET, form, token=form.value("token"))


async def test_a_link_leads_to_a_new_password_and_in(world, browser, new_browser):
    user = await world.person()
    form = await browser.follow(await go_on(browser, await link_of(world, user)))
    assert form.title == "Choose a new password"
    assert 'name="current_password"' not in form.text
    assert "Not you?" not in form.text
    assert "gatekeeper" not in browser.jar
    assert (await browser.send(CHANGE, form, **NEW)).location == "/"
    assert "gatekeeper" in browser.jar
    assert (await new_browser().sign_in("anna", PASSWORD)).status == 401
    assert (await new_browser().sign_in("anna", OTHER)).location == "/mail"


async def test_opening_it_ten_times_uses_nothing_up(world, new_browser):
    link = await link_of(world, await world.person())
    for _ in range(10):
        page = await new_browser().get(link)
        assert (page.status, page.title) == (200, "Choose a new password")
    assert (await go_on(new_browser(), link)).status == 303


async def test_a_used_an_expired_and_no_link_read_the_same(world, new_browser):
    user = await world.person()
    used = await link_of(world, user)
    await go_on(new_browser(), used)
    late = await link_of(world, user)
    world.clock.advance(links.LIFETIME)
    pages = [await new_browser().get(link) for link in (used, late, f"{RESET}?token=rubbish", RESET)]
    assert {(page.status, page.title) for page in pages} == {(410, "This link no longer works")}
    browser = new_browser()
    form = await browser.get(LOGIN)
    again = await browser.send(RESET, form, token=used.partition("=")[2])
    assert (again.status, again.title) == (410, "This link no longer works")
    assert "gatekeeper" not in browser.jar


async def test_a_double_click_uses_the_link_once_and_loses_nobody(world, browser):
    user = await world.person()
    form = await browser.get(await link_of(world, user))
    answers = await asyncio.gather(*(browser.send(RESET, form, token=form.value("token")) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [303, 410, 410, 410, 410]


async def test_with_an_authenticator_the_code_comes_first_and_no_box_offers_trust(world, browser):
    await world.two_factor(trusted_devices_days=30)
    user = await world.person(secret=SECRET)
    form = await browser.follow(await go_on(browser, await link_of(world, user)))
    assert form.title == "Enter your code"
    assert 'name="trust"' not in form.text
    assert (await browser.get(CHANGE)).location == CODE
    assert (await browser.send(CHANGE, form, **NEW)).location == CODE
    assert (await browser.send(CODE, form, code="000000")).status == 401
    form = await browser.follow(await browser.send(CODE, form, code=world.code(), trust="1"))
    assert form.title == "Choose a new password"
    assert (await browser.send(CHANGE, form, **NEW)).location == "/"
    assert await world.log("device.trusted") == []


async def test_a_recovery_code_stands_in_for_a_lost_telephone(world, browser):
    user = await world.person(secret=SECRET)
    async with world.services.database.transaction() as tables:
        await tables.recovery_codes.replace(user.id, [recovery_digest(user.id, "abcde-fghjk")])
        await tables.recovery_codes.confirm(user.id)
    form = await browser.follow(await go_on(browser, await link_of(world, user)))
    assert (await browser.send(CODE, form, code="abcde-fghjk")).location == CHANGE


async def test_half_way_by_a_link_opens_nothing_else(world, browser):
    user = await world.person()
    await go_on(browser, await link_of(world, user))
    for address in ("/gatekeeper/account", f"{LOGIN}/enrol", f"{LOGIN}/notice", f"{LOGIN}/recovery-codes"):
        answer = await browser.get(address)
        assert answer.status in {302, 303}
        assert "gatekeeper" not in browser.jar


async def test_the_new_password_is_owed_although_none_was_due(world, browser):
    user = await world.person()
    form = await browser.follow(await go_on(browser, await link_of(world, user)))
    assert (await browser.send(CHANGE, form, choice="later")).status == 422
    assert "gatekeeper" not in browser.jar


async def test_the_address_of_the_page_is_told_to_nobody_and_its_form_holds_the_token(world, browser):
    page = await browser.get(await link_of(world, await world.person()))
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert '<meta name="referrer" content="strict-origin">' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert 'action="/gatekeeper/login/reset"' in page.text
    assert len(page.value("token")) == 43


async def test_a_form_of_another_site_or_browser_uses_nothing_up(world, new_browser):
    link = await link_of(world, await world.person())
    one, other = new_browser(), new_browser()
    form = await one.get(link)
    token = form.value("token")
    assert (await other.send(RESET, form, token=token)).status == 403
    forged = await one.post(
        RESET,
        {"csrf_token": form.token, "token": token},
        **{"Sec-Fetch-Site": "cross-site", "Origin": "https://x.test"},
    )
    assert (forged.status, forged.value("token")) == (403, token)
    assert (await go_on(other, link)).status == 303


async def test_somebody_who_is_signed_in_elsewhere_is_signed_out_there_when_the_password_is_new(world, new_browser):
    user = await world.person()
    elsewhere, here = new_browser(), new_browser()
    await elsewhere.sign_in("anna", PASSWORD)
    form = await here.follow(await go_on(here, await link_of(world, user)))
    assert (await elsewhere.get(f"{LOGIN}?next=/mail")).location == "/mail"
    await here.send(CHANGE, form, **NEW)
    assert (await elsewhere.get(f"{LOGIN}?next=/mail")).title == "Sign in"


async def test_whoever_is_signed_in_with_the_link_in_the_same_browser_goes_on_in_it(world, browser):
    user = await world.person()
    await browser.sign_in("anna", PASSWORD)
    before = browser.jar["gatekeeper"]
    form = await browser.follow(await go_on(browser, await link_of(world, user)))
    assert (await browser.send(CHANGE, form, **NEW)).location == "/"
    assert browser.jar["gatekeeper"] != before
    assert (await browser.get(f"{LOGIN}?next=/mail")).location == "/mail"


async def test_an_expired_password_is_no_reason_against_a_link(world, browser):
    user = await world.person()
    await world.password_policy(expiry_days=1)
    world.clock.advance(2 * DAY)
    form = await browser.follow(await go_on(browser, await link_of(world, user)))
    assert "to get back in" in form.text
    assert (await browser.send(CHANGE, form, **NEW)).location == "/"


@pytest.mark.parametrize("token", ["%00", "%ED%A0%80", "a" * 5_000, "%F0%9F%98%80"])
async def test_whatever_stands_in_the_place_of_a_token_is_no_fault(world, browser, token):
    assert (await browser.get(f"{RESET}?token={token}")).status == 410
