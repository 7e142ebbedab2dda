"""The password policy over HTTP: read, replaced under its version, previewed, demanded."""

from __future__ import annotations

import asyncio

import pytest

from gatekeeper.domain.model import Permission, Strength
from tests.api.world import World

DAY = 86_400.0
NEVER = {"expiry": {"mode": "never"}, "reuse": {"forbid_last": 0}, "strength": "basic"}


@pytest.fixture
async def manager(world: World) -> dict[str, str]:
    return await world.bearer(await world.person("paula", Permission.POLICIES_MANAGE, strength=Strength.ADVANCED))


async def replace(world: World, headers: dict[str, str], policy: object, etag: str = "*") -> object:
    return await world.call("PUT", "/policies/password", {**headers, "If-Match": etag}, json=policy)


async def test_what_is_read_can_be_sent_back_as_it_is(world: World, manager):
    read = await world.call("GET", "/policies/password", manager)
    assert read.status == 200
    assert read.body == NEVER
    again = await replace(world, manager, read.body, read.headers["ETag"])
    assert again.status == 200
    assert again.body == NEVER


async def test_warn_days_may_be_left_out_and_are_seven(world: World, manager):
    policy = {**NEVER, "expiry": {"mode": "every", "days": 90}}
    answer = await replace(world, manager, policy)
    assert answer.body["expiry"] == {"mode": "every", "days": 90, "warn_days": 7}


async def test_a_stale_version_gets_412_and_changes_nothing(world: World, manager):
    first = await world.call("GET", "/policies/password", manager)
    await replace(world, manager, {**NEVER, "strength": "medium"}, first.headers["ETag"])
    stale = await replace(world, manager, {**NEVER, "strength": "advanced"}, first.headers["ETag"])
    assert (stale.status, stale.kind, stale.fields) == (412, "stale", ["If-Match"])
    assert (await world.call("GET", "/policies/password", manager)).body["strength"] == "medium"


async def test_of_two_at_once_under_one_version_one_wins(world: World, manager):
    etag = (await world.call("GET", "/policies/password", manager)).headers["ETag"]
    answers = await asyncio.gather(
        *(replace(world, manager, {**NEVER, "reuse": {"forbid_last": n}}, etag) for n in range(1, 6))
    )
    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412, 412]


async def test_a_version_that_never_was_is_stale(world: World, manager, subtests):
    for etag in ('W/"0"', '"x"', '"7", "8"', '"99999999999999999999999999"'):
        with subtests.test(etag):
            assert (await replace(world, manager, NEVER, etag)).status == 412


async def test_without_if_match_428(world: World, manager):
    answer = await world.call("PUT", "/policies/password", manager, json=NEVER)
    assert (answer.status, answer.kind) == (428, "if-match")


FAULTS = [
    ({**NEVER, "expiry": {"mode": "every", "days": 0}}, ["expiry.days"]),
    ({**NEVER, "expiry": {"mode": "every", "days": "90"}}, ["expiry.days"]),
    ({**NEVER, "expiry": {"mode": "every", "days": True}}, ["expiry.days"]),
    ({**NEVER, "expiry": {"mode": "every"}}, ["expiry.days"]),
    ({**NEVER, "expiry": {"mode": "every", "days": 9, "warn": 1}}, ["expiry.warn"]),
    ({**NEVER, "expiry": {"mode": "never", "days": 9}}, ["expiry.days"]),
    ({**NEVER, "expiry": {"mode": "sometimes"}}, ["expiry.mode"]),
    ({**NEVER, "expiry": {}}, ["expiry.mode"]),
    ({**NEVER, "reuse": {"forbid_last": 25}}, ["reuse.forbid_last"]),
    ({**NEVER, "reuse": {"forbid_last": -1}}, ["reuse.forbid_last"]),
    ({**NEVER, "strength": "heroic"}, ["strength"]),
    ({**NEVER, "colour": "red"}, ["colour"]),
    ({"expiry": {"mode": "never"}}, ["reuse", "strength"]),
    ([], [None]),
]


async def test_each_fault_is_named_by_its_field(world: World, manager, subtests):
    for policy, fields in FAULTS:
        with subtests.test(str(policy)):
            answer = await replace(world, manager, policy)
            assert (answer.status, answer.kind) == (422, "invalid")
            assert answer.fields == fields
            assert all(error["message"] for error in answer.body["errors"])


async def test_what_is_no_json_gets_400(world: World, manager, subtests):
    headers = {**manager, "If-Match": "*", "Content-Type": "application/json"}
    for body in (b"{", b"", b"\xff", b'{"a": 1,}', b'{"strength": "\\ud800"}', b"[" * 5000):
        with subtests.test(str(body[:20])):
            answer = await world.call("PUT", "/policies/password", headers, data=body)
            assert (answer.status, answer.kind) == (400, "malformed")


async def test_another_media_type_gets_415(world: World, manager):
    headers = {**manager, "If-Match": "*", "Content-Type": "application/x-www-form-urlencoded"}
    answer = await world.call("PUT", "/policies/password", headers, data=b"strength=basic")
    assert (answer.status, answer.kind) == (415, "media-type")


async def test_a_change_raises_the_epoch_is_known_to_this_node_and_is_in_the_log(world: World, manager):
    before = world.services.node.policies
    await replace(world, manager, {**NEVER, "strength": "advanced"})
    after = world.services.node.policies
    assert after.epoch == before.epoch + 1
    assert after.password.strength is Strength.ADVANCED
    entry = (await world.log("policy.password.replace"))[0]
    assert entry.actor_name == "paula"
    assert entry.details["before"]["strength"] == "basic"
    assert entry.details["after"]["strength"] == "advanced"


async def test_raising_the_level_previews_exactly_the_people_who_fall_short(world: World, manager):
    await world.person("basil", strength=Strength.BASIC)
    await world.person("mina", strength=Strength.MEDIUM)
    await world.person("adam", strength=Strength.ADVANCED)
    await world.person("una", strength=None)
    await world.person("nopassword", strength=None, password_hash=None)
    answer = await world.call("POST", "/policies/password/preview", manager, json={**NEVER, "strength": "advanced"})
    assert answer.status == 200
    assert answer.body["affected"] == 2
    assert answer.body["by_effect"] == {"falls_short": 2, "expired": 0, "strength_unknown": 1}
    assert {item["user"]["username"] for item in answer.body["items"]} == {"basil", "mina"}
    assert all(item["effects"] == ["falls_short"] for item in answer.body["items"])


async def test_those_whose_level_nobody_knows_are_listed_apart(world: World, manager):
    await world.person("una", strength=None)
    path = "/policies/password/preview?effect=strength_unknown"
    answer = await world.call("POST", path, manager, json={**NEVER, "strength": "medium"})
    assert [item["user"]["username"] for item in answer.body["items"]] == ["una"]


async def test_a_preview_counts_a_person_once_and_pages_through_everybody(world: World, manager):
    long_ago = world.now - 100 * DAY
    for number in range(3):
        await world.person(f"both{number}", strength=Strength.BASIC, changed_at=long_ago)
        await world.person(f"short{number}", strength=Strength.BASIC)
        await world.person(f"old{number}", strength=Strength.ADVANCED, changed_at=long_ago)
    policy = {"expiry": {"mode": "every", "days": 90}, "reuse": {"forbid_last": 0}, "strength": "advanced"}
    seen: list[str] = []
    cursor = ""
    while True:
        answer = await world.call("POST", f"/policies/password/preview?limit=2{cursor}", manager, json=policy)
        assert answer.body["affected"] == 9
        assert answer.body["by_effect"] == {"falls_short": 6, "expired": 6, "strength_unknown": 0}
        seen += [item["user"]["username"] for item in answer.body["items"]]
        if answer.body["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.body['next_cursor']}"
    assert len(seen) == len(set(seen)) == 9


async def test_a_cursor_of_rubbish_gets_400(world: World, manager, subtests):
    for cursor in ("rubbish", "falls_short:rubbish", "strength_unknown:", "%00", "falls_short:W10"):
        with subtests.test(cursor):
            path = f"/policies/password/preview?cursor={cursor}"
            answer = await world.call("POST", path, manager, json={**NEVER, "strength": "advanced"})
            assert answer.status == 400
            assert answer.fields == ["cursor"]


async def test_a_change_demanded_of_everybody_is_owed_at_their_next_request(world: World, manager):
    anna = await world.person("anna", Permission.AUDIT_READ)
    _, headers = await world.session(anna)
    assert (await world.call("GET", "/session", headers)).status == 200
    world.clock.advance(1)
    assert (await world.call("POST", "/policies/password/require-change", manager)).status == 204
    owing = await world.call("GET", "/session", headers)
    assert (owing.status, owing.kind) == (401, "password-expired")
    assert await world.log("policy.password.require-change")


async def test_a_demand_survives_a_replacement_of_the_policy(world: World, manager):
    anna = await world.person("anna")
    world.clock.advance(1)
    await world.call("POST", "/policies/password/require-change", manager)
    await replace(world, manager, {**NEVER, "strength": "medium"})
    users = await world.call("GET", f"/users/{anna.id}", manager)
    assert users.body["password"]["change_required"] is True


async def test_an_expiry_shows_with_each_person(world: World, manager):
    anna = await world.person("anna")
    await replace(world, manager, {**NEVER, "expiry": {"mode": "every", "days": 1}})
    shown = (await world.call("GET", f"/users/{anna.id}", manager)).body["password"]
    assert shown["changed_at"] == "2027-01-15T08:00:00Z"
    assert shown["expires_at"] == "2027-01-16T08:00:00Z"
    assert shown["change_required"] is False
