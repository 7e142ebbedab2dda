"""Asking for a link to a new password: the same page for every name, and none where there is no mail."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gatekeeper.flows import forgotten
from gatekeeper.flows.mails import link_context
from tests.flows.world import World, make_config, open_world, with_mail

LOGIN = "/gatekeeper/login"
FORGOT = f"{LOGIN}/forgot"


@pytest.fixture(params=[True, False], ids=["mail", "no mail"])
def has_mail(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def world(request: pytest.FixtureRequest, database_url: str, redis_url: str) -> AsyncIterator[World]:
    mail = "has_mail" not in request.fixturenames or request.getfixturevalue("has_mail")
    async with open_world(database_url, redis_url, with_mail() if mail else make_config()) as opened:
        yield opened


async def reachable(world, user, address: str = "anna@elsewhere.example"):
    async with world.services.database.transaction() as tables:
        await tables.users.update(user.id, recovery_email=address)
        await tables.users.confirm_recovery_email(user.id, address)


async def asked(browser, name: str, following: str = "/mail"):
    form = await browser.get(f"{FORGOT}?next={following}")
    return await browser.send(FORGOT, form, username=name)


async def sent(world) -> list[str]:
    """The links that were sent, as they stand in the mails."""
    await forgotten.answer(world.services, world.now)
    found = []
    async with world.services.database.transaction() as tables:
        while (mail := await tables.outbox.take(world.now)) is not None:
            found.append(world.services.box.open(mail.sealed, link_context(mail.kind, mail.recipient)))
            await tables.outbox.remove(mail)
    return found


async def test_the_page_is_there_only_where_mail_is_configured(world, browser, has_mail):
    assert ("Forgot your password?" in (await browser.get(LOGIN)).text) is has_mail
    assert (await browser.get(FORGOT)).status == (200 if has_mail else 404)
    form = await browser.get(LOGIN)
    assert (await browser.send(FORGOT, form, username="anna")).status == (303 if has_mail else 404)


async def test_known_and_unknown_names_are_told_the_same(world, new_browser):
    await reachable(world, await world.person())
    answers = []
    for name in ("anna", "nobody"):
        browser = new_browser()
        answer = await asked(browser, name)
        page = await browser.follow(answer)
        answers.append((answer.status, answer.location, page.status, page.text))
    assert answers[0] == answers[1]
    assert answers[0][:2] == (303, f"{FORGOT}?next=/mail&sent=1")
    assert "a link is on its way" in answers[0][3]
    assert len(await sent(world)) == 1


async def test_the_page_after_it_names_nobody(world, browser):
    await world.person()
    page = await browser.follow(await asked(browser, "anna"))
    assert "anna" not in page.text
    assert page.title == "Check your mail"


async def test_without_a_name_it_is_asked_for(world, browser):
    answer = await asked(browser, "  ")
    assert answer.status == 422
    assert "Enter your user name or e-mail address." in answer.text


async def test_a_form_of_another_site_asks_for_nothing(world, browser):
    await reachable(world, await world.person())
    form = await browser.get(FORGOT)
    forged = await browser.post(
        FORGOT, {"username": "anna", "csrf_token": form.token}, **{"Sec-Fetch-Site": "cross-site"}
    )
    assert forged.status == 403
    assert (await browser.post(FORGOT, {"username": "anna", "csrf_token": "x"})).status == 403
    assert await sent(world) == []


async def test_what_was_typed_comes_back_where_the_page_was_too_old(world, browser):
    answer = await browser.post(FORGOT, {"username": "anna", "csrf_token": "x"})
    assert answer.value("username") == "anna"
    assert "open for too long" in answer.text


async def test_the_way_back_and_the_way_on_keep_where_the_person_wanted_to_go(world, browser):
    assert "/gatekeeper/login/forgot?next=/mail" in (await browser.get(f"{LOGIN}?next=/mail")).text
    assert "/gatekeeper/login?next=/mail" in (await browser.get(f"{FORGOT}?next=/mail")).text
