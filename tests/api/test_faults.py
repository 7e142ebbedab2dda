"""Errors are told as problems."""

from __future__ import annotations

import pytest

from gatekeeper.api.reading import parse
from gatekeeper.api.shapes import Shape, iso
from gatekeeper.domain.errors import GatekeeperError, Unavailable
from gatekeeper.domain.model import Permission
from gatekeeper.flows.throttling import Throttled
from gatekeeper.sessions.sessions import Sessions
from gatekeeper.store.users import Users
from tests.api.world import EVERYTHING, World


async def test_while_postgresql_is_away_administration_answers_503(world: World, monkeypatch):
    headers = await world.bearer(await world.person("admin", *EVERYTHING))

    async def away(self, *args, **more):
        raise Unavailable("PostgreSQL")

    monkeypatch.setattr(Users, "by_id", away)
    answer = await world.call("GET", "/users", headers)
    assert (answer.status, answer.kind) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


async def test_while_redis_is_away_a_session_gets_503_and_a_change_by_token_is_still_made(world: World, monkeypatch):
    admin = await world.person("admin", *EVERYTHING)
    anna = await world.person("anna")
    _, cookie = await world.session(admin)
    headers = await world.bearer(admin)

    async def away(self, *args, **more):
        raise Unavailable("Redis")

    for name in ("get", "rewrite_owner", "end_all", "delete"):
        monkeypatch.setattr(Sessions, name, away)
    assert (await world.call("GET", "/users", cookie)).status == 503
    closed = await world.call("PATCH", f"/users/{anna.id}", headers, json={"enabled": False})
    assert closed.status == 200
    pending = await world.services.database.read.users.pending_owner_changes(9e9)
    assert anna.id in {facts.user_id for facts in pending}


async def test_while_nobody_can_be_asked_for_help_a_refusal_says_so_by_503(world: World, monkeypatch):
    headers = await world.bearer(await world.person("anna"))

    async def away(self, *args, **more):
        raise Unavailable("PostgreSQL")

    monkeypatch.setattr(Users, "holders", away)
    assert (await world.call("GET", "/users", headers)).status == 503


async def test_who_has_to_wait_is_told_for_how_many_whole_seconds(world: World, monkeypatch):
    headers = await world.bearer(await world.person("admin", *EVERYTHING))

    async def too_many(self, *args, **more):
        raise Throttled(12.3)

    monkeypatch.setattr(Users, "search", too_many)
    answer = await world.call("GET", "/users", headers)
    assert (answer.status, answer.kind) == (429, "throttled")
    assert answer.headers["Retry-After"] == "13"


async def test_a_fault_of_ours_tells_nothing(world: World, monkeypatch):
    headers = await world.bearer(await world.person("admin", Permission.USERS_MANAGE))

    async def broken(self, *args, **more):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Users, "search", broken)
    answer = await world.call("GET", "/users", headers)
    assert (answer.status, answer.kind) == (500, "internal")
    assert "secret" not in answer.text


async def test_a_body_that_is_too_large_gets_413(world: World):
    headers = await world.bearer(await world.person("admin", *EVERYTHING))
    body = {"username": "x" * (1 << 20), "email": "x@example.com"}
    answer = await world.call("POST", "/users", headers, json=body)
    assert (answer.status, answer.kind) == (413, "too-large")


def test_an_instant_is_utc_to_the_millisecond_at_most():
    assert iso(1_800_000_000.0) == "2027-01-15T08:00:00Z"
    assert iso(1_800_000_000.25) == "2027-01-15T08:00:00.250Z"


def test_a_nested_fault_is_named_by_its_whole_path():
    class Inner(Shape):
        numbers: list[int]

    class Outer(Shape):
        inner: Inner

    with pytest.raises(GatekeeperError) as raised:
        parse(Outer, b'{"inner": {"numbers": [1, "2"]}}')
    assert raised.value.faults == (("inner.numbers.1", "must be a valid integer"),)
