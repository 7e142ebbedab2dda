"""Codes, the three steps of an enrolment, and recovery codes."""

from __future__ import annotations

import asyncio
import re

import pytest

from gatekeeper.domain.model import Enrolment, TwoFactorMode
from gatekeeper.flows.two_factor import enrolment_code_digest
from tests.flows.world import PASSWORD, SECRET

LOGIN = "/gatekeeper/login"
CODE = f"{LOGIN}/code"
ENROL = f"{LOGIN}/enrol"
CODES = f"{LOGIN}/recovery-codes"


def codes_of(text: str) -> list[str]:
    return re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", text)


async def test_a_right_code_lets_in(world, browser):
    await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert form.title == "Enter your code"
    code = world.code()
    assert (await browser.send(CODE, form, code=f" {code[:3]}\u00a0{code[3:]} ")).location == "/mail"


async def test_one_mistyped_code_gets_the_code_page_again_with_the_tries_that_are_left(world, browser):
    await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    answer = await browser.send(CODE, form, code="000000")
    assert answer.status == 401
    assert answer.title == "Enter your code"
    assert "You have 4 tries left" in answer.text
    assert (await browser.send(CODE, answer, code=world.code())).location == "/mail"


async def test_after_the_last_try_signing_in_begins_anew(world, browser):
    await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    for number in range(4):
        assert (await browser.send(CODE, form, code=f"00000{number}")).status == 401
    answer = await browser.send(CODE, form, code="000009")
    assert answer.location == f"{LOGIN}?next=/mail"
    assert "Too many codes were wrong" in (await browser.follow(answer)).text
    assert (await browser.send(CODE, form, code=world.code())).location == f"{LOGIN}?next=/mail"


async def test_a_code_works_once(world, new_browser):
    await world.person(secret=SECRET)
    one, other = new_browser(), new_browser()
    form = await one.follow(await one.sign_in("anna", PASSWORD))
    assert (await one.send(CODE, form, code=world.code())).location == "/mail"
    form = await other.follow(await other.sign_in("anna", PASSWORD))
    assert (await other.send(CODE, form, code=world.code())).status == 401


async def test_of_fifty_parallel_submissions_of_one_code_one_succeeds(world, new_browser):
    await world.person(secret=SECRET)
    browsers = [new_browser() for _ in range(10)]
    forms = [await one.follow(await one.sign_in("anna", PASSWORD)) for one in browsers]
    pairs = list(zip(browsers, forms, strict=True)) * 5
    answers = await asyncio.gather(*(one.send(CODE, form, code=world.code()) for one, form in pairs))
    assert [answer.location for answer in answers].count("/mail") == 1
    assert sum("gatekeeper" in one.jar for one in browsers) == 1


async def test_fifty_clicks_in_one_tab_make_one_session(world, browser):
    user = await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    answers = await asyncio.gather(*(browser.send(CODE, form, code=world.code()) for _ in range(50)))
    assert [answer.location for answer in answers].count("/mail") == 1
    assert all(answer.status == 303 for answer in answers)
    assert len(await world.services.sessions.of_user(user.id)) == 1


async def test_enrolment_keeps_its_secret_over_reloads_wrong_codes_and_tabs(world, browser):
    user = await world.person()
    await world.two_factor()
    first = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert first.title == "Protect your account"
    assert "<svg" in first.text
    again = await browser.get(f"{ENROL}?next=/mail")
    wrong = await browser.send(ENROL, first, code="000000")
    assert wrong.status == 401
    assert first.secret == again.secret == wrong.secret
    assert not (await world.user(user.id)).facts.enrolled
    right = await browser.send(ENROL, wrong, code=world.code(first.secret))
    assert right.location == f"{CODES}?next=/mail"
    assert (await world.user(user.id)).facts.enrolled


async def test_two_tabs_that_open_the_enrolment_at_once_see_one_secret(world, browser):
    await world.person()
    await world.two_factor()
    await browser.sign_in("anna", PASSWORD)
    pages = await asyncio.gather(*(browser.get(ENROL) for _ in range(8)))
    assert len({page.secret for page in pages}) == 1


async def test_the_secret_dies_with_its_attempt(world, browser):
    await world.person()
    await world.two_factor()
    first = await browser.follow(await browser.sign_in("anna", PASSWORD))
    world.clock.advance(601)
    second = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert first.secret != second.secret
    assert (await browser.send(ENROL, second, code=world.code(first.secret))).status == 401


async def enrolled(world, browser):
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    return await browser.follow(await browser.send(ENROL, form, code=world.code(form.secret)))


async def test_recovery_codes_are_shown_until_the_box_is_ticked(world, browser):
    await world.person()
    await world.two_factor()
    page = await enrolled(world, browser)
    codes = codes_of(page.text)
    assert len(codes) == 10
    assert codes_of((await browser.get(CODES)).text) == codes
    unticked = await browser.send(CODES, page)
    assert unticked.status == 422
    assert codes_of(unticked.text) == codes
    assert "gatekeeper" not in browser.jar
    assert (await browser.send(CODES, page, saved="1")).location == "/mail"
    assert "gatekeeper" in browser.jar


async def test_who_leaves_before_ticking_is_shown_new_ones_and_the_old_ones_are_void(world, new_browser):
    await world.person()
    await world.two_factor()
    old = codes_of((await enrolled(world, new_browser())).text)
    world.clock.advance(60)
    browser = new_browser()
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert form.title == "Enter your code"
    recovered = await browser.send(CODE, form, code=old[0])
    page = await browser.follow(recovered)
    fresh = codes_of(page.text)
    assert page.title == "Save your recovery codes"
    assert not set(old) & set(fresh)
    await browser.send(CODES, page, saved="1")
    third = new_browser()
    form = await third.follow(await third.sign_in("anna", PASSWORD))
    assert (await third.send(CODE, form, code=old[1])).status == 401
    assert (await third.send(CODE, form, code=fresh[1])).location == "/mail"


async def test_a_recovery_code_works_once_however_it_is_spaced(world, new_browser):
    await world.person()
    await world.two_factor()
    browser = new_browser()
    page = await enrolled(world, browser)
    await browser.send(CODES, page, saved="1")
    code = codes_of(page.text)[3]
    for typed, works in ((f" {code.upper().replace('-', ' ')} ", True), (code, False)):
        other = new_browser()
        form = await other.follow(await other.sign_in("anna", PASSWORD))
        answer = await other.send(CODE, form, code=typed)
        assert (answer.location == "/mail") is works
    assert len(await world.log("recovery-code.used")) == 1


async def test_the_code_comes_before_an_expired_password(world, browser):
    await world.person(secret=SECRET)
    await world.password_policy(expiry_days=1)
    world.clock.advance(2 * 86_400)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert form.title == "Enter your code"
    assert (await browser.get(f"{LOGIN}/password")).location == CODE
    assert (await browser.send(CODE, form, code=world.code())).location == f"{LOGIN}/password?next=/mail"


async def test_an_enrolment_code_is_asked_for_where_the_policy_says_so(world, browser):
    user = await world.person()
    await world.two_factor(enrolment=Enrolment.WITH_CODE)
    async with world.services.database.transaction() as tables:
        await tables.users.set_enrolment_code(user.id, enrolment_code_digest("abcde-fghjk"), True)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    code = world.code(form.secret)
    assert 'name="enrolment_code"' in form.text
    for given, status in (("", 422), ("wrong-wrong", 401)):
        answer = await browser.send(ENROL, form, code=code, enrolment_code=given)
        assert answer.status == status
        assert answer.secret == form.secret
    answer = await browser.send(ENROL, form, code=code, enrolment_code=" ABCDE fghjk ")
    assert answer.location == f"{CODES}?next=/mail"


async def test_without_an_enrolment_code_from_the_administrator_none_is_right(world, browser):
    await world.person()
    await world.two_factor(enrolment=Enrolment.WITH_CODE)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    answer = await browser.send(ENROL, form, code=world.code(form.secret), enrolment_code="abcde-fghjk")
    assert answer.status == 401


async def test_people_whom_the_policy_does_not_reach_are_not_walked_through(world, browser):
    await world.person()
    await world.two_factor(mode=TwoFactorMode.SELECTED)
    assert (await browser.sign_in("anna", PASSWORD)).location == "/mail"


async def test_a_reset_sends_an_attempt_back_to_the_start(world, browser):
    user = await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    async with world.services.database.transaction() as tables:
        await tables.authenticators.remove_all(user.id)
        await tables.users.end_sessions_before(user.id, world.now + 2)
    assert (await browser.send(CODE, form, code=world.code())).location == f"{LOGIN}?next=/mail"
    assert "gatekeeper" not in browser.jar


async def test_two_browsers_that_enrol_at_once_leave_one_authenticator(world, new_browser):
    user = await world.person()
    await world.two_factor()
    browsers = [new_browser() for _ in range(4)]
    forms = [await one.follow(await one.sign_in("anna", PASSWORD)) for one in browsers]
    await asyncio.gather(
        *(one.send(ENROL, form, code=world.code(form.secret)) for one, form in zip(browsers, forms, strict=True))
    )
    assert len(await world.services.database.read.authenticators.of_user(user.id)) == 1


async def test_a_code_field_left_empty_is_asked_for_and_counts_as_no_failure(world, browser):
    await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    answer = await browser.send(CODE, form, code="  ")
    assert answer.status == 422
    assert "tries left" not in answer.text


@pytest.mark.parametrize("code", ["\u0660\u0661", "1" * 60_000, "\x00", "'; DROP TABLE users; --"])
async def test_odd_codes_are_wrong_and_no_more_than_that(world, browser, code):
    await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert (await browser.send(CODE, form, code=code)).status == 401


async def test_the_box_is_there_only_where_the_policy_allows_it_with_its_number(world, browser):
    await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert 'name="trust"' not in form.text
    await world.two_factor(trusted_devices_days=14)
    form = await browser.get(CODE)
    assert "on this device for 14 days" in form.text
    assert "checked" not in form.text
    await world.two_factor(trusted_devices_days=1)
    assert "on this device for 1 day<" in (await browser.get(CODE)).text


async def test_a_device_that_was_trusted_is_asked_for_no_code(world, browser, new_browser):
    await world.person(secret=SECRET)
    await world.two_factor(trusted_devices_days=30)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    wrong = await browser.send(CODE, form, code="000000", trust="1")
    assert re.search(r'name="trust"[^>]*checked', wrong.text)
    assert (await browser.send(CODE, wrong, code=world.code(), trust="1")).location == "/mail"
    del browser.jar["gatekeeper"]
    assert (await browser.sign_in("anna", PASSWORD)).location == "/mail"
    del browser.jar["gatekeeper"]
    assert (await browser.sign_in("anna", PASSWORD, "/vault/")).location == f"{CODE}?next=/vault/"
    other = new_browser()
    assert (await other.sign_in("anna", PASSWORD)).location == f"{CODE}?next=/mail"


async def test_a_box_that_the_policy_did_not_offer_does_nothing(world, browser):
    await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    await browser.send(CODE, form, code=world.code(), trust="1")
    await world.two_factor(trusted_devices_days=30)
    del browser.jar["gatekeeper"]
    assert (await browser.sign_in("anna", PASSWORD)).location == f"{CODE}?next=/mail"
