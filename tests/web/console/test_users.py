"""*User permissions*: people are found, narrowed and paged; the table says how each stands and what can be done."""

from __future__ import annotations

import html
import re

import pytest

from gatekeeper.domain.model import Permission, Strength, TwoFactorMode, TwoFactorPolicy
from tests.flows.world import DAY, SECRET, World
from tests.web.browser import Answer, Browser
from tests.web.console.desk import Desk, sit_down, words
from tests.web.console.test_passwords_people import fill

USERS = "/gatekeeper/admin/users"


def table(page: Answer) -> dict[str, list[str]]:
    """The rows, by the name in each: address and badges, permissions, two-step verification, password, last sign-in."""
    found = {}
    for row in re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", page.text, re.DOTALL):
        name, *cells = re.split(r"</t[hd]>", row)[:5]
        shown = re.search(r'class="first-line"[^>]*>([^<]*)</a>(.*)', name, re.DOTALL)
        assert shown is not None
        found[html.unescape(shown[1])] = [html.unescape(words(cell)).strip() for cell in (shown[2], *cells)]
    return found


@pytest.fixture
async def desk(world: World, browser: Browser) -> Desk:
    return await sit_down(world, browser, Permission.USERS_MANAGE)


async def require_codes(world: World, desk: Desk) -> None:
    """Ask everybody for a second step, but not whoever looks."""
    async with world.services.database.transaction() as tables:
        await tables.policies.set_two_factor(TwoFactorPolicy(mode=TwoFactorMode.EVERYONE), [desk.user.id], None)
    await world.services.node.refresh()


async def finds(desk: Desk, query: str) -> list[str]:
    return list(table(await desk.browser.get(f"{USERS}?{query}")))


async def test_how_each_person_stands_is_read_off_the_table(world, desk):
    await world.password_policy(strength=Strength.ADVANCED)
    await require_codes(world, desk)
    anna = await world.person("anna", secret=SECRET)
    marco = await world.person("marco", strength=Strength.BASIC)
    lucia = await world.person("lucia", password=None)
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(anna.id, {Permission.AUDIT_READ, Permission.POLICIES_MANAGE})
        await tables.users.record_sign_in(marco.id, world.now)
        await tables.users.set_locked("marco", world.now)
        await tables.users.set_enabled(lucia.id, enabled=False)
    rows = table(await desk.browser.get(USERS))
    assert rows["Anna"] == ["anna@example.com", "Password management, Read the audit log", "On", "In order", "Never"]
    address, permissions, two_step, password, last = rows["Marco"]
    assert (address, permissions) == ("marco@example.com Locked", "None")
    assert two_step.startswith("Must be set up since ")
    assert (password, last) == ("Falls short", "15 January 2027")
    assert rows["Lucia"][0] == "lucia@example.com Disabled"
    assert rows["Lucia"][3] == "No password"


async def test_who_must_enrol_is_listed_with_the_date_since_when(world, desk):
    await require_codes(world, desk)
    asked, waits = await world.person("anna"), await world.person("marco")
    await world.person("lucia", secret=SECRET)
    async with world.services.database.transaction() as tables:
        await tables.users.set_two_factor_owed_since(asked.id, world.now - 5 * DAY)
    rows = table(await desk.browser.get(f"{USERS}?show=must-enrol"))
    assert set(rows) == {"Anna", "Marco"}
    assert rows["Anna"][2] == "Must be set up since 10 January 2027"
    assert rows["Marco"][2] == "Must be set up since 15 January 2027"
    page = words((await desk.browser.get(f"{USERS}/{waits.id}")).text)
    assert "since 15 January 2027" in page


async def test_people_are_found_by_words_and_narrowed_by_how_they_stand(world, desk, subtests):
    await world.person("anna", secret=SECRET)
    await world.person("annika")
    async with world.services.database.transaction() as tables:
        await tables.users.set_locked("annika", world.now)
    expected = {
        "query=ANN": ["Anna", "Annika"],
        "query=ann&show=locked": ["Annika"],
        "show=locked": ["Annika"],
        "show=without-authenticator": ["Annika", "Paula"],
        "show=administrators": ["Paula"],
        "show=disabled": [],
        "show=nonsense": ["Anna", "Annika", "Paula"],
        "query=%25": [],
        "query=%00&show=locked": ["Annika"],
        f"query={'x' * 5000}": [],
    }
    for query, found in expected.items():
        with subtests.test(query[:40]):
            page = await desk.browser.get(f"{USERS}?{query}")
            assert list(table(page)) == found
            assert ("Show everybody" in page.text) == (not found)
    page = await desk.browser.get(f"{USERS}?query=%22%3E%3Cb%3E&show=locked")
    assert page.value("query") == '"><b>'
    assert '<option value="locked" selected>' in page.text


async def test_pages_follow_one_another_and_keep_the_search(world, desk):
    await fill(world, 120)
    page, seen = await desk.browser.get(f"{USERS}?query=many"), []
    while True:
        seen += table(page)
        following = re.search(r'href="([^"]*)" rel="next"', page.text)
        if following is None:
            break
        page = await desk.browser.get(html.unescape(following[1]))
    assert sorted(seen) == sorted(f"Many {number}" for number in range(120))
    assert f'href="{USERS}?query=many">First page' in page.text
    assert (await desk.browser.get(f"{USERS}?cursor=nonsense")).status == 404


async def test_a_name_of_any_kind_stands_there_as_text(world, desk):
    user = await world.person("anna")
    async with world.services.database.transaction() as tables:
        await tables.users.update(user.id, display_name="<script>alert(1)</script>")
    page = await desk.browser.get(USERS)
    assert "<script>alert" not in page.text
    assert "<script>alert(1)</script>" in table(page)


async def test_a_row_offers_what_whoever_looks_may_do_with_this_person(world, desk, new_browser):
    anna, marco = await world.person("anna", secret=SECRET), await world.person("marco")
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(anna.id, {Permission.AUDIT_READ})
    page = await desk.browser.get(USERS)
    for action in ("disable", "sign-out", "require-password"):
        assert f"{USERS}/{marco.id}/{action}" in page.text
        assert f"{USERS}/{anna.id}/{action}" not in page.text
    assert f"{USERS}/{marco.id}/permissions" not in page.text
    assert f"{USERS}/new" in page.text
    helper = await sit_down(world, new_browser(), Permission.USERS_RESET_TWO_FACTOR, name="helga")
    page = await helper.browser.get(USERS)
    assert f"{USERS}/{marco.id}/disable" not in page.text
    assert f"{USERS}/new" not in page.text


async def test_who_is_locked_is_found_and_unlocked(world, desk):
    anna = await world.person("anna")
    async with world.services.database.transaction() as tables:
        await tables.users.set_locked("anna", world.now)
    page = await desk.browser.get(f"{USERS}?show=locked")
    assert f"{USERS}/{anna.id}/unlock" in page.text
    question = await desk.browser.get(f"{USERS}/{anna.id}/unlock")
    fields = {"csrf_token": question.token, "reason": "She asked at the counter"}
    assert (
        "is unlocked" in (await desk.browser.follow(await desk.browser.post(f"{USERS}/{anna.id}/unlock", fields))).text
    )
    assert await finds(desk, "show=locked") == []
    [entry] = await world.log("user.unlock")
    assert (entry.actor_name, entry.target_name) == ("paula", "anna")


async def test_without_a_permission_that_begins_with_people_there_is_no_list(world, browser):
    desk = await sit_down(world, browser, Permission.AUDIT_READ)
    assert (await desk.browser.get(USERS)).status == 403
