"""Accounts over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.domain.model import Permission, User
from tests.api.world import EVERYTHING, PASSWORD, World

NEW = {"username": "Nora", "email": "nora@example.com", "display_name": "Nora Neu", "groups": ["staff"]}
SHAPE = {
    "id", "username", "email", "display_name", "recovery_email", "enabled", "permissions", "groups", "two_factor",
    "password", "created_at", "last_sign_in", "locked_until",
}  # fmt: skip


@pytest.fixture
async def admin(world: World) -> User:
    return await world.person("admin", *EVERYTHING)


@pytest.fixture
async def headers(world: World, admin: User) -> dict[str, str]:
    return await world.bearer(admin)


async def test_somebody_added_can_be_read_and_has_the_password_that_was_given(world: World, headers):
    made = await world.call("POST", "/users", headers, json={**NEW, "new_password": PASSWORD, "must_change": True})
    assert made.status == 201
    assert set(made.body) == SHAPE
    assert made.body["username"] == "Nora"
    assert made.body["password"]["strength"] == "advanced"
    assert made.body["password"]["change_required"] is True
    assert PASSWORD not in made.text
    read = await world.call("GET", f"/users/{made.body['id']}", headers)
    assert read.body == made.body
    stored = await world.services.database.read.passwords.current(made.body["id"])
    assert (await world.services.hasher.verify(stored.hash, PASSWORD)).ok
    assert (await world.log("user.create"))[0].target_name == "Nora"


async def test_without_a_password_there_is_none(world: World, headers):
    made = await world.call("POST", "/users", headers, json=NEW)
    assert made.body["password"] == {
        "changed_at": None,
        "expires_at": None,
        "strength": None,
        "change_required": False,
    }


async def test_a_name_or_address_that_leads_to_somebody_is_taken_however_it_is_spelt(world: World, headers, subtests):
    await world.call("POST", "/users", headers, json=NEW)
    for field, value in (("username", " nOrA "), ("email", "NORA@example.COM"), ("username", "nora@example.com")):
        with subtests.test(value):
            answer = await world.call(
                "POST", "/users", headers, json={**NEW, "username": "x", "email": "x@y.org", field: value}
            )
            assert (answer.status, answer.kind, answer.body["field"]) == (409, "already-exists", field)


async def test_each_fault_is_named_by_its_field(world: World, headers, subtests):
    faults = [
        ({"username": "  "}, ["username"]),
        ({"username": "two words"}, ["username"]),
        ({"username": "nul\x00"}, ["username"]),
        ({"email": "nowhere"}, ["email"]),
        ({"username": "", "email": "x"}, ["username", "email"]),
        ({"groups": ["a", "b,c"]}, ["groups.1"]),
        ({"groups": "staff"}, ["groups"]),
        ({"recovery_email": "x"}, ["recovery_email"]),
        ({"display_name": "a\u200eb"}, ["display_name"]),
        ({"permissions": ["everything"]}, ["permissions.0"]),
        ({"enabled": "yes"}, ["enabled"]),
        ({"password_hash": "x"}, ["password_hash"]),
        ({"new_password": "short"}, ["new_password"]),
        ({"new_password": "a" * 4000}, ["new_password"]),
        ({"new_password": "password1"}, ["new_password"]),
    ]
    for change, fields in faults:
        with subtests.test(str(change)[:60]):
            answer = await world.call("POST", "/users", headers, json={**NEW, **change})
            assert (answer.status, answer.fields) == (422, fields)
    assert (await world.call("GET", "/users?query=nora", headers)).body["items"] == []


async def test_only_who_grants_permissions_can_add_somebody_with_them(world: World):
    manager = await world.bearer(await world.person("manager", Permission.USERS_MANAGE))
    refused = await world.call("POST", "/users", manager, json={**NEW, "permissions": ["audit.read"]})
    assert (refused.status, refused.body["permissions"]) == (403, ["permissions.grant"])
    assert (await world.call("POST", "/users", manager, json=NEW)).status == 201


async def test_people_are_found_by_the_beginning_of_any_word_in_pages(world: World, headers):
    for name in ("Frédéric Lelièvre", "Pál Erdős", "Anna 100%"):
        username = name.split()[0].casefold().encode("ascii", "ignore").decode()
        body = {**NEW, "username": username, "email": f"{username}@example.com", "display_name": name}
        await world.call("POST", "/users", headers, json=body)
    for query, count in (("lelievre", 1), ("ERDOS", 1), ("FREDERIC", 1), ("%", 0), ("_", 0), ("example", 4)):
        found = await world.call("GET", "/users", headers, params={"query": query})
        assert (query, len(found.body["items"])) == (query, count)
    first = await world.call("GET", "/users?limit=3", headers)
    rest = await world.call("GET", f"/users?limit=3&cursor={first.body['next_cursor']}", headers)
    assert len(first.body["items"]) + len(rest.body["items"]) == 4
    assert rest.body["next_cursor"] is None
    holders = await world.call("GET", "/users?permission=permissions.grant&enabled=true", headers)
    assert [user["username"] for user in holders.body["items"]] == ["admin"]


async def test_parameters_that_cannot_be_get_400_with_their_name(world: World, headers, subtests):
    cases = {
        "limit=0": "limit",
        "limit=201": "limit",
        "limit=x": "limit",
        "cursor=rubbish": "cursor",
        "cursor=W10": "cursor",
        "search=x": "search",
        "query=a&query=b": "query",
        "query=%00": "query",
        "permission=root": "permission",
        "enabled=maybe": "enabled",
    }
    for text, field in cases.items():
        with subtests.test(text):
            answer = await world.call("GET", f"/users?{text}", headers)
            assert (answer.status, answer.fields) == (400, [field])


async def test_a_change_changes_only_what_was_sent(world: World, headers):
    made = (await world.call("POST", "/users", headers, json={**NEW, "recovery_email": "r@example.org"})).body
    path = f"/users/{made['id']}"
    changed = await world.call("PATCH", path, headers, json={"display_name": "  Nora Alt ", "groups": ["b", "a", "b"]})
    assert changed.status == 200
    assert changed.body == {**made, "display_name": "Nora Alt", "groups": ["b", "a"]}
    gone = await world.call("PATCH", path, headers, json={"recovery_email": None})
    assert gone.body["recovery_email"] is None
    entry = (await world.log("user.change"))[1]
    assert entry.details["before"] == {"display_name": "Nora Neu", "groups": ["staff"]}
    assert entry.details["after"] == {"display_name": "Nora Alt", "groups": ["b", "a"]}


async def test_a_change_that_cannot_be_names_its_field(world: World, headers, subtests):
    made = (await world.call("POST", "/users", headers, json=NEW)).body
    cases = [
        ({"email": None}, "email"),
        ({"email": "x"}, "email"),
        ({"email": "admin@example.com"}, "email"),
        ({"username": "other"}, "username"),
        ({"groups": ["a,b"]}, "groups.0"),
        ({"enabled": 1}, "enabled"),
        ({}, None),
    ]
    for body, field in cases:
        with subtests.test(str(body)):
            answer = await world.call("PATCH", f"/users/{made['id']}", headers, json=body)
            assert answer.status in {409, 422}
            assert answer.fields == [field]


async def test_a_persons_sessions_learn_of_a_change(world: World, headers):
    anna = await world.person("anna")
    session, _ = await world.session(anna)
    await world.call("PATCH", f"/users/{anna.id}", headers, json={"groups": ["board"]})
    assert (await world.services.sessions.get(session.id)).owner.groups == ("board",)


async def test_closing_an_account_ends_its_sessions_and_its_tokens_and_opening_it_ends_neither(world: World, headers):
    anna = await world.person("anna", Permission.AUDIT_READ)
    session, cookie = await world.session(anna)
    token = await world.bearer(anna)
    assert (await world.call("PATCH", f"/users/{anna.id}", headers, json={"enabled": False})).status == 200
    assert not await world.stands(session)
    assert (await world.call("GET", "/audit", cookie)).status == 401
    assert (await world.call("GET", "/audit", token)).status == 401
    await world.call("PATCH", f"/users/{anna.id}", headers, json={"enabled": True})
    assert (await world.call("GET", "/audit", token)).status == 200
    assert (await world.call("GET", "/audit", cookie)).status == 401
    assert [entry.action for entry in (await world.log("user.disable")) + (await world.log("user.enable"))]


async def test_somebody_deleted_is_gone_with_their_sessions_but_not_from_the_log(world: World, headers):
    anna = await world.person("anna", Permission.AUDIT_READ)
    session, cookie = await world.session(anna)
    token = await world.bearer(anna)
    assert (await world.call("DELETE", f"/users/{anna.id}", headers)).status == 204
    assert (await world.call("GET", f"/users/{anna.id}", headers)).status == 404
    assert (await world.call("DELETE", f"/users/{anna.id}", headers)).status == 404
    assert not await world.stands(session)
    for asker in (cookie, token):
        assert (await world.call("GET", "/audit", asker)).status == 401
    assert (await world.log("user.delete"))[0].target_name == "anna"


async def test_losing_a_permission_works_at_the_next_request_and_ends_the_sessions(world: World, headers):
    anna = await world.person("anna", Permission.AUDIT_READ)
    session, cookie = await world.session(anna)
    token = await world.bearer(anna)
    assert (await world.call("GET", "/audit", cookie)).status == 200
    answer = await world.call("PUT", f"/users/{anna.id}/permissions", headers, json={"permissions": []})
    assert (answer.status, answer.body["permissions"]) == (200, [])
    assert (await world.call("GET", "/audit", cookie)).status in {401, 403}
    assert (await world.call("GET", "/audit", token)).status == 403
    assert not await world.stands(session)
    assert (await world.log("user.permissions.set"))[0].details["revoked"] == ["audit.read"]


async def test_a_permission_that_is_gone_opens_nothing_even_where_redis_does_not_know_yet(world: World):
    anna = await world.person("anna", Permission.AUDIT_READ)
    _, cookie = await world.session(anna)
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(anna.id, frozenset({Permission.CLIENTS_MANAGE}))
    assert (await world.call("GET", "/audit", cookie)).status == 403


async def test_a_permission_that_is_granted_opens_at_once_and_ends_nothing(world: World, headers):
    anna = await world.person("anna")
    session, cookie = await world.session(anna)
    assert (await world.call("GET", "/audit", cookie)).status == 403
    await world.call("PUT", f"/users/{anna.id}/permissions", headers, json={"permissions": ["audit.read"]})
    assert (await world.call("GET", "/audit", cookie)).status == 200
    assert await world.stands(session)


async def test_who_takes_a_permission_from_themselves_stays_signed_in_there_only(world: World):
    await world.person("other", *EVERYTHING)
    admin = await world.person("boss", *EVERYTHING)
    here, cookie = await world.session(admin)
    elsewhere, _ = await world.session(admin)
    left = ["permissions.grant", "users.manage"]
    answer = await world.call("PUT", f"/users/{admin.id}/permissions", cookie, json={"permissions": left})
    assert answer.status == 200
    assert await world.stands(here)
    assert not await world.stands(elsewhere)
    assert (await world.call("GET", "/audit", cookie)).status == 403


async def test_the_last_who_can_grant_permissions_keeps_that_and_an_open_account(world: World, admin, headers):
    path = f"/users/{admin.id}"
    answers = [
        await world.call("PUT", f"{path}/permissions", headers, json={"permissions": ["users.manage"]}),
        await world.call("PATCH", path, headers, json={"enabled": False}),
        await world.call("DELETE", path, headers),
    ]
    assert [(answer.status, answer.kind) for answer in answers] == [(409, "last-holder")] * 3
    assert (await world.user(admin.id)).facts == admin.facts
    assert [entry.outcome for entry in await world.log("api.change")] == ["refused"] * 3


async def test_two_who_take_it_from_each_other_at_once_leave_one(world: World):
    first, second = await world.person("first", *EVERYTHING), await world.person("second", *EVERYTHING)
    by_first, by_second = await world.bearer(first), await world.bearer(second)
    for _ in range(5):
        answers = await asyncio.gather(
            world.call("PUT", f"/users/{second.id}/permissions", by_first, json={"permissions": []}),
            world.call("PUT", f"/users/{first.id}/permissions", by_second, json={"permissions": []}),
        )
        holders = await world.services.database.read.users.holders(Permission.PERMISSIONS_GRANT)
        assert len(holders) == 1
        assert min(answer.status for answer in answers) == 200
        async with world.services.database.transaction() as tables:
            await tables.users.set_permissions(first.id, EVERYTHING)
            await tables.users.set_permissions(second.id, EVERYTHING)
