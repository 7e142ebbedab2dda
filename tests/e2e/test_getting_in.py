"""Getting in by ways that are not the ordinary ones, with scripts and without: a forgotten password, a link from an
administrator, a device that asks for no code, a password that is about to expire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from gatekeeper.domain.login import DAY
from tests.e2e.gateway import QUICK, Clock, Gate, open_gate
from tests.e2e.person import Person
from tests.e2e.post import Post, open_post

pytestmark = pytest.mark.browser

NEW = "Another-Word-2"
ELSEWHERE = "anna@elsewhere.example"
NEVER = {"expiry": {"mode": "never"}, "reuse": {"forbid_last": 0}, "strength": "basic"}
WITHOUT_SCRIPTS: set[BrowserContext] = set()
Make = Callable[..., Awaitable[Person]]


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with open_post() as post:
        yield post


@pytest.fixture
async def gate(
    post: Post, tmp_path: Path, platform: Path, database_url: str, redis_url: str, clock: Clock
) -> AsyncIterator[Gate]:
    """A gateway that sends mail."""
    mail = {"GATEKEEPER__MAIL__SMTP": post.smtp, "GATEKEEPER__MAIL__SENDER": "Mail <no-reply@example.com>"}
    async with open_gate(
        tmp_path, platform=platform, database=database_url, redis=redis_url, clock=clock, environ=QUICK | mail
    ) as gate:
        yield gate


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def anybody(request: pytest.FixtureRequest, person: Make) -> Make:
    """Makes people whose browsers run scripts, or do not."""

    async def make() -> Person:
        somebody = await person(java_script_enabled=request.param)
        if not request.param:
            WITHOUT_SCRIPTS.add(somebody.page.context)
        return somebody

    return make


async def types(somebody: Person, button: str) -> None:
    """Types the code that the app shows; where no script sends it at its sixth digit, the button does."""
    await somebody.page.locator("input[name=code]").focus()
    async with somebody.page.expect_navigation():
        await somebody.page.keyboard.type(somebody.code())
        if somebody.page.context in WITHOUT_SCRIPTS:
            await somebody.page.get_by_role("button", name=button).click()


async def gives_code(somebody: Person, *, trust: bool = False) -> None:
    """Fills in the page of the code."""
    await somebody.sees_step("login/code")
    if trust:
        await somebody.page.get_by_label("Don’t ask for a code on this device for 30 days").check()
    await types(somebody, "Verify")


async def follows(somebody: Person, name: str) -> None:
    async with somebody.page.expect_navigation():
        await somebody.page.get_by_role("link", name=name).click()


async def presses(somebody: Person, name: str) -> None:
    async with somebody.page.expect_navigation():
        await somebody.page.get_by_role("button", name=name).click()


async def has_a_recovery_address(somebody: Person, post: Post, another: Person) -> None:
    """Sets one on the account page, and confirms it from the mail, in another browser."""
    await somebody.opens("/gatekeeper/account/recovery-address/set")
    await somebody.fills(recovery_email=ELSEWHERE)
    await presses(somebody, "Send the link")
    letter = await post.letter(ELSEWHERE)
    await another.page.goto(letter.link)
    await presses(another, "Confirm this address")
    await another.sees("is confirmed")


async def test_who_forgot_their_password_gets_back_in_by_a_mail_opened_in_another_browser(gate, post, anybody):
    anna, telephone = await anybody(), await anybody()
    await gate.set_two_factor({"mode": "everyone"})
    await anna.signs_in("anna@example.com")
    await enrols(anna)
    await has_a_recovery_address(anna, post, telephone)
    gate.clock.forward(60)

    visitor = await anybody()
    await visitor.opens("/mail/")
    await follows(visitor, "Forgot your password?")
    await visitor.fills(username="anna@example.com")
    await presses(visitor, "Send me a link")
    await visitor.sees("a link is on its way")

    letter = await post.letter(ELSEWHERE, "password")
    telephone.secret = anna.secret
    await telephone.page.goto(letter.link)
    await presses(telephone, "Go on")
    await gives_code(telephone)
    await telephone.sees("Choose a new one to get back in")
    await telephone.fills(new_password=NEW, new_password_again=NEW)
    await presses(telephone, "Save new password")
    await telephone.sees_mail_of("Anna")

    await anna.opens("/mail/")
    await anna.sees_step("login")
    await visitor.page.goto(letter.link)
    await visitor.sees("This link no longer works")
    await presses(visitor, "Ask for a new link")
    await visitor.sees_step("login/forgot")
    gate.clock.forward(60)
    await anna.gives_password("anna@example.com")
    await anna.sees("do not go together")
    await anna.gives_password("anna@example.com", NEW)
    await gives_code(anna)
    await anna.sees_mail_of("Anna")


async def test_nobody_learns_from_the_page_whether_a_name_is_somebodys(gate, anybody):
    pages = []
    for name in ("anna@example.com", "nobody@example.com"):
        visitor = await anybody()
        await visitor.opens("/gatekeeper/login/forgot")
        await visitor.fills(username=name)
        await presses(visitor, "Send me a link")
        pages.append((visitor.page.url, await visitor.page.locator("body").inner_text()))
    assert pages[0] == pages[1]


async def test_an_administrator_hands_over_a_link_to_who_has_no_recovery_address(gate, anybody):
    marco = await anybody()
    user = await gate.user_id("marco@example.com")
    link = (await gate.api("POST", f"/users/{user}/one-time-link", {"reason": "forgot it"}))["link"]
    for _ in range(3):
        await marco.page.goto(link)
    await presses(marco, "Go on")
    await marco.fills(new_password=NEW, new_password_again=NEW)
    await presses(marco, "Save new password")
    await marco.sees_mail_of("Marco")


async def test_a_trusted_device_asks_for_no_code_until_its_time_is_over_and_others_do(gate, anybody):
    await gate.set_two_factor({"mode": "everyone", "trusted_devices": {"mode": "days", "days": 30}})
    lucia = await anybody()
    await lucia.signs_in("lucia@example.com")
    await enrols(lucia)
    await signs_out(lucia)
    gate.clock.forward(3_600)
    await lucia.signs_in("lucia@example.com")
    await expect(lucia.page.get_by_label("Don’t ask for a code on this device")).not_to_be_checked()
    await gives_code(lucia, trust=True)
    await lucia.sees_mail_of("Lucia")
    await signs_out(lucia)
    gate.clock.forward(3_600)
    await lucia.signs_in("lucia@example.com")
    await lucia.sees_mail_of("Lucia")
    await lucia.opens("/gatekeeper/account")
    await lucia.sees("Trusted devices")
    await signs_out(lucia)

    elsewhere = await anybody()
    await elsewhere.signs_in("lucia@example.com")
    await elsewhere.sees_step("login/code")
    gate.clock.forward(30 * DAY)
    await lucia.signs_in("lucia@example.com")
    await lucia.sees_step("login/code")


async def test_who_is_told_that_the_password_expires_changes_it_there_and_then(gate, anybody):
    anna = await anybody()
    await gate.set_password_policy(NEVER | {"expiry": {"mode": "every", "days": 90, "warn_days": 7}})
    gate.clock.forward(85 * DAY)
    await anna.signs_in("anna@example.com")
    await anna.sees("Your password expires soon")
    await presses(anna, "Change it now")
    await anna.fills(new_password=NEW, new_password_again=NEW)
    await presses(anna, "Save new password")
    await anna.sees_mail_of("Anna")
    await signs_out(anna)

    marco = await anybody()
    await marco.signs_in("marco@example.com")
    await presses(marco, "Later")
    await marco.sees_mail_of("Marco")
    await signs_out(marco)
    await marco.signs_in("marco@example.com")
    await marco.sees_mail_of("Marco")


async def enrols(somebody: Person) -> None:
    """The three steps, with scripts or without."""
    await somebody.sees_step("login/enrol")
    await somebody.reads_secret()
    await types(somebody, "Turn on two-step verification")
    await somebody.saves_recovery_codes()


async def signs_out(somebody: Person) -> None:
    await somebody.opens("/gatekeeper/logout")
    await somebody.submits()
