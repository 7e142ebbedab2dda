"""Signing out: durable, asked for by a button, and clearing what the browser kept."""

from __future__ import annotations

import pytest

from tests.flows.world import PASSWORD, SECRET

LOGOUT = "/gatekeeper/logout"
LOGIN = "/gatekeeper/login"


async def test_the_button_ends_the_session_for_good(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    old = dict(browser.jar)
    form = await browser.get(LOGOUT)
    assert form.title == "Sign out?"
    answer = await browser.send(LOGOUT, form)
    assert (answer.status, answer.location) == (303, LOGOUT)
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert "gatekeeper" not in browser.jar
    assert (await browser.get(LOGOUT)).title == "You are signed out"
    browser.jar = old
    assert (await browser.get(LOGIN)).title == "Sign in"
    endings = await world.services.database.read.endings.since(0)
    assert len(endings) == 1
    assert len(await world.log("session.ended")) == 1


async def test_the_cookie_is_taken_back_with_the_attributes_it_was_given_with(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    answer = await browser.send(LOGOUT, await browser.get(LOGOUT))
    lines = [line for line in answer.headers.getall("Set-Cookie") if line.startswith("gatekeeper=")]
    assert len(lines) == 1
    assert "Path=/" in lines[0]
    assert "Max-Age=0" in lines[0]


async def test_looking_at_the_page_ends_nothing(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    await browser.get(LOGOUT)
    assert (await browser.get(f"{LOGIN}?next=/mail")).location == "/mail"


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_another_site_signs_nobody_out(world, browser, headers):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    token = (await browser.get(LOGOUT)).token if headers else "wrong"
    answer = await browser.post(LOGOUT, {"csrf_token": token}, **headers)
    assert answer.status == 403
    assert answer.title == "Sign out?"
    assert (await browser.get(f"{LOGIN}?next=/mail")).location == "/mail"


async def test_signing_out_twice_is_no_error(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    form = await browser.get(LOGOUT)
    await browser.send(LOGOUT, form)
    assert (await browser.send(LOGOUT, form)).status == 303


async def test_signing_out_ends_an_attempt_too(world, browser):
    await world.person(secret=SECRET)
    await browser.sign_in("anna", PASSWORD)
    old = dict(browser.jar)
    await browser.post(LOGOUT, {})
    browser.jar = old
    assert (await browser.get(f"{LOGIN}/code")).location == LOGIN


async def test_a_session_that_owes_something_may_sign_out(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    await world.two_factor()
    form = await browser.get(LOGOUT)
    assert form.title == "Sign out?"
    assert (await browser.send(LOGOUT, form)).status == 303


async def test_an_attempt_that_took_over_a_session_ends_with_it(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    await world.two_factor()
    form = await browser.follow(await browser.get(LOGIN))
    assert form.title == "Protect your account"
    tab = dict(browser.jar)
    await browser.send(LOGOUT, await browser.get(LOGOUT))
    browser.jar = {"gatekeeper-login": tab["gatekeeper-login"]}
    assert (await browser.get(f"{LOGIN}/enrol")).location == LOGIN
