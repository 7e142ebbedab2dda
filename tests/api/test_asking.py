"""Who asks: a session with its token against forgery, or a bearer that is never worth more than its owner."""

from __future__ import annotations

from gatekeeper.domain.model import Permission
from gatekeeper.manners import csrf
from tests.api.world import EVERYTHING, World

NEW = {"username": "nora", "email": "nora@example.com"}


async def test_nobody_is_told_where_to_sign_in(world: World):
    for headers in ({}, {"Cookie": "gatekeeper=unknown"}, {"Authorization": "Basic eDp5"}):
        answer = await world.call("GET", "/users", headers)
        assert (answer.status, answer.kind) == (401, "sign-in")
        assert answer.body["login_url"] == "/gatekeeper/login"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_a_session_says_who_asks(world: World):
    anna = await world.person("anna", Permission.AUDIT_READ)
    session, headers = await world.session(anna)
    answer = await world.call("GET", "/session", {"Cookie": headers["Cookie"]})
    assert answer.body["user"]["username"] == "anna"
    assert answer.body["permissions"] == ["audit.read"]
    assert answer.body["amr"] == ["pwd"]
    assert answer.body["authenticated_at"] == "2027-01-15T08:00:00Z"
    assert csrf.is_session_token(world.services.signer, answer.body["csrf_token"], session)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_token_says_whose_it_is_and_what_it_holds(world: World):
    anna = await world.person("anna", Permission.AUDIT_READ, Permission.USERS_MANAGE)
    headers = await world.bearer(anna, Permission.AUDIT_READ, Permission.CLIENTS_MANAGE)
    answer = await world.call("GET", "/session", headers)
    assert answer.body["permissions"] == ["audit.read"]
    assert (answer.body["csrf_token"], answer.body["amr"], answer.body["authenticated_at"]) == (None, [], None)


async def test_a_change_by_cookie_needs_the_token_of_its_session(world: World, subtests):
    admin = await world.person("admin", *EVERYTHING)
    _, headers = await world.session(admin)
    _, others = await world.session(await world.person("other", *EVERYTHING))
    good = {"Cookie": headers["Cookie"], "X-CSRF-Token": headers["X-CSRF-Token"]}
    forged = {
        "none": {"Cookie": headers["Cookie"]},
        "empty": {**good, "X-CSRF-Token": ""},
        "somebody else's": {**good, "X-CSRF-Token": others["X-CSRF-Token"]},
        "cross-site": {**good, "Sec-Fetch-Site": "cross-site"},
        "same-site": {**good, "Sec-Fetch-Site": "same-site"},
        "another origin": {**good, "Origin": "https://evil.example"},
        "no origin": {**good, "Origin": "null"},
    }
    for name, sent in forged.items():
        with subtests.test(name):
            answer = await world.call("POST", "/users", sent, json=NEW)
            assert (answer.status, answer.kind) == (403, "csrf")
    own = {**good, "Sec-Fetch-Site": "same-origin", "Origin": f"http://{world.client.host}:{world.client.port}"}
    assert (await world.call("POST", "/users", own, json=NEW)).status == 201


async def test_a_bearer_reads_no_cookie(world: World):
    _, cookie = await world.session(await world.person("admin", *EVERYTHING))
    for token in ("gk_wrong", "", "gk_" + "x" * 5000):
        answer = await world.call("GET", "/users", {**cookie, "Authorization": f"Bearer {token}"})
        assert (answer.status, answer.kind) == (401, "sign-in")


async def test_a_bearer_needs_no_token_against_forgery_and_no_recent_proof(world: World):
    headers = await world.bearer(await world.person("admin", *EVERYTHING))
    world.clock.advance(100_000)
    sent = {**headers, "Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    assert (await world.call("POST", "/users", sent, json=NEW)).status == 201


async def test_a_grave_change_by_cookie_needs_a_proof_younger_than_ten_minutes(world: World):
    admin = await world.person("admin", *EVERYTHING)
    _, old = await world.session(admin, proved_ago=601)
    _, fresh = await world.session(admin, proved_ago=599)
    refused = await world.call("POST", "/users", old, json=NEW)
    assert (refused.status, refused.kind) == (403, "recent-proof")
    assert (await world.call("GET", "/users", old)).status == 200
    assert (await world.call("POST", "/users", fresh, json=NEW)).status == 201


async def test_a_token_never_holds_more_than_its_owner_holds_now(world: World):
    anna = await world.person("anna", *EVERYTHING)
    await world.person("other", *EVERYTHING)
    headers = await world.bearer(anna)
    assert (await world.call("GET", "/audit", headers)).status == 200
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(anna.id, frozenset({Permission.USERS_MANAGE}))
    assert (await world.call("GET", "/audit", headers)).status == 403


async def test_a_token_ends_when_it_says(world: World):
    headers = await world.bearer(await world.person("anna", *EVERYTHING), expires_at=world.now + 60)
    assert (await world.call("GET", "/session", headers)).status == 200
    world.clock.advance(60)
    assert (await world.call("GET", "/session", headers)).status == 401


async def test_a_refusal_names_the_permission_and_who_can_help(world: World):
    await world.person("ada", Permission.PERMISSIONS_GRANT)
    await world.person("closed", Permission.PERMISSIONS_GRANT, enabled=False)
    _, headers = await world.session(await world.person("anna"))
    answer = await world.call("GET", "/policies/password", headers)
    assert (answer.status, answer.kind) == (403, "forbidden")
    assert answer.body["permissions"] == ["policies.manage"]
    assert answer.body["ask"] == ["Ada (ada@example.com)"]
    assert "Ada (ada@example.com)" in answer.body["detail"]


async def test_nobody_acts_on_a_person_who_holds_what_they_lack(world: World, subtests):
    boss = await world.person("boss", *EVERYTHING)
    session, _ = await world.session(boss)
    held = EVERYTHING - {Permission.CLIENTS_MANAGE}
    headers = await world.bearer(await world.person("vice", *held))
    token = await world.services.database.read.tokens.of_owner(boss.id)
    assert token == []
    reason = {"reason": "because"}
    calls = [
        ("PATCH", f"/users/{boss.id}", {"email": "mine@example.com"}),
        ("DELETE", f"/users/{boss.id}", None),
        ("PUT", f"/users/{boss.id}/permissions", {"permissions": []}),
        ("POST", f"/users/{boss.id}/password", {"new_password": "Correct-Horse-9"}),
        ("POST", f"/users/{boss.id}/reset-two-factor", reason),
        ("POST", f"/users/{boss.id}/enrolment-code", reason),
        ("POST", f"/users/{boss.id}/unlock", reason),
        ("POST", f"/users/{boss.id}/require-password-change", None),
        ("POST", f"/users/{boss.id}/sign-out", None),
        ("GET", f"/users/{boss.id}/sessions", None),
        ("DELETE", f"/users/{boss.id}/sessions/{session.id}", None),
        ("GET", f"/tokens?user={boss.id}", None),
    ]
    for method, path, body in calls:
        with subtests.test(f"{method} {path}"):
            answer = await world.call(method, path, headers, json=body)
            assert (answer.status, answer.kind) == (403, "forbidden")
            assert answer.body["permissions"] == ["clients.manage"]
    assert (await world.user(boss.id)).facts == boss.facts
    assert await world.stands(session)
    refusals = await world.log("api.change")
    assert {entry.outcome for entry in refusals} == {"refused"}
    assert len(refusals) == len([call for call in calls if call[0] != "GET"])


async def test_a_token_does_not_act_on_an_owner_who_holds_more_than_it(world: World):
    boss = await world.person("boss", *EVERYTHING)
    headers = await world.bearer(boss, Permission.USERS_MANAGE)
    assert (await world.call("POST", f"/users/{boss.id}/sign-out", headers)).status == 403


async def test_an_account_that_is_closed_where_redis_does_not_know_yet_asks_nothing(world: World):
    anna = await world.person("anna", Permission.AUDIT_READ)
    _, headers = await world.session(anna)
    async with world.services.database.transaction() as tables:
        await tables.users.set_enabled(anna.id, False)
    assert (await world.call("GET", "/audit", headers)).status == 401
