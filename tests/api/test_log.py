"""The audit log over HTTP."""

from __future__ import annotations

import json

import pytest

from gatekeeper.domain.model import Permission, User
from tests.api.world import EVERYTHING, World


@pytest.fixture
async def admin(world: World) -> User:
    return await world.person("admin", *EVERYTHING)


@pytest.fixture
async def headers(world: World, admin: User) -> dict[str, str]:
    return await world.bearer(admin)


async def add(world: World, headers: dict[str, str], name: str) -> str:
    body = {"username": name, "email": f"{name}@example.com"}
    sent = {**headers, "X-Gatekeeper-Client-Address": "192.0.2.9", "X-Request-Id": f"request-{name}"}
    return (await world.call("POST", "/users", sent, json=body)).body["id"]


async def test_an_entry_says_who_what_whom_when_from_where_and_how_it_ended(world: World, headers, admin):
    nora = await add(world, headers, "nora")
    entry = (await world.call("GET", "/audit", headers)).body["items"][0]
    assert entry.pop("id")
    assert entry.pop("details")["via"] == "token"
    assert entry == {
        "at": "2027-01-15T08:00:00Z",
        "actor_id": admin.id,
        "actor_name": "admin",
        "action": "user.create",
        "target_id": nora,
        "target_name": "nora",
        "address": "192.0.2.9",
        "request_id": "request-nora",
        "outcome": "done",
    }


async def test_it_is_newest_first_searched_and_paged(world: World, headers):
    first = await add(world, headers, "first")
    world.clock.advance(60)
    for name in ("second", "third"):
        await add(world, headers, name)
    await world.call("PATCH", f"/users/{first}", headers, json={"display_name": "Other"})

    async def names(query: str) -> list[str]:
        items = (await world.call("GET", f"/audit?{query}", headers)).body["items"]
        return [f"{item['action']} {item['target_name']}" for item in items]

    created = ["user.create third", "user.create second", "user.create first"]
    assert await names("") == ["user.change first", *created]
    assert await names("action=user.create") == created
    assert await names(f"user={first}") == ["user.change first", "user.create first"]
    assert await names("since=2027-01-15T08:00:30Z&action=user.create") == created[:2]
    page = await world.call("GET", "/audit?limit=3", headers)
    assert await names(f"cursor={page.body['next_cursor']}") == ["user.create first"]


async def test_parameters_that_cannot_be_get_400(world: World, headers, subtests):
    for text, field in {"since=yesterday": "since", "since=2027-01-15T08:00:30": "since", "cursor=x": "cursor"}.items():
        with subtests.test(text):
            answer = await world.call("GET", f"/audit?{text}", headers)
            assert (answer.status, answer.fields) == (400, [field])


async def test_the_whole_log_is_taken_as_json_lines_oldest_first_and_that_is_in_it(world: World, headers):
    for number in range(205):
        async with world.services.database.transaction() as tables:
            from gatekeeper.flows.audit import entry

            await tables.audit.add(entry(f"test.{number}", world.now, world.operator.client))
    answer = await world.call("GET", "/audit/export", headers)
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["action"] for line in lines] == [*(f"test.{number}" for number in range(205)), "audit.export"]


async def test_what_people_type_stays_on_its_line(world: World, headers):
    body = {"reason": "first\r\nsecond\x1b[31m"}
    nora = await add(world, headers, "nora")
    await world.call("POST", f"/users/{nora}/unlock", headers, json=body)
    lines = (await world.call("GET", "/audit/export", headers)).text.split("\n")
    found = [line for line in lines if "user.unlock" in line]
    assert len(found) == 1
    assert "\x1b" not in found[0]
    assert "\r" not in found[0]
    assert json.loads(found[0])["details"]["reason"] == body["reason"].strip()


async def test_a_change_whose_entry_cannot_be_written_is_not_made(world: World, headers, monkeypatch):
    from gatekeeper.store.audit import Audit

    async def fail(self, entry):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Audit, "add", fail)
    answer = await world.call("POST", "/users", headers, json={"username": "nora", "email": "nora@example.com"})
    assert (answer.status, answer.kind) == (500, "internal")
    assert "disk" not in answer.text
    assert await world.services.database.read.users.by_login("nora") is None


async def test_it_is_read_with_audit_read_only(world: World):
    reader = await world.bearer(await world.person("reader", Permission.AUDIT_READ))
    assert (await world.call("GET", "/audit", reader)).status == 200
    assert (await world.call("GET", "/users", reader)).status == 403


async def test_an_export_that_fails_in_the_middle_is_cut_and_does_not_pass_for_whole(
    world: World, headers, monkeypatch
):
    from aiohttp import ClientError

    from gatekeeper.store.audit import Audit, AuditRecord

    async def stream(self):
        for number in range(300):
            yield AuditRecord(at=world.now, actor_id=None, actor_name="", action="test", id=number)
        raise RuntimeError("PostgreSQL went away")

    monkeypatch.setattr(Audit, "stream", stream)
    with pytest.raises(ClientError):
        await world.call("GET", "/audit/export", headers)
