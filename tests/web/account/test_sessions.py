"""Where one is signed in, and which devices are trusted."""

from __future__ import annotations

import pytest

from tests.flows.world import PASSWORD, SECRET
from tests.web.account.conftest import ACCOUNT

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
async def two(world, visitor):
    """Anna at two browsers, the second of which is Firefox."""
    await world.person()
    here, there = visitor(), visitor()
    there.browser.headers["User-Agent"] = FIREFOX
    await here.signs_in()
    await there.signs_in()
    return here, there


async def test_each_says_device_and_address_and_one_is_this_one(two):
    here, _ = two
    page = await here.opens()
    assert "Firefox on Windows" in page.text
    assert page.text.count("this one") == 1
    assert len(here.ids(page, "sessions", "end")) == 1


async def test_one_is_asked_about_and_ended(two):
    here, there = two
    (identity,) = here.ids(await here.opens(), "sessions", "end")
    assert (await here.opens(f"/sessions/{identity}/end")).title == "Sign out Firefox on Windows?"
    assert "has been signed out" in await here.does(f"/sessions/{identity}/end")
    assert (await there.opens()).status == 303
    assert (await here.opens()).status == 200
    assert (await here.sends(f"/sessions/{identity}/end")).status == 404


async def test_all_others_are_ended(two, visitor):
    here, there = two
    third = visitor()
    await third.signs_in()
    assert "2 other places" in await here.does("/sessions/others/end")
    assert (await there.opens()).status == (await third.opens()).status == 303
    assert "nowhere else" in await here.does("/sessions/others/end")


async def test_somebody_elses_is_no_page_and_goes_on(world, two, visitor):
    here, _ = two
    await world.person("marco")
    marco = visitor()
    await marco.signs_in("marco")
    user = await world.services.database.read.users.by_login("marco")
    (his,) = await world.services.sessions.of_user(user.id)
    assert (await here.opens(f"/sessions/{his.id}/end")).status == 404
    assert (await here.sends(f"/sessions/{his.id}/end")).status == 404
    await here.does("/sessions/others/end")
    assert (await marco.opens()).status == 200


async def test_a_trusted_device_is_shown_and_taken_back_and_nobody_elses_is(world, anna):
    await world.two_factor(trusted_devices_days=30)
    marco = await world.person("marco")
    epoch = (await world.services.database.read.policies.read()).epoch
    user = await world.services.database.read.users.by_login("anna")
    async with world.services.database.transaction() as tables:
        for owner, digest in ((user.id, "a" * 64), (marco.id, "b" * 64)):
            await tables.devices.remember(owner, digest, world.now, user_agent=FIREFOX, address="192.0.2.99")
            await tables.devices.trust(owner, digest, world.now, world.now + 86_400, epoch)
    page = await anna.opens()
    assert "192.0.2.99" in page.text
    assert anna.ids(page, "devices", "remove") == ["a" * 64]
    assert (await anna.opens(f"/devices/{'b' * 64}/remove")).status == 404
    assert (await anna.sends(f"/devices/{'b' * 64}/remove")).status == 404
    assert (await anna.opens(f"/devices/{'a' * 64}/remove")).title == "Stop trusting Firefox on Windows?"
    assert "is not trusted any more" in await anna.does(f"/devices/{'a' * 64}/remove")
    assert anna.ids(await anna.opens(), "devices", "remove") == []
    devices = world.services.database.read.devices
    assert len(await devices.trusted_of(marco.id, world.now)) == 1


async def test_the_section_is_there_only_where_devices_can_be_trusted(world, anna):
    assert "Trusted devices" not in (await anna.opens()).text
    await world.two_factor(trusted_devices_days=30)
    assert "Trusted devices" in (await anna.opens()).text


async def test_an_ended_session_cannot_end_others(two):
    here, there = two
    form = await there.opens()
    await here.does("/sessions/others/end")
    answer = await there.browser.send(f"{ACCOUNT}/sessions/others/end", form)
    assert answer.status == 401
    assert (await here.opens()).status == 200
    assert PASSWORD not in answer.text
    assert SECRET not in answer.text
