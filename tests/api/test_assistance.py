"""Helping one person, over HTTP: lost telephones, passwords, closed names, sessions."""

from __future__ import annotations

import pytest

from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.model import Permission, User
from gatekeeper.flows.two_factor import enrolment_code_digest
from gatekeeper.store.links import Purpose
from tests.api.world import EVERYTHING, PASSWORD, World

REASON = {"reason": "lost the telephone"}


@pytest.fixture
async def headers(world: World) -> dict[str, str]:
    return await world.bearer(await world.person("admin", *EVERYTHING))


@pytest.fixture
async def anna(world: World) -> User:
    return await world.person("anna", enrolled=True)


async def test_a_reset_removes_the_authenticator_ends_the_sessions_and_keeps_the_reason(world: World, headers, anna):
    session, _ = await world.session(anna)
    answer = await world.call("POST", f"/users/{anna.id}/reset-two-factor", headers, json=REASON)
    assert (answer.status, answer.body) == (200, {"enrolment_code": None})
    assert await world.services.database.read.authenticators.of_user(anna.id) == []
    assert not (await world.user(anna.id)).facts.enrolled
    assert not await world.stands(session)
    entry = (await world.log("user.two-factor.reset"))[0]
    assert (entry.details["reason"], entry.target_name, entry.actor_name) == (REASON["reason"], "anna", "admin")


async def test_since_when_an_enrolment_is_owed_is_kept_where_the_policy_reaches(world: World, headers, anna):
    await world.call("PUT", "/policies/two-factor", {**headers, "If-Match": "*"}, json={"mode": "everyone"})
    await world.call("POST", f"/users/{anna.id}/reset-two-factor", headers, json=REASON)
    shown = (await world.call("GET", f"/users/{anna.id}", headers)).body["two_factor"]
    assert shown == {"required": True, "enrolled": False, "owed_since": "2027-01-15T08:00:00Z"}


async def test_a_reset_shows_a_code_once_where_the_policy_or_the_reset_asks_for_it(
    world: World, headers, anna, subtests
):
    path = f"/users/{anna.id}/reset-two-factor"
    by_reset = await world.call("POST", path, headers, json={**REASON, "enrolment": "with-code"})
    with subtests.test("the reset asks"):
        user = await world.user(anna.id)
        assert user.enrolment_code_digest == enrolment_code_digest(by_reset.body["enrolment_code"])
        assert user.enrolment_code_required
    policy = {"mode": "everyone", "enrolment": "with-code"}
    await world.call("PUT", "/policies/two-factor", {**headers, "If-Match": "*"}, json=policy)
    with subtests.test("the policy asks, and a reset does not loosen it"):
        answer = await world.call("POST", path, headers, json={**REASON, "enrolment": "open"})
        assert answer.body["enrolment_code"] not in {None, by_reset.body["enrolment_code"]}
    with subtests.test("it is nowhere else"):
        assert answer.body["enrolment_code"] not in (await world.call("GET", "/audit/export", headers)).text


async def test_without_a_reason_nothing_is_done(world: World, headers, anna, subtests):
    for call in ("reset-two-factor", "enrolment-code", "one-time-link", "unlock"):
        for body in ({}, {"reason": ""}, {"reason": "   "}, {"reason": "x" * 1001}, {"reason": 1}):
            with subtests.test(f"{call} {str(body)[:20]}"):
                answer = await world.call("POST", f"/users/{anna.id}/{call}", headers, json=body)
                assert (answer.status, answer.fields) == (422, ["reason"])
    assert (await world.user(anna.id)).facts.enrolled


async def test_an_enrolment_code_is_for_who_has_no_authenticator(world: World, headers, anna):
    refused = await world.call("POST", f"/users/{anna.id}/enrolment-code", headers, json=REASON)
    assert (refused.status, refused.kind) == (409, "conflict")
    marco = await world.person("marco")
    answer = await world.call("POST", f"/users/{marco.id}/enrolment-code", headers, json=REASON)
    user = await world.user(marco.id)
    assert user.enrolment_code_digest == enrolment_code_digest(answer.body["enrolment_code"])
    assert user.enrolment_code_required


async def test_a_one_time_link_is_shown_once_and_stored_as_a_digest(world: World, headers, anna):
    answer = await world.call("POST", f"/users/{anna.id}/one-time-link", headers, json=REASON)
    assert answer.status == 200
    address, _, token = answer.body["link"].partition("?token=")
    assert address == "http://127.0.0.1:8080/gatekeeper/login/reset"
    assert answer.body["expires_at"] == "2027-01-15T08:30:00Z"
    stored = await world.services.database.read.links.find(digest(token), Purpose.RESET, world.now)
    assert (stored.user_id, stored.address) == (anna.id, None)
    assert token not in (await world.call("GET", "/audit/export", headers)).text
    entry = (await world.log("user.one-time-link.create"))[0]
    assert (entry.details["reason"], entry.target_name, entry.actor_name) == (REASON["reason"], "anna", "admin")


async def test_nobody_makes_a_link_for_somebody_who_holds_more_or_whose_account_is_closed(world: World, headers, anna):
    helper = await world.bearer(await world.person("helper", Permission.USERS_MANAGE))
    boss = await world.person("boss", Permission.POLICIES_MANAGE)
    refused = await world.call("POST", f"/users/{boss.id}/one-time-link", helper, json=REASON)
    assert (refused.status, refused.kind) == (403, "forbidden")
    await world.call("PATCH", f"/users/{anna.id}", headers, json={"enabled": False})
    closed = await world.call("POST", f"/users/{anna.id}/one-time-link", helper, json=REASON)
    assert (closed.status, closed.kind) == (409, "conflict")


async def test_a_given_password_ends_the_sessions_and_follows_the_policy(world: World, headers, anna):
    session, _ = await world.session(anna)
    path = f"/users/{anna.id}/password"
    short = await world.call("POST", path, headers, json={"new_password": "Anna-12"})
    assert (short.status, {error["code"] for error in short.body["errors"]}) == (422, {"length", "name"})
    assert await world.stands(session)
    body = {"new_password": PASSWORD, "must_change": True}
    answer = await world.call("POST", path, headers, json=body)
    assert (answer.status, answer.text) == (204, "")
    assert not await world.stands(session)
    stored = await world.services.database.read.passwords.current(anna.id)
    assert (stored.strength, stored.change_required, stored.changed_at) == ("advanced", True, world.now)
    assert PASSWORD not in (await world.call("GET", "/audit/export", headers)).text


async def test_a_given_password_differs_from_the_last_ones_where_the_policy_says_so(world: World, headers, anna):
    path = f"/users/{anna.id}/password"
    policy = {"expiry": {"mode": "never"}, "reuse": {"forbid_last": 2}, "strength": "basic"}
    await world.call("PUT", "/policies/password", {**headers, "If-Match": "*"}, json=policy)
    for number, status in ((1, 204), (2, 204), (1, 422), (2, 422), (3, 204), (1, 204)):
        body = {"new_password": f"Correct-Horse-{number}"}
        assert (number, (await world.call("POST", path, headers, json=body)).status) == (number, status)


async def test_a_change_demanded_of_one_person_is_owed_at_their_next_request(world: World, headers):
    marco, lucia = (
        await world.person("marco", Permission.AUDIT_READ),
        await world.person("lucia", Permission.AUDIT_READ),
    )
    _, marcos = await world.session(marco)
    _, lucias = await world.session(lucia)
    assert (await world.call("POST", f"/users/{marco.id}/require-password-change", headers)).status == 204
    assert (await world.call("GET", "/audit", marcos)).kind == "password-expired"
    assert (await world.call("GET", "/audit", lucias)).status == 200


async def test_a_name_that_was_closed_is_opened_again_and_its_failures_forgotten(world: World, headers, anna):
    async with world.services.database.transaction() as tables:
        await tables.users.set_locked("anna", world.now)
    assert (await world.call("GET", f"/users/{anna.id}", headers)).body["locked_until"] == "9999-12-31T23:59:59Z"
    assert (await world.call("POST", f"/users/{anna.id}/unlock", headers, json=REASON)).status == 204
    assert (await world.call("GET", f"/users/{anna.id}", headers)).body["locked_until"] is None
    assert (await world.log("user.unlock"))[0].details["was_locked"] is True


async def test_sessions_are_listed_and_ended_one_by_one_or_all(world: World, headers, anna):
    first, _ = await world.session(anna)
    world.clock.advance(1)
    second, _ = await world.session(anna)
    third, _ = await world.session(await world.person("marco"))
    path = f"/users/{anna.id}/sessions"
    listed = await world.call("GET", path, headers)
    assert [item["id"] for item in listed.body["items"]] == [second.id, first.id]
    assert listed.body["items"][0]["amr"] == ["pwd"]
    assert listed.body["items"][0]["current"] is False
    assert (await world.call("DELETE", f"{path}/{third.id}", headers)).status == 404
    assert (await world.call("DELETE", f"{path}/{second.id}", headers)).status == 204
    assert (await world.call("DELETE", f"{path}/{second.id}", headers)).status == 404
    assert not await world.stands(second)
    assert await world.stands(first)
    assert (await world.call("POST", f"/users/{anna.id}/sign-out", headers)).status == 204
    assert not await world.stands(first)
    assert await world.stands(third)
    assert (await world.call("GET", path, headers)).body["items"] == []


async def test_a_session_that_was_ended_stays_ended_where_redis_forgot_it(world: World, headers, anna):
    session, _ = await world.session(anna)
    await world.call("DELETE", f"/users/{anna.id}/sessions/{session.id}", headers)
    await world.services.sessions.create(session)
    assert not await world.stands(session)


async def test_nobody_who_does_not_exist_is_helped(world: World, headers, subtests):
    for user_id in ("00000000-0000-0000-0000-000000000000", "rubbish", "..%2F..", "%00"):
        for call in (
            "reset-two-factor",
            "enrolment-code",
            "one-time-link",
            "unlock",
            "sign-out",
            "require-password-change",
        ):
            with subtests.test(f"{user_id} {call}"):
                answer = await world.call("POST", f"/users/{user_id}/{call}", headers, json=REASON)
                assert answer.status == 404
