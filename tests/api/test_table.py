"""Permission by call by object: every call of the table, asked by people who hold each permission alone."""

from __future__ import annotations

import pytest

from gatekeeper.api.endpoints import Endpoint
from gatekeeper.api.routes import BASE as VERSION
from gatekeeper.api.table import ENDPOINTS
from gatekeeper.domain.model import Permission
from tests.api.world import EVERYTHING, World

POLICY = {"expiry": {"mode": "never"}, "reuse": {"forbid_last": 0}, "strength": "basic"}
REASON = {"reason": "because"}
BODIES = {
    "/policies/password": POLICY,
    "/policies/password/preview": POLICY,
    "/policies/two-factor": {"mode": "off"},
    "/policies/two-factor/preview": {"mode": "off"},
    "/users": {"username": "nora", "email": "nora@example.com"},
    "/users/{id}": {"display_name": "Somebody"},
    "/users/{id}/permissions": {"permissions": []},
    "/users/{id}/password": {"new_password": "Correct-Horse-9"},
    "/users/{id}/reset-two-factor": REASON,
    "/users/{id}/enrolment-code": REASON,
    "/users/{id}/one-time-link": REASON,
    "/users/{id}/unlock": REASON,
    "/tokens": {"name": "for tests", "permissions": []},
}
IDS = [f"{endpoint.method} {endpoint.path}" for endpoint in ENDPOINTS]


async def ask(world: World, endpoint: Endpoint, headers: dict[str, str], target: str):
    """The call with a body that is right and somebody's id in its path."""
    path = endpoint.path.replace("{id}", target).replace("{session}", "0" * 64)
    more = {}
    if endpoint.body is not None:
        more["json"] = BODIES[endpoint.path]
    elif endpoint.has_body:
        more["data"] = b"username,email\n"
        headers = {**headers, "Content-Type": endpoint.body_type}
    if endpoint.versioned and endpoint.changes:
        headers = {**headers, "If-Match": "*"}
    return await world.call(endpoint.method, path, headers, **more)


def test_every_call_with_a_body_is_in_the_matrix():
    assert {endpoint.path for endpoint in ENDPOINTS if endpoint.body is not None} == set(BODIES)


def test_no_call_is_there_twice_and_every_change_is_grave_but_previews():
    assert len(set(IDS)) == len(IDS)
    assert [name for name, one in zip(IDS, ENDPOINTS, strict=True) if one.changes and not one.grave] == [
        "POST /policies/password/preview",
        "POST /policies/two-factor/preview",
    ]


async def test_a_call_is_open_to_who_holds_one_of_its_permissions_and_to_nobody_else(world: World, subtests):
    await world.person("operator", *EVERYTHING)
    holders = {
        permission: await world.bearer(await world.person(permission.value.replace(".", "-"), permission))
        for permission in Permission
    }
    untouched = await world.person("untouched")
    for name, endpoint in zip(IDS, ENDPOINTS, strict=True):
        for permission, headers in holders.items():
            open_to_them = not endpoint.any_of or permission in endpoint.any_of
            target = await world.person(f"target{abs(hash((name, permission)))}") if open_to_them else untouched
            with subtests.test(f"{name} {permission}"):
                answer = await ask(world, endpoint, headers, target.id)
                assert (answer.status == 403) == (not open_to_them)
                assert answer.status < 500
                if not open_to_them:
                    assert answer.kind == "forbidden"
                    assert set(answer.body["permissions"]) == {needed.value for needed in endpoint.any_of}
    assert (await world.user(untouched.id)) == untouched


async def test_nothing_is_open_to_who_is_not_known_and_no_grave_change_to_an_old_proof(world: World, subtests):
    admin = await world.person("admin", *EVERYTHING)
    target = await world.person("target")
    _, stale = await world.session(admin, proved_ago=3600)
    before = await world.user(target.id)
    for name, endpoint in zip(IDS, ENDPOINTS, strict=True):
        with subtests.test(name):
            assert (await ask(world, endpoint, {}, target.id)).status == 401
            if endpoint.grave:
                assert (await ask(world, endpoint, stale, target.id)).kind == "recent-proof"
            if endpoint.changes:
                answer = await ask(world, endpoint, {"Cookie": stale["Cookie"]}, target.id)
                assert (answer.status, answer.kind) == (403, "csrf")
    assert await world.user(target.id) == before


async def test_an_address_without_a_call_gets_404_and_a_wrong_method_405(world: World):
    missing = await world.call("GET", "/nothing/here")
    assert (missing.status, missing.kind) == (404, "not-found")
    wrong = await world.call("DELETE", "/policies/password")
    assert (wrong.status, wrong.kind, wrong.headers["Allow"]) == (405, "method", "GET, PUT")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=IDS)
def test_every_call_says_what_it_does(endpoint):
    assert endpoint.summary
    assert endpoint.path.startswith("/")
    assert endpoint.handler.__doc__
    assert VERSION == "/api/v1"
