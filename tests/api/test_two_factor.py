"""The two-step policy over HTTP: one rule with a list, replaced, previewed, and kept person by person."""

from __future__ import annotations

import pytest

from gatekeeper.domain.model import Permission, TwoFactorMode
from gatekeeper.flows import administration
from tests.api.world import World

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def manager(world: World) -> dict[str, str]:
    return await world.bearer(await world.person("paula", Permission.POLICIES_MANAGE))


async def replace(world: World, headers: dict[str, str], policy: object, etag: str = "*"):
    return await world.call("PUT", "/policies/two-factor", {**headers, "If-Match": etag}, json=policy)


async def test_it_is_off_until_somebody_decides_otherwise(world: World, manager):
    answer = await world.call("GET", "/policies/two-factor", manager)
    assert answer.body == {"mode": "off", "trusted_devices": {"mode": "off"}, "enrolment": "open"}
    assert answer.headers["ETag"]


async def test_everyone_except_one_reaches_those_who_are_created_later_too(world: World, manager):
    lucia = await world.person("lucia")
    answer = await replace(world, manager, {"mode": "everyone", "except": [lucia.id]})
    assert answer.status == 200
    assert answer.body["except"] == [lucia.id]
    later = await world.person("later")
    found = (await world.call("GET", "/users", manager)).body["items"]
    required = {user["username"]: user["two_factor"]["required"] for user in found}
    assert required == {"paula": True, "lucia": False, "later": True}
    assert (await world.call("GET", f"/users/{later.id}", manager)).body["two_factor"]["required"] is True
    assert (await world.call("GET", f"/users/{lucia.id}", manager)).body["two_factor"]["required"] is False


async def test_what_is_read_can_be_sent_back_as_it_is(world: World, manager, subtests):
    anna = await world.person("anna")
    policies = (
        {"mode": "off"},
        {"mode": "everyone", "except": [anna.id], "trusted_devices": {"mode": "days", "days": 30}},
        {"mode": "selected", "users": [anna.id, anna.id.upper()], "enrolment": "with-code"},
        {"mode": "everyone"},
    )
    for policy in policies:
        with subtests.test(policy["mode"]):
            first = await replace(world, manager, policy)
            assert first.status == 200
            second = await replace(world, manager, first.body, first.headers["ETag"])
            assert second.body == first.body


async def test_a_list_that_is_left_out_is_empty(world: World, manager):
    anna = await world.person("anna")
    await replace(world, manager, {"mode": "everyone", "except": [anna.id]})
    answer = await replace(world, manager, {"mode": "everyone"})
    assert answer.body["except"] == []


async def test_a_long_list_is_counted_and_stays_when_it_is_left_out(world: World, manager, monkeypatch):
    monkeypatch.setattr(administration, "MOST_LISTED", 1)
    people = [await world.person(f"p{number}") for number in range(2)]
    await replace(world, manager, {"mode": "selected", "users": [people[0].id]})
    await world.call("PUT", f"/policies/two-factor/people/{people[1].id}", manager)
    read = await world.call("GET", "/policies/two-factor", manager)
    assert (read.body["count"], "users" in read.body) == (2, False)
    again = await replace(world, manager, read.body, read.headers["ETag"])
    assert again.body["count"] == 2
    assert (await replace(world, manager, {"mode": "everyone"})).body["except"] == []


async def test_a_stale_version_gets_412_and_none_428(world: World, manager):
    etag = (await world.call("GET", "/policies/two-factor", manager)).headers["ETag"]
    await replace(world, manager, {"mode": "everyone"}, etag)
    assert (await replace(world, manager, {"mode": "off"}, etag)).status == 412
    assert (await world.call("PUT", "/policies/two-factor", manager, json={"mode": "off"})).status == 428


async def test_each_fault_is_named_by_its_field(world: World, manager, subtests):
    anna = await world.person("anna")
    faults = [
        ({"mode": "everyone", "except": [anna.id, NOBODY]}, ["except.1"]),
        ({"mode": "selected", "users": ["no id", anna.id, NOBODY]}, ["users.0", "users.2"]),
        ({"mode": "selected", "users": anna.id}, ["users"]),
        ({"mode": "selected", "users": [anna.id] * 1001}, ["users"]),
        ({"mode": "selected", "except": []}, ["except"]),
        ({"mode": "off", "users": []}, ["users"]),
        ({"mode": "all"}, ["mode"]),
        ({}, ["mode"]),
        ({"mode": "off", "trusted_devices": {"mode": "days", "days": 0}}, ["trusted_devices.days"]),
        ({"mode": "off", "trusted_devices": {"mode": "days"}}, ["trusted_devices.days"]),
        ({"mode": "off", "trusted_devices": {"mode": "ever"}}, ["trusted_devices.mode"]),
        ({"mode": "off", "enrolment": "closed"}, ["enrolment"]),
        ({"mode": "off", "unknown": 1}, ["unknown"]),
    ]
    for policy, fields in faults:
        with subtests.test(str(policy)[:80]):
            answer = await replace(world, manager, policy)
            assert (answer.status, answer.fields) == (422, fields)
            assert all(error["message"] for error in answer.body["errors"])


async def test_a_preview_names_those_who_would_have_to_enrol(world: World, manager):
    anna = await world.person("anna")
    await world.person("enrolled", enrolled=True)
    await world.person("closed", enabled=False)
    answer = await world.call("POST", "/policies/two-factor/preview", manager, json={"mode": "everyone"})
    assert answer.body["affected"] == 2
    assert answer.body["by_effect"] == {"must_enrol": 2}
    assert [item["user"]["username"] for item in answer.body["items"]] == ["anna", "paula"]
    selected = {"mode": "selected", "users": [anna.id]}
    answer = await world.call("POST", "/policies/two-factor/preview", manager, json=selected)
    assert (answer.body["affected"], answer.body["items"][0]["effects"]) == (1, ["must_enrol"])
    assert (await world.services.database.read.policies.read()).two_factor.mode is TwoFactorMode.OFF


async def test_a_preview_comes_in_pages(world: World, manager):
    for number in range(4):
        await world.person(f"p{number}")
    path = "/policies/two-factor/preview?limit=3"
    first = await world.call("POST", path, manager, json={"mode": "everyone"})
    second = await world.call("POST", f"{path}&cursor={first.body['next_cursor']}", manager, json={"mode": "everyone"})
    names = [item["user"]["username"] for page in (first, second) for item in page.body["items"]]
    assert names == ["p0", "p1", "p2", "p3", "paula"]
    assert second.body["next_cursor"] is None


async def test_people_are_listed_added_and_removed_one_by_one(world: World, manager):
    people = [await world.person(f"p{number}") for number in range(3)]
    await replace(world, manager, {"mode": "selected", "users": []})
    for person in people:
        assert (await world.call("PUT", f"/policies/two-factor/people/{person.id}", manager)).status == 204
    first = await world.call("GET", "/policies/two-factor/people?limit=2", manager)
    assert [user["username"] for user in first.body["items"]] == ["p0", "p1"]
    rest = await world.call("GET", f"/policies/two-factor/people?cursor={first.body['next_cursor']}", manager)
    assert [user["username"] for user in rest.body["items"]] == ["p2"]
    assert (await world.call("DELETE", f"/policies/two-factor/people/{people[0].id}", manager)).status == 204
    left = await world.call("GET", "/policies/two-factor", manager)
    assert sorted(left.body["users"]) == sorted(person.id for person in people[1:])
    entry = (await world.log("policy.two-factor.person.remove"))[0]
    assert (entry.target_name, entry.actor_name) == ("p0", "paula")


async def test_adding_somebody_twice_changes_nothing_and_is_no_fault(world: World, manager):
    anna = await world.person("anna")
    await replace(world, manager, {"mode": "selected", "users": [anna.id]})
    etag = (await world.call("GET", "/policies/two-factor", manager)).headers["ETag"]
    assert (await world.call("PUT", f"/policies/two-factor/people/{anna.id}", manager)).status == 204
    assert (await world.call("GET", "/policies/two-factor", manager)).headers["ETag"] == etag


async def test_a_policy_that_is_off_has_no_list(world: World, manager):
    anna = await world.person("anna")
    answer = await world.call("PUT", f"/policies/two-factor/people/{anna.id}", manager)
    assert (answer.status, answer.kind) == (409, "conflict")


async def test_nobody_can_be_listed_who_does_not_exist(world: World, manager):
    await replace(world, manager, {"mode": "selected", "users": []})
    for nobody in (NOBODY, "rubbish"):
        assert (await world.call("PUT", f"/policies/two-factor/people/{nobody}", manager)).status == 404


async def test_somebody_signed_in_owes_the_enrolment_at_their_next_request(world: World, manager):
    anna = await world.person("anna", Permission.AUDIT_READ)
    _, headers = await world.session(anna)
    assert (await world.call("GET", "/audit", headers)).status == 200
    await replace(world, manager, {"mode": "everyone"})
    owing = await world.call("GET", "/audit", headers)
    assert (owing.status, owing.kind) == (401, "second-factor")
    assert owing.body["login_url"] == "/gatekeeper/login"
