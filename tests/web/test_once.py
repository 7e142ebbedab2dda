"""Secrets shown once: on the page that they are about, to the session in which they were made, sealed until then."""

from __future__ import annotations

import json
import re

import pytest

from gatekeeper.domain.model import Permission
from tests.flows.world import World
from tests.web.browser import Answer, Browser
from tests.web.console.desk import Desk, sit_down, words

USERS = "/gatekeeper/admin/users"


class Counter:
    """Somebody who makes one-time links, for Anna and for Marco."""

    def __init__(self, world: World, desk: Desk, anna: str, marco: str) -> None:
        self.world, self.desk, self.browser, self.anna, self.marco = world, desk, desk.browser, anna, marco

    async def makes_a_link(self, user: str) -> None:
        page = await self.browser.get(f"{USERS}/{user}/one-time-link")
        fields = {"csrf_token": page.token, "reason": "She asked"}
        sent = await self.browser.post(f"{USERS}/{user}/one-time-link", fields)
        assert sent.status == 303, words(sent.text)

    async def kept(self) -> str:
        """What lies beside the session."""
        [session] = await self.world.services.sessions.of_user(self.desk.user.id)
        return json.dumps(await self.world.services.sessions.get_data(session.id))


def secret(page: Answer) -> str | None:
    found = re.search(r'id="once-secret"[^>]*>([^<]*)<', page.text)
    return found[1] if found else None


@pytest.fixture
async def counter(world: World, browser: Browser) -> Counter:
    anna, marco = await world.person("anna"), await world.person("marco")
    desk = await sit_down(world, browser, Permission.USERS_MANAGE)
    return Counter(world, desk, anna.id, marco.id)


async def test_it_is_shown_on_its_own_page_once_and_kept_nowhere_in_the_clear(counter):
    await counter.makes_a_link(counter.anna)
    kept = await counter.kept()
    assert secret(await counter.browser.get(f"{USERS}/{counter.marco}")) is None
    shown = secret(await counter.browser.get(f"{USERS}/{counter.anna}"))
    assert shown is not None
    assert shown.rpartition("=")[2] not in kept
    assert secret(await counter.browser.get(f"{USERS}/{counter.anna}")) is None
    assert "once" not in await counter.kept()


async def test_a_second_one_takes_the_place_of_the_first(counter):
    await counter.makes_a_link(counter.anna)
    await counter.makes_a_link(counter.marco)
    assert secret(await counter.browser.get(f"{USERS}/{counter.anna}")) is None
    assert secret(await counter.browser.get(f"{USERS}/{counter.marco}")) is not None


async def test_another_session_does_not_see_it(counter, new_browser):
    await counter.makes_a_link(counter.anna)
    other = await sit_down(counter.world, new_browser(), Permission.USERS_MANAGE, name="peter")
    assert secret(await other.browser.get(f"{USERS}/{counter.anna}")) is None
    assert secret(await counter.browser.get(f"{USERS}/{counter.anna}")) is not None


async def test_what_was_sealed_for_another_page_or_person_is_not_shown(counter):
    await counter.makes_a_link(counter.anna)
    services = counter.world.services
    [session] = await services.sessions.of_user(counter.desk.user.id)
    data = await services.sessions.get_data(session.id)
    text = json.dumps(data)
    assert counter.anna in text
    await services.sessions.set_data(session.id, json.loads(text.replace(counter.anna, counter.marco)))
    page = await counter.browser.get(f"{USERS}/{counter.marco}")
    assert (page.status, secret(page)) == (200, None)
