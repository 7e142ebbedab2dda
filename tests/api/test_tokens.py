"""API tokens over HTTP: shown once, stored as a digest, made for oneself and for no more than one holds."""

from __future__ import annotations

from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.model import Permission
from tests.api.world import EVERYTHING, World

NEW = {"name": "nightly", "permissions": ["audit.read"]}


async def test_a_token_is_shown_once_and_works(world: World):
    admin = await world.person("admin", *EVERYTHING)
    _, headers = await world.session(admin)
    made = await world.call("POST", "/tokens", headers, json={**NEW, "expires_at": "2027-02-01T00:00:00Z"})
    assert made.status == 201
    secret = made.body["token"]
    assert secret.startswith("gk_")
    assert made.body["expires_at"] == "2027-02-01T00:00:00Z"
    listed = await world.call("GET", "/tokens", headers)
    assert [token["name"] for token in listed.body["items"]] == ["nightly"]
    assert secret not in listed.text
    assert (await world.services.database.read.tokens.by_digest(digest(secret))).id == made.body["id"]
    used = {"Authorization": f"Bearer {secret}"}
    assert (await world.call("GET", "/audit", used)).status == 200
    assert (await world.call("GET", "/users", used)).status == 403
    assert secret not in (await world.call("GET", "/audit/export", headers)).text
    assert (await world.call("GET", "/tokens", headers)).body["items"][0]["last_used_at"] == "2027-01-15T08:00:00Z"


async def test_a_token_that_is_revoked_opens_nothing(world: World):
    admin = await world.person("admin", *EVERYTHING)
    _, headers = await world.session(admin)
    made = (await world.call("POST", "/tokens", headers, json=NEW)).body
    assert (await world.call("DELETE", f"/tokens/{made['id']}", headers)).status == 204
    assert (await world.call("DELETE", f"/tokens/{made['id']}", headers)).status == 404
    assert (await world.call("GET", "/audit", {"Authorization": f"Bearer {made['token']}"})).status == 401


async def test_nobody_makes_a_token_that_holds_or_outlives_more_than_they_do(world: World, subtests):
    anna = await world.person("anna", Permission.USERS_MANAGE)
    _, headers = await world.session(anna)
    with subtests.test("more than a person holds"):
        answer = await world.call("POST", "/tokens", headers, json=NEW)
        assert (answer.status, answer.body["permissions"]) == (403, ["audit.read"])
    by_token = await world.bearer(
        await world.person("admin", *EVERYTHING), Permission.AUDIT_READ, expires_at=world.now + 60
    )
    with subtests.test("more than a token holds"):
        assert (
            await world.call("POST", "/tokens", by_token, json={**NEW, "permissions": ["users.manage"]})
        ).status == 403
    with subtests.test("longer than a token lasts"):
        later = {**NEW, "expires_at": "2027-02-01T00:00:00Z"}
        assert (await world.call("POST", "/tokens", by_token, json=later)).status == 403
        made = await world.call("POST", "/tokens", by_token, json=NEW)
        assert made.body["expires_at"] == "2027-01-15T08:01:00Z"


async def test_each_fault_is_named_by_its_field(world: World, subtests):
    headers = await world.bearer(await world.person("admin", *EVERYTHING))
    faults = [
        ({"name": " "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"permissions": ["root"]}, "permissions.0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2028-01-01T00:00:00"}, "expires_at"),
        ({"owner_id": "x"}, "owner_id"),
    ]
    for change, field in faults:
        with subtests.test(str(change)):
            answer = await world.call("POST", "/tokens", headers, json={**NEW, **change})
            assert (answer.status, answer.fields) == (422, [field])


async def test_somebody_elses_tokens_are_seen_and_ended_by_who_manages_people(world: World):
    anna = await world.person("anna", Permission.AUDIT_READ)
    await world.bearer(anna)
    token = (await world.services.database.read.tokens.of_owner(anna.id))[0]
    stranger = await world.bearer(await world.person("stranger", Permission.AUDIT_READ))
    manager = await world.bearer(await world.person("manager", Permission.AUDIT_READ, Permission.USERS_MANAGE))
    assert (await world.call("GET", f"/tokens?user={anna.id}", stranger)).status == 403
    assert (await world.call("DELETE", f"/tokens/{token.id}", stranger)).status == 403
    seen = await world.call("GET", f"/tokens?user={anna.id}", manager)
    assert [item["id"] for item in seen.body["items"]] == [token.id]
    assert (await world.call("DELETE", f"/tokens/{token.id}", manager)).status == 204


async def test_a_token_ends_itself_but_no_sibling_that_its_owner_made_for_more(world: World):
    anna = await world.person("anna", *EVERYTHING)
    small = await world.bearer(anna, Permission.AUDIT_READ)
    await world.bearer(anna)
    found = (await world.call("GET", "/tokens", small)).body["items"]
    mine = next(token["id"] for token in found if token["permissions"] == ["audit.read"])
    sibling = next(token["id"] for token in found if token["id"] != mine)
    assert (await world.call("DELETE", f"/tokens/{sibling}", small)).status == 403
    assert (await world.call("DELETE", f"/tokens/{mine}", small)).status == 204
    assert (await world.call("GET", "/session", small)).status == 401
