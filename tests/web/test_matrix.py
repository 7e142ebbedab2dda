"""Who, page, action (security rule 16): each door is open to whom it says and to nobody else.

The matrix is made of ``routes.DOORS``, from which the router is made too, so a new page is in it by itself. What the
handlers do is not asked here: each is replaced by one that says that somebody came in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from aiohttp import web

from gatekeeper import web as pages
from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.model import Permission
from gatekeeper.manners import csrf
from gatekeeper.manners.render import Renderer
from gatekeeper.web import console, routes
from gatekeeper.web.inside import Door, Turn
from tests.flows.world import PASSWORD, World
from tests.web.browser import Answer, Browser, open_client

IN = "came in"
NOBODYS = "00000000-0000-0000-0000-000000000000"
PAGES = {
    "/admin/passwords": {Permission.POLICIES_MANAGE},
    "/admin/users": {Permission.USERS_MANAGE, Permission.USERS_RESET_TWO_FACTOR, Permission.PERMISSIONS_GRANT},
    "/admin/audit": {Permission.AUDIT_READ},
    "/admin/clients": {Permission.CLIENTS_MANAGE},
    "/admin": set(Permission),
}
"""What each part of the console may be opened by, as the mission says; the longest beginning counts."""


@dataclass
class Person:
    """Somebody at a browser, with the token of their session's forms."""

    browser: Browser
    token: str = ""

    async def tries(self, door: Door) -> Answer:
        path = "/gatekeeper" + door.path.replace("{id}", NOBODYS).replace("{job}", NOBODYS).replace("{session}", "x")
        assert "{" not in path, f"the test has nothing to put into {path}"
        if not door.changes:
            return await self.browser.get(path)
        return await self.browser.post(path, {"csrf_token": self.token})


async def came_in(_: Turn) -> web.Response:
    return web.Response(text=IN)


@pytest.fixture
async def client(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(routes, "DOORS", tuple(replace(door, handler=came_in) for door in routes.DOORS))
    app = web.Application()
    pages.setup(app, world.services, Renderer(world.services.config.branding, "/gatekeeper"), world.clock)
    client = await open_client(app)
    yield client
    await client.close()


async def signed_in(world: World, browser: Browser, name: str, held: frozenset[Permission]) -> Person:
    user = await world.person(name)
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(user.id, held)
    assert (await browser.sign_in(name, PASSWORD)).location == "/mail"
    [session] = await world.services.sessions.of_user(user.id)
    assert session.id == digest(browser.jar["gatekeeper"])
    return Person(browser, csrf.session_token(world.services.signer, session))


def doors() -> list[Door]:
    return [door for door in routes.DOORS if not door.takes_file]


async def test_whoever_holds_a_permission_comes_in_where_it_opens_and_nowhere_else(world, new_browser, subtests):
    holders = {frozenset({one}): f"holder{at}" for at, one in enumerate(Permission)} | {frozenset(): "anna"}
    for held, name in holders.items():
        person = await signed_in(world, new_browser(), name, held)
        for door in doors():
            with subtests.test(f"{door.method} {door.path}", held=sorted(held)):
                answer = await person.tries(door)
                if not door.any_of or held & set(door.any_of):
                    assert (answer.status, answer.text) == (200, IN)
                else:
                    assert answer.status == 403
                    assert "You may not open this" in answer.text


async def test_nobody_comes_in_anywhere_and_neither_does_who_is_half_way(world, new_browser, subtests):
    stranger, half_way = Person(new_browser()), Person(new_browser())
    await world.person("marco", secret="JBSWY3DPEHPK3PXP")
    answer = await half_way.browser.sign_in("marco", PASSWORD)
    assert "/login/code" in answer.location
    for person in (stranger, half_way):
        for door in doors():
            with subtests.test(f"{door.method} {door.path}"):
                answer = await person.tries(door)
                assert answer.text != IN
                assert answer.status == (401 if door.changes else 303)
                assert door.changes or answer.location.startswith("/gatekeeper/login?next=")


async def test_a_session_that_owes_a_step_comes_in_nowhere(world, browser, subtests):
    person = await signed_in(world, browser, "ada", frozenset(Permission))
    await world.two_factor()
    for door in doors():
        with subtests.test(f"{door.method} {door.path}"):
            assert (await person.tries(door)).text != IN


async def test_a_grave_change_asks_for_a_proof_that_has_grown_old(world, browser, subtests):
    person = await signed_in(world, browser, "ada", frozenset(Permission))
    world.clock.advance(601)
    for door in doors():
        with subtests.test(f"{door.method} {door.path}"):
            answer = await person.tries(door)
            if door.grave:
                assert answer.status == 403
                assert 'name="current_password"' in answer.text
            else:
                assert answer.text == IN


@pytest.mark.parametrize("door", console.DOORS, ids=lambda door: f"{door.method} {door.path}")
def test_a_page_of_the_console_declares_who_may_open_it(door):
    part = max((path for path in PAGES if door.path == path or door.path.startswith(f"{path}/")), key=len)
    assert door.any_of, "a page without a permission would be open to everybody"
    assert set(door.any_of) <= PAGES[part]


def test_what_changes_other_people_or_the_rules_is_grave():
    harmless = {"/admin/passwords/rules", "/admin/passwords/two-step", "/admin/users/import"}
    lax = {door.path for door in console.DOORS if door.changes and not door.grave}
    assert lax <= harmless
