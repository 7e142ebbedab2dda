"""Half-way means nowhere: every address for nobody, for somebody half-way, and for somebody who is in."""

from __future__ import annotations

import re

import pytest
from aiohttp import web

from gatekeeper.app import make_app, make_renderer
from tests.e2e.gateway import Gate, open_gate
from tests.e2e.process import Visitor

pytestmark = pytest.mark.parametrize("gate", [open_gate], ids=["one-node"], indirect=True)

PLATFORM = ["/", "/mail/", "/mail/whoami", "/mail/api/messages", "/mail/events", "/mail/nothing-here"]
SIGN_IN = re.compile(r"/gatekeeper/(login(/[a-z-]+)?|logout)$")
OPEN = re.compile(r"/gatekeeper/(static/.*|\.well-known/jwks\.json|api/v1/openapi\.json|account/recovery-address)$")


def addresses(app: web.Application) -> list[tuple[str, str]]:
    """Every method and address of the app, with an id that exists nowhere in the place of each variable."""
    found = set()
    for route in app.router.routes():
        if route.method not in {"HEAD", "*"} and route.resource is not None:
            path = re.sub(r"\{[^}]*\}", "00000000-0000-0000-0000-000000000000", route.resource.canonical)
            found.add((route.method, path))
    return sorted(found)


async def half_way_after_password(gate: Gate, visitor: Visitor) -> None:
    """Anna has an authenticator, and has given her password but no code."""
    _, where = await visitor.gives_password(gate.base, "anna@example.com")
    assert "/login/code" in where


async def half_way_after_code(gate: Gate, visitor: Visitor) -> None:
    """Anna has given password and code, and owes a new password."""
    anna = await gate.user_id("anna@example.com")
    await gate.api("POST", f"/users/{anna}/require-password-change")
    await half_way_after_password(gate, visitor)
    _, page = await visitor.get(f"{gate.base}/gatekeeper/login/code")
    _, where = await visitor.post(f"{gate.base}/gatekeeper/login/code", page, code=visitor.code(gate.clock()))
    assert "/login/password" in where


async def half_way_by_a_link(gate: Gate, visitor: Visitor) -> None:
    """Anna was given a one-time link and has used it, and has given no code."""
    anna = await gate.user_id("anna@example.com")
    made = await gate.api("POST", f"/users/{anna}/one-time-link", {"reason": "forgot it"})
    _, page = await visitor.get(made["link"])
    token = made["link"].partition("?token=")[2]
    _, where = await visitor.post(f"{gate.base}/gatekeeper/login/reset", page, token=token)
    assert "/login/code" in where


async def half_way_by_a_link_after_code(gate: Gate, visitor: Visitor) -> None:
    """Anna has used a one-time link and given the code, and owes a new password."""
    await half_way_by_a_link(gate, visitor)
    _, page = await visitor.get(f"{gate.base}/gatekeeper/login/code")
    _, where = await visitor.post(f"{gate.base}/gatekeeper/login/code", page, code=visitor.code(gate.clock()))
    assert "/login/password" in where


async def enrol(gate: Gate, visitor: Visitor, username: str) -> None:
    """Signs a person in who must enrol, through the three steps, to the very end."""
    _, where = await visitor.gives_password(gate.base, username)
    assert "/login/enrol" in where
    _, page = await visitor.get(f"{gate.base}{where}")
    visitor.read_secret(page)
    _, where = await visitor.post(f"{gate.base}{where}", page, code=visitor.code(gate.clock()))
    assert "/login/recovery-codes" in where
    _, page = await visitor.get(f"{gate.base}{where}")
    status, where = await visitor.post(f"{gate.base}{where}", page, saved="on")
    assert (status, where) == (303, "/mail/whoami")


async def everywhere(gate: Gate, visitor: Visitor) -> dict[tuple[str, str], int]:
    services = gate.nodes[0].services
    own = addresses(make_app(services, make_renderer(services.config)))
    return {
        (method, path): await visitor.status(method, gate.base + path)
        for method, path in [*(("GET", path) for path in PLATFORM), ("POST", "/mail/compose"), *own]
        if not SIGN_IN.search(path) and not OPEN.search(path)
    }


@pytest.mark.parametrize(
    "state",
    [None, half_way_after_password, half_way_after_code, half_way_by_a_link, half_way_by_a_link_after_code],
)
async def test_only_a_session_passes(gate, state):
    async with Visitor() as enrolled, Visitor() as visitor:
        await gate.set_two_factor({"mode": "everyone"})
        await enrol(gate, enrolled, "anna@example.com")
        visitor.secret = enrolled.secret
        gate.clock.forward(60)
        if state is not None:
            await state(gate, visitor)
        answers = await everywhere(gate, visitor)
        assert len(answers) >= 40
        assert {asked: status for asked, status in answers.items() if status not in {302, 303, 401}} == {}
        assert answers["GET", "/mail/whoami"] == 401


async def test_a_session_passes(gate):
    async with Visitor() as visitor:
        await visitor.signs_in(gate.base, "anna@example.com")
        assert (await visitor.get(f"{gate.base}/mail/whoami"))[0] == 200
        assert (await visitor.get(f"{gate.base}/gatekeeper/account"))[0] == 200
        assert (await visitor.get(f"{gate.base}/gatekeeper/api/v1/session"))[0] == 200
        assert (await visitor.get(f"{gate.base}/gatekeeper/api/v1/users"))[0] == 403


async def test_a_session_that_owes_something_opens_the_owed_steps_and_sign_out_alone(gate):
    async with Visitor() as visitor:
        await visitor.signs_in(gate.base, "anna@example.com")
        await gate.set_two_factor({"mode": "everyone"})
        answers = await everywhere(gate, visitor)
        assert {asked: status for asked, status in answers.items() if status not in {302, 303, 401}} == {}
        status, text = await visitor.get(f"{gate.base}/mail/api/messages")
        assert status == 401
        assert "#second-factor" in text
        assert (await visitor.get(f"{gate.base}/gatekeeper/logout"))[0] == 200


async def test_a_planted_cookie_is_never_upgraded(gate):
    async with Visitor() as visitor:
        planted = "A" * 43
        visitor.plant(gate.base, "gatekeeper", planted)
        await visitor.signs_in(gate.base, "anna@example.com")
        assert visitor.cookie("gatekeeper") != planted


async def test_the_attempts_cookie_is_no_session(gate):
    async with Visitor() as visitor:
        await gate.set_two_factor({"mode": "everyone"})
        await visitor.gives_password(gate.base, "anna@example.com")
        visitor.plant(gate.base, "gatekeeper", visitor.cookie("gatekeeper-login"))
        assert (await visitor.get(f"{gate.base}/mail/whoami"))[0] == 401


async def test_password_managers_are_led_to_the_account_page(gate):
    async with Visitor() as visitor:
        await visitor.signs_in(gate.base, "anna@example.com")
        assert await visitor.location(f"{gate.base}/.well-known/change-password") == "/gatekeeper/account"
