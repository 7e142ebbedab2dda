"""What is done with one person: each action is asked about on a page of its own, and does what it says."""

from __future__ import annotations

import re

import pytest

from gatekeeper.domain.model import Permission, TwoFactorMode, TwoFactorPolicy
from tests.flows.world import OTHER, PASSWORD, SECRET, World
from tests.web.browser import Answer, Browser
from tests.web.console.desk import words

USERS = "/gatekeeper/admin/users"
NOBODYS = "00000000-0000-0000-0000-000000000000"
REASON = "She asked at the counter"


class Office:
    """An administrator who may do everything, and Anna, with whom it is done."""

    def __init__(self, world: World, browser: Browser, ada: str, anna: str) -> None:
        self.world, self.browser, self.ada, self.anna = world, browser, ada, anna

    async def opens(self, path: str = "", user: str = "") -> Answer:
        return await self.browser.get(f"{USERS}/{user or self.anna}{path}")

    async def does(self, action: str, user: str = "", **fields: str) -> Answer:
        page = await self.opens(f"/{action}", user)
        return await self.browser.post(f"{USERS}/{user or self.anna}/{action}", {"csrf_token": page.token, **fields})

    async def says(self, action: str, **fields: str) -> str:
        """Does something that succeeds; what the page then reads."""
        answer = await self.does(action, **fields)
        assert answer.status == 303, words(answer.text)
        return words((await self.browser.get(answer.location)).text)


@pytest.fixture
async def office(world: World, browser: Browser) -> Office:
    ada, anna = await world.person("ada"), await world.person("anna", secret=SECRET)
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(ada.id, frozenset(Permission))
    assert (await browser.sign_in("ada", PASSWORD)).location == "/mail"
    return Office(world, browser, ada.id, anna.id)


@pytest.mark.parametrize("is_asked", [False, True])
async def test_a_reset_says_what_the_next_sign_in_asks_for(office, is_asked):
    async with office.world.services.database.transaction() as tables:
        spared = [office.ada] if is_asked else [office.ada, office.anna]
        await tables.policies.set_two_factor(TwoFactorPolicy(TwoFactorMode.EVERYONE), spared, None)
    await office.world.services.node.refresh()
    said = await office.says("reset-two-factor", reason=REASON)
    assert "is reset." in said
    assert ("They enrol again at the next sign-in." in said) is is_asked


async def test_a_reset_removes_the_authenticator_and_keeps_the_reason(office):
    assert "is reset" in await office.says("reset-two-factor", reason=REASON)
    assert not (await office.world.user(office.anna)).facts.enrolled
    [entry] = await office.world.log("user.two-factor.reset")
    assert entry.details["reason"] == REASON


@pytest.mark.parametrize("action", ["reset-two-factor", "one-time-link"])
async def test_without_a_reason_nothing_is_done_and_it_is_asked_for_again(office, action):
    answer = await office.does(action, reason="  ")
    assert answer.status == 422
    assert 'id="reason-error"' in answer.text
    assert (await office.world.user(office.anna)).facts.enrolled


async def test_a_code_for_the_next_enrolment_is_shown_once(office):
    first = await office.says("reset-two-factor", reason=REASON, with_code="yes")
    assert "Enrolment code" in first
    assert (await office.world.user(office.anna)).enrolment_code_required
    assert "It is shown this once" not in words((await office.opens()).text)


async def test_a_link_is_shown_once_and_stored_nowhere_in_the_clear(office):
    shown = await office.says("one-time-link", reason=REASON)
    token = re.search(r"token=([\w-]+)", shown)
    assert token is not None
    assert "token=" not in (await office.opens()).text
    for action in ("user.one-time-link.create", "user.one-time-link"):
        assert all(token.group(1) not in str(entry) for entry in await office.world.log(action))


async def test_a_new_password_can_be_required(office):
    assert "must choose a new password" in await office.says("require-password")
    assert (await office.world.user(office.anna)).facts.change_required


async def test_sessions_are_ended_everywhere(office, new_browser):
    anna = new_browser()
    form = await anna.follow(await anna.sign_in("anna", PASSWORD))
    await anna.send("/gatekeeper/login/code", form, code=office.world.code())
    assert (await anna.get("/gatekeeper/account")).status == 200
    assert "is signed out everywhere" in await office.says("sign-out")
    assert (await anna.get("/gatekeeper/account")).status == 303


async def test_an_account_is_closed_and_opened_again(office):
    assert "is disabled" in await office.says("disable")
    assert not (await office.world.user(office.anna)).facts.enabled
    assert "is enabled" in await office.says("enable")
    assert (await office.world.user(office.anna)).facts.enabled


async def test_a_locked_account_is_unlocked_with_a_reason(office):
    async with office.world.services.database.transaction() as tables:
        await tables.users.set_locked("anna", office.world.now)
    assert "Unlock" in words((await office.opens()).text)
    assert "is unlocked" in await office.says("unlock", reason=REASON)
    assert (await office.world.user(office.anna)).locked_at is None


async def test_who_is_deleted_must_be_named(office):
    assert (await office.does("delete", confirm="anne")).status == 422
    assert (await office.world.user(office.anna)).facts.username == "anna"
    assert "is deleted" in await office.says("delete", confirm="anna")
    assert (await office.opens()).status == 404


@pytest.mark.parametrize(("action", "fields"), [("disable", {}), ("delete", {"confirm": "ada"})])
async def test_the_last_who_can_grant_permissions_stays(office, action, fields):
    answer = await office.does(action, office.ada, **fields)
    assert answer.status == 409
    assert 'role="alert"' in answer.text
    assert (await office.world.user(office.ada)).facts.enabled


async def test_nobody_acts_on_somebody_who_holds_more(office, new_browser):
    world = office.world
    helper = await world.person("helga")
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(helper.id, frozenset({Permission.USERS_MANAGE}))
        await tables.users.set_permissions(office.anna, frozenset({Permission.AUDIT_READ}))
    browser = new_browser()
    await browser.sign_in("helga", PASSWORD)
    token = (await browser.get("/gatekeeper/account")).token
    for action in ("disable", "sign-out", "require-password", "one-time-link"):
        answer = await browser.post(f"{USERS}/{office.anna}/{action}", {"csrf_token": token, "reason": REASON})
        assert answer.status == 403
    facts = (await world.user(office.anna)).facts
    assert facts.enabled
    assert not facts.change_required


@pytest.mark.parametrize("action", ["disable", "reset-two-factor", "edit", "permissions", "password", ""])
@pytest.mark.parametrize("user", [NOBODYS, "no-id-at-all"])
async def test_who_is_nobody_has_no_page(office, action, user):
    assert (await office.browser.get(f"{USERS}/{user}/{action}".rstrip("/"))).status == 404


async def test_details_are_changed_and_faults_stand_beside_their_fields(office):
    answer = await office.does("edit", email="nonsense", display_name="Anna", groups="staff")
    assert answer.status == 422
    assert 'id="email-error"' in answer.text
    fields = {"email": "anna.rossi@example.com", "display_name": "Anna Rossi", "groups": "staff, sales"}
    assert "The details are saved" in await office.says("edit", **fields)
    facts = (await office.world.user(office.anna)).facts
    assert (facts.email, facts.display_name, facts.groups) == (
        "anna.rossi@example.com",
        "Anna Rossi",
        ("staff", "sales"),
    )


async def test_permissions_are_given_and_the_last_grantor_keeps_theirs(office):
    assert "are saved" in await office.says("permissions", permission="audit.read")
    assert (await office.world.user(office.anna)).facts.permissions == {Permission.AUDIT_READ}
    assert (await office.does("permissions", office.ada, permission="audit.read")).status == 409
    assert Permission.PERMISSIONS_GRANT in (await office.world.user(office.ada)).facts.permissions


async def test_a_password_is_set_under_the_rules(office, new_browser):
    differs = await office.does("password", new_password=OTHER, new_password_again=PASSWORD)
    assert differs.status == 422
    weak = await office.does("password", new_password="short", new_password_again="short")
    assert weak.status == 422
    assert "short" not in re.findall(r'value="([^"]*)"', weak.text)
    assert "is set" in await office.says("password", new_password=OTHER, new_password_again=OTHER)
    assert "/login/code" in (await new_browser().sign_in("anna", OTHER)).location


async def test_somebody_new_is_added_once(office):
    page = await office.browser.get(f"{USERS}/new")
    fields = {
        "csrf_token": page.token,
        "username": "nina",
        "email": "nina@example.com",
        "display_name": "Nina Neri",
        "new_password": OTHER,
        "new_password_again": OTHER,
    }
    added = await office.browser.post(f"{USERS}/new", fields)
    assert added.status == 303, words(added.text)
    again = await office.browser.post(f"{USERS}/new", fields)
    assert again.status == 409
    assert again.value("display_name") == "Nina Neri"
