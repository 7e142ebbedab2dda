"""The recovery address on the account page, and the page behind its link, in browsers without scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gatekeeper.flows.mails import link_context
from gatekeeper.flows.recovery_address import LIFETIME
from tests.flows.world import World, make_config, open_world, with_mail
from tests.web.account.conftest import ACCOUNT

SET, REMOVE = "/recovery-address/set", "/recovery-address/remove"
CONFIRM = f"{ACCOUNT}/recovery-address"
HERE = "anna@home.example"


@pytest.fixture(params=[True, False], ids=["mail", "no mail"])
def has_mail(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def world(request: pytest.FixtureRequest, database_url: str, redis_url: str) -> AsyncIterator[World]:
    mail = "has_mail" not in request.fixturenames or request.getfixturevalue("has_mail")
    async with open_world(database_url, redis_url, with_mail() if mail else make_config()) as opened:
        yield opened


@pytest.fixture
async def anna(world, visitor):
    await world.person()
    one = visitor()
    await one.signs_in()
    return one


async def link_to(world, address: str = HERE) -> str:
    """The path of the latest link that was sent to an address."""
    found = ""
    async with world.services.database.transaction() as tables:
        while (mail := await tables.outbox.take(world.now)) is not None:
            await tables.outbox.remove(mail)
            if mail.sealed and mail.recipient == address:
                found = world.services.box.open(mail.sealed, link_context(mail.kind, mail.recipient))
    assert found
    return found.removeprefix(world.services.config.server.public_url)


async def test_it_is_there_only_where_mail_is_sent(anna, has_mail):
    assert ("Recovery address" in (await anna.opens()).text) is has_mail
    assert (await anna.opens(SET)).status == (200 if has_mail else 404)
    if not has_mail:
        assert (await anna.sends(SET, recovery_email=HERE)).status == 404
        assert (await anna.sends(REMOVE)).status == 404


async def test_it_is_set_confirmed_in_another_browser_and_shown_as_such(world, anna, new_browser):
    assert "Set a recovery address" in (await anna.opens()).text
    text = await anna.does(SET, recovery_email=HERE)
    assert f"A link is on its way to {HERE}." in text
    assert "Not confirmed" in text
    link = await link_to(world)
    other = new_browser()
    for _ in range(3):
        page = await other.get(link)
        assert (page.status, page.title) == (200, "Confirm your recovery address")
    assert HERE in page.text
    assert "anna" in page.text
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert "Not confirmed" in (await anna.opens()).text
    done = await other.send(CONFIRM, page, token=page.value("token"))
    assert (done.status, done.title) == (200, "Recovery address confirmed")
    assert "gatekeeper" not in other.jar
    text = (await anna.opens()).text
    assert HERE in text
    assert "Not confirmed" not in text


async def test_a_used_an_expired_and_no_link_read_the_same(world, anna, new_browser):
    await anna.does(SET, recovery_email=HERE)
    used = await link_to(world)
    browser = new_browser()
    page = await browser.get(used)
    await browser.send(CONFIRM, page, token=page.value("token"))
    await anna.does(SET, recovery_email="anna@elsewhere.example")
    late = await link_to(world, "anna@elsewhere.example")
    world.clock.advance(LIFETIME)
    pages = [await new_browser().get(link) for link in (used, late, f"{CONFIRM}?token=rubbish", CONFIRM)]
    assert {(page.status, page.title) for page in pages} == {(410, "This link no longer works")}
    again = await browser.send(CONFIRM, page, token=used.partition("=")[2])
    assert (again.status, again.title) == (410, "This link no longer works")


async def test_a_form_of_another_site_confirms_nothing(world, anna, new_browser):
    await anna.does(SET, recovery_email=HERE)
    token = (await link_to(world)).partition("=")[2]
    answer = await new_browser().post(CONFIRM, {"token": token})
    assert (answer.status, answer.title) == (403, "Confirm your recovery address")
    answer = await anna.browser.post(CONFIRM, {"token": token}, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert "Not confirmed" in (await anna.opens()).text


@pytest.mark.parametrize(
    ("typed", "said"), [("", "address"), ("anna", "name@example.com"), ("anna@example.com", "your main address")]
)
async def test_what_cannot_be_one_is_said_beside_the_field(anna, typed, said):
    page = await anna.sends(SET, recovery_email=typed)
    assert page.status == 422
    assert said in page.text.partition('id="recovery_email-error"')[2].partition("</p>")[0]
    assert page.value("recovery_email") == typed


async def test_the_link_can_be_sent_again(world, anna):
    await anna.does(SET, recovery_email=HERE)
    await link_to(world)
    page = await anna.opens(SET)
    assert page.value("recovery_email") == HERE
    await anna.does(SET, recovery_email=page.value("recovery_email"))
    assert await link_to(world)


async def test_it_is_taken_away_after_a_question(world, anna):
    assert (await anna.opens(REMOVE)).status == 404
    await anna.does(SET, recovery_email=HERE)
    page = await anna.opens(REMOVE)
    assert page.title == "Remove your recovery address?"
    assert HERE in page.text
    assert "Your recovery address has been removed." in await anna.does(REMOVE)
    assert "Set a recovery address" in (await anna.opens()).text


async def test_with_an_old_proof_the_password_is_asked_for_and_nothing_typed_is_lost(world, anna):
    world.clock.advance(601.0)
    page = await anna.sends(SET, recovery_email=HERE)
    assert page.status == 403
    assert (await anna.browser.get(f"{ACCOUNT}{SET}")).status == 200
    assert page.value("recovery_email") == HERE
    user = await world.services.database.read.users.by_login("anna")
    assert user is not None
    assert user.recovery_email is None
