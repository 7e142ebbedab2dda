"""One's own page, and the change of one's own password on it."""

from __future__ import annotations

import pytest

from gatekeeper.domain.errors import Unavailable
from gatekeeper.domain.model import Permission
from tests.flows.world import DAY, OTHER, PASSWORD

ACCOUNT = "/gatekeeper/account"
LOGIN = "/gatekeeper/login"


def typed(current: str = PASSWORD, new: str = OTHER, again: str | None = None) -> dict[str, str]:
    return {"current_password": current, "new_password": new, "new_password_again": new if again is None else again}


async def test_it_opens_to_nobody_else(browser):
    answer = await browser.get(ACCOUNT)
    assert (answer.status, answer.location) == (303, f"{LOGIN}?next={ACCOUNT}")


@pytest.mark.parametrize("address", ["/gatekeeper", "/gatekeeper/", "/.well-known/change-password"])
async def test_shorter_addresses_lead_to_it(browser, address):
    answer = await browser.get(address)
    assert (answer.status, answer.location) == (303, ACCOUNT)


async def test_it_opens_to_nobody_who_owes_a_step(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    await world.two_factor()
    assert (await browser.get(ACCOUNT)).location == f"{LOGIN}?next={ACCOUNT}"


async def test_it_says_who_is_signed_in_and_where(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    page = await browser.get(ACCOUNT)
    assert page.status == 200
    assert "Anna" in page.text
    assert "this one" in page.text


async def test_a_new_password_ends_every_other_session_and_gives_this_one_a_new_id(world, new_browser):
    await world.person()
    one, other = new_browser(), new_browser()
    await one.sign_in("anna", PASSWORD)
    await other.sign_in("anna", PASSWORD)
    old = dict(one.jar)
    answer = await one.send(ACCOUNT, await one.get(ACCOUNT), **typed())
    assert (answer.status, answer.location) == (303, ACCOUNT)
    page = await one.get(ACCOUNT)
    assert "Your password has been changed" in page.text
    assert "Your password has been changed" not in (await one.get(ACCOUNT)).text
    assert one.jar["gatekeeper"] != old["gatekeeper"]
    assert (await other.get(ACCOUNT)).status == 303
    one.jar = old
    assert (await one.get(ACCOUNT)).status == 303
    assert (await new_browser().sign_in("anna", PASSWORD)).status == 401
    assert (await new_browser().sign_in("anna", OTHER)).status == 303


async def test_a_password_that_was_changed_while_redis_went_away_is_not_said_to_have_failed(
    world, browser, monkeypatch
):
    async def away(*_):
        raise Unavailable("Redis")

    await world.person()
    await browser.sign_in("anna", PASSWORD)
    form = await browser.get(ACCOUNT)
    monkeypatch.setattr(world.services.sessions, "replace", away)
    answer = await browser.send(ACCOUNT, form, **typed())
    assert (answer.status, answer.location) == (303, f"{LOGIN}?next={ACCOUNT}")
    page = await browser.follow(answer)
    assert page.title == "Sign in"
    assert "Your password has been changed. Please sign in with the new one." in page.text
    assert (await browser.sign_in("anna", OTHER, ACCOUNT)).location == ACCOUNT
    assert (await browser.get(ACCOUNT)).status == 200


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        (typed(current="wrong"), 401, "not your current password"),
        (typed(current=""), 422, "Enter your current password"),
        (typed(new=""), 422, "Enter a new password"),
        (typed(new="short"), 422, "too short"),
        (typed(new="password"), 422, "most common"),
        (typed(new="anna@example.com"), 422, "your name or address"),
        (typed(again="Different-1"), 422, "The two new passwords differ"),
        (typed(new=PASSWORD), 422, "used this password before"),
        (typed(new="a" * 4_000), 422, "too long"),
    ],
)
async def test_a_refused_change_says_why_and_changes_nothing(world, browser, fields, status, says):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    answer = await browser.send(ACCOUNT, await browser.get(ACCOUNT), **fields)
    assert answer.status == status
    assert says in answer.text
    assert (await browser.get(ACCOUNT)).status == 200
    assert len(await world.log("password.changed")) == 0


async def test_a_change_that_another_site_sends_is_refused(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    form = await browser.get(ACCOUNT)
    fields = {"csrf_token": form.token, **typed()}
    assert (await browser.post(ACCOUNT, fields, **{"Sec-Fetch-Site": "cross-site"})).status == 403
    assert (await browser.post(ACCOUNT, fields | {"csrf_token": ""})).status == 403


async def test_guessing_the_current_password_is_throttled(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    form = await browser.get(ACCOUNT)
    for number in range(5):
        assert (await browser.send(ACCOUNT, form, **typed(current=f"wrong-{number}"))).status == 401
    assert (await browser.send(ACCOUNT, form, **typed())).status == 429


async def test_a_language_is_chosen_and_spoken_from_then_on(world, browser):
    user = await world.person()
    await browser.sign_in("anna", PASSWORD)
    form = await browser.get(ACCOUNT)
    assert (await browser.send(f"{ACCOUNT}/language", form, language="it")).location == ACCOUNT
    assert '<html lang="it">' in (await browser.get(ACCOUNT)).text
    assert (await world.user(user.id)).language == "it"
    await browser.send(f"{ACCOUNT}/language", form, language="")
    page = await browser.get(ACCOUNT, **{"Accept-Language": "en"})
    assert '<html lang="en">' in page.text
    assert (await world.user(user.id)).language is None


@pytest.mark.parametrize("tag", ["tlh", "../../etc", "IT"])
async def test_a_language_without_pages_is_refused(world, browser, tag):
    user = await world.person()
    await browser.sign_in("anna", PASSWORD)
    assert (await browser.send(f"{ACCOUNT}/language", await browser.get(ACCOUNT), language=tag)).status == 400
    assert (await world.user(user.id)).language is None


@pytest.mark.parametrize(
    ("days", "says"),
    [(20.0, None), (6.9, "It expires in 7 days."), (1.2, "It expires in 1 day."), (0.1, "in less than a day")],
)
async def test_the_end_of_a_password_is_told_before_it_comes(world, browser, days, says):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    await world.password_policy(expiry_days=30, warn_days=7)
    user = await world.services.database.read.users.by_login("anna")
    async with world.services.database.transaction() as tables:
        stored = await tables.passwords.current(user.id)
        await tables.passwords.set(
            user.id, stored.hash, stored.strength, world.now - (30 - days) * DAY, must_change=False, keep=0
        )
    page = await browser.get(ACCOUNT)
    assert ("notice-warning" in page.text) is (says is not None)
    assert says is None or says in page.text


async def test_an_administrator_finds_the_way_to_the_console_and_nobody_else_does(world, new_browser):
    await world.person()
    boss = await world.person("boss")
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(boss.id, [Permission.AUDIT_READ])
    pages = {}
    for name in ("anna", "boss"):
        browser = new_browser()
        await browser.sign_in(name, PASSWORD)
        pages[name] = (await browser.get(ACCOUNT)).text
    assert "/gatekeeper/admin/" not in pages["anna"]
    assert 'href="/gatekeeper/admin/audit"' in pages["boss"]
