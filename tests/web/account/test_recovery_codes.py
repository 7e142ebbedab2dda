"""New recovery codes on the account page."""

from __future__ import annotations

import re

from tests.flows.world import PASSWORD, SECRET
from tests.web.account.conftest import ACCOUNT, LOGIN

CODES = "/recovery-codes"


def codes_of(page) -> list[str]:
    return re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", page.text)


async def test_new_ones_are_shown_until_the_box_is_ticked_and_kill_the_old(world, anna, visitor):
    first = codes_of(await anna.browser.follow(await anna.sends(f"{CODES}/new")))
    page = await anna.browser.follow(await anna.sends(f"{CODES}/new"))
    codes = codes_of(page)
    assert len(codes) == 10
    assert not set(codes) & set(first)
    assert codes_of(await anna.opens(CODES)) == codes
    refused = await anna.sends(CODES, page)
    assert (refused.status, codes_of(refused)) == (422, codes)
    assert "You have not said that you saved" in (await anna.opens()).text
    await anna.does(CODES, saved="1")
    assert "10 codes are left." in (await anna.opens()).text
    assert (await anna.opens(CODES)).location == ACCOUNT
    other = visitor()
    form = await other.browser.follow(await other.browser.sign_in("anna", PASSWORD))
    assert (await other.browser.send(f"{LOGIN}/code", form, code=first[0])).status == 401
    assert (await other.browser.send(f"{LOGIN}/code", form, code=codes[0])).status == 303
    assert "9 codes are left." in (await anna.opens()).text


async def test_few_are_worth_a_warning(world, anna):
    user = await world.services.database.read.users.by_login("anna")
    async with world.services.database.transaction() as tables:
        await tables.recovery_codes.replace(user.id, ["a", "b", "c", "d"])
        await tables.recovery_codes.confirm(user.id)
    assert "notice-warning" not in (await anna.opens()).text
    for left, says in (
        (3, "Only 3 codes are left."),
        (2, "Only 2"),
        (1, "Only 1 code is left."),
        (0, "No code is left"),
    ):
        async with world.services.database.transaction() as tables:
            await tables.recovery_codes.use(user.id, "abcd"[left])
        page = await anna.opens()
        assert "notice-warning" in page.text
        assert says in page.text


async def test_who_has_no_authenticator_is_told_to_add_one(world, visitor):
    await world.person()
    anna = visitor()
    await anna.signs_in()
    assert "Recovery codes" not in (await anna.opens()).text
    assert "Add one first" in await anna.does(f"{CODES}/new")


async def test_they_are_not_shown_to_another_session(world, anna, visitor):
    await anna.sends(f"{CODES}/new")
    world.clock.advance(60)
    other = visitor()
    form = await other.browser.follow(await other.browser.sign_in("anna", PASSWORD))
    await other.browser.send(f"{LOGIN}/code", form, code=world.code(SECRET))
    assert (await other.opens(CODES)).status == 303
