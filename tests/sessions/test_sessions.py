"""Sessions in Redis: what is stored comes back, what ended stays ended, what is newer wins."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import OwnerFacts, Permission
from gatekeeper.sessions.bus import SessionsChanged, SessionsEnded
from tests.sessions.conftest import ANNA, NOW, Node, make_session, until

MARCO = OwnerFacts("6f1d1c9e-1111-4a5b-8f00-000000000002", "marco@example.com", "marco@example.com", "Marco")


async def test_a_session_comes_back_as_it_was_stored(node: Node) -> None:
    session = make_session()
    await node.sessions.create(session)
    assert await node.sessions.get(session.id) == session


async def test_a_session_of_somebody_with_nothing_comes_back_too(node: Node) -> None:
    session = make_session(owner=MARCO, proofs=(), scope_epoch=-1, two_factor_applies=False, trusted_device=True)
    await node.sessions.create(session)
    assert await node.sessions.get(session.id) == session


async def test_who_never_was_has_no_session(node: Node) -> None:
    assert await node.sessions.get("f" * 64) is None
    assert await node.sessions.of_user("nobody") == []
    assert await node.sessions.get_data("f" * 64) == {}


async def test_a_session_is_small(node: Node) -> None:
    session = make_session()
    await node.sessions.create(session)
    fields = await node.redis.hgetall(f"gk:s:{session.id}")
    assert sum(len(name) + len(value) for name, value in fields.items()) < 700


async def test_what_a_client_sent_never_breaks_a_session(node: Node) -> None:
    await node.sessions.create(make_session(user_agent="\udce9" + "x" * 5000))
    found = await node.sessions.get(make_session().id)
    assert found is not None
    assert found.user_agent == "?" + "x" * 159


async def test_a_session_lives_until_its_absolute_limit_or_a_while_after_it_falls_idle(node: Node) -> None:
    await node.sessions.create(make_session("a" * 64))
    await node.sessions.create(make_session("b" * 64, expires_at=NOW + 60))
    assert 2300 < await node.redis.ttl("gk:s:" + "a" * 64) <= 2400
    assert 50 < await node.redis.ttl("gk:s:" + "b" * 64) <= 60
    assert 43000 < await node.redis.ttl(f"gk:u:{ANNA.user_id}") <= 43200


async def test_a_session_in_use_lives_on_up_to_its_absolute_limit(node: Node) -> None:
    session = make_session()
    await node.sessions.create(session)
    await node.redis.expire(f"gk:s:{session.id}", 5)
    await node.sessions.touch(session.id, NOW + 1000)
    assert 2300 < await node.redis.ttl(f"gk:s:{session.id}") <= 2400
    await node.sessions.touch(session.id, NOW + 43100)
    assert 90 < await node.redis.ttl(f"gk:s:{session.id}") <= 100
    await node.sessions.touch(session.id, NOW + 50000)
    assert await node.sessions.get(session.id) is None or await node.redis.pttl(f"gk:s:{session.id}") <= 1


async def test_the_last_use_never_goes_back(node: Node) -> None:
    session = make_session()
    await node.sessions.create(session)
    await node.sessions.touch(session.id, NOW + 60.5)
    await node.sessions.touch(session.id, NOW + 30)
    assert await node.sessions.get(session.id) == replace(session, last_seen_at=NOW + 60.5)


async def test_an_ended_session_is_not_revived_by_a_late_write(node: Node) -> None:
    session = make_session()
    await node.sessions.create(session)
    assert await node.sessions.delete(session.id)
    await node.sessions.touch(session.id, NOW + 60)
    await node.sessions.set_scope(session.id, 9, applies=True)
    await node.sessions.set_data(session.id, {"flash": "hello"})
    await node.sessions.rewrite_owner(replace(ANNA, version=9))
    assert await node.redis.exists(f"gk:s:{session.id}", f"gk:u:{ANNA.user_id}") == 0


async def test_a_session_ends_once(node: Node) -> None:
    await node.sessions.create(make_session())
    ended = await asyncio.gather(*(node.sessions.delete(make_session().id) for _ in range(10)))
    assert sorted(ended) == [False] * 9 + [True]


async def test_the_end_of_a_session_is_told_to_other_nodes_within_100_ms(node: Node, other: Node) -> None:
    await node.sessions.create(make_session())
    await node.sessions.delete(make_session().id)
    assert await until(lambda: bool(other.heard)) < 0.1
    assert other.heard == [SessionsEnded(("a" * 64,), ANNA.user_id)]


async def test_replacing_kills_the_old_session_and_keeps_the_pages_data(node: Node, other: Node) -> None:
    old, new = make_session("a" * 64), make_session("b" * 64, created_at=NOW + 9)
    await node.sessions.create(old)
    await node.sessions.set_data(old.id, {"flash": ["saved"]})
    await node.sessions.replace(old.id, new)
    assert await node.sessions.get(old.id) is None
    assert await node.sessions.get(new.id) == new
    assert await node.sessions.get_data(new.id) == {"flash": ["saved"]}
    assert await node.sessions.of_user(ANNA.user_id) == [new]
    await until(lambda: bool(other.heard))
    assert other.heard == [SessionsEnded((old.id,), ANNA.user_id)]


async def test_a_session_is_replaced_once(node: Node) -> None:
    await node.sessions.create(make_session())
    tries = [node.sessions.replace("a" * 64, make_session(str(place) * 64)) for place in range(10)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, NotFound) for result in results) == 9
    assert len(await node.sessions.of_user(ANNA.user_id)) == 1


async def test_facts_that_came_meanwhile_survive_a_replacement(node: Node) -> None:
    await node.sessions.create(make_session())
    newer = replace(ANNA, permissions=frozenset(), version=4)
    await node.sessions.rewrite_owner(newer)
    await node.sessions.replace("a" * 64, make_session("b" * 64))
    found = await node.sessions.get("b" * 64)
    assert found is not None
    assert found.owner == newer


async def test_a_persons_sessions_are_found_by_the_person_oldest_first(node: Node) -> None:
    second = make_session("1" * 64, created_at=NOW + 5)
    first = make_session("2" * 64)
    for session in (second, first, make_session("3" * 64, owner=MARCO)):
        await node.sessions.create(session)
    assert await node.sessions.of_user(ANNA.user_id) == [first, second]


async def test_the_index_forgets_sessions_that_ran_out(node: Node) -> None:
    await node.sessions.create(make_session("1" * 64))
    await node.sessions.create(make_session("2" * 64))
    await node.redis.delete("gk:s:" + "1" * 64)
    assert [session.id for session in await node.sessions.of_user(ANNA.user_id)] == ["2" * 64]
    assert await node.redis.zcard(f"gk:u:{ANNA.user_id}") == 1
    later = make_session("3" * 64, created_at=NOW + 90000, last_seen_at=NOW + 90000, expires_at=NOW + 99000)
    await node.sessions.create(later)
    assert await node.redis.zrange(f"gk:u:{ANNA.user_id}", 0, -1) == [b"3" * 64]


async def test_all_sessions_of_a_person_end_but_one(node: Node, other: Node) -> None:
    for name in "123":
        await node.sessions.create(make_session(name * 64))
    await node.sessions.create(make_session("4" * 64, owner=MARCO))
    ended = await node.sessions.end_all(ANNA.user_id, except_id="2" * 64)
    assert ended == ["1" * 64, "3" * 64]
    assert [session.id for session in await node.sessions.of_user(ANNA.user_id)] == ["2" * 64]
    assert len(await node.sessions.of_user(MARCO.user_id)) == 1
    await until(lambda: bool(other.heard))
    assert other.heard == [SessionsEnded(("1" * 64, "3" * 64), ANNA.user_id)]


async def test_ending_nothing_is_told_to_nobody(node: Node) -> None:
    assert await node.sessions.end_all(ANNA.user_id) == []
    assert not await node.sessions.delete("a" * 64)
    assert node.heard == []


async def test_a_change_of_facts_reaches_every_session_of_the_person(node: Node, other: Node) -> None:
    await node.sessions.create(make_session("1" * 64))
    await node.sessions.create(make_session("2" * 64))
    await node.sessions.create(make_session("3" * 64, owner=MARCO))
    newer = replace(ANNA, permissions=frozenset({Permission.POLICIES_MANAGE}), version=4)
    assert await node.sessions.rewrite_owner(newer) == 2
    assert {session.owner for session in await node.sessions.of_user(ANNA.user_id)} == {newer}
    assert [session.owner for session in await node.sessions.of_user(MARCO.user_id)] == [MARCO]
    await until(lambda: bool(other.heard))
    assert other.heard == [SessionsChanged(("1" * 64, "2" * 64))]


async def test_a_late_change_never_overwrites_a_newer_one(node: Node) -> None:
    await node.sessions.create(make_session())
    assert await node.sessions.rewrite_owner(replace(ANNA, display_name="Newest", version=9)) == 1
    assert await node.sessions.rewrite_owner(replace(ANNA, display_name="Late", version=8)) == 0
    assert await node.sessions.rewrite_owner(replace(ANNA, display_name="Twice", version=9)) == 0
    found = await node.sessions.get(make_session().id)
    assert found is not None
    assert found.owner.display_name == "Newest"


async def test_a_change_of_facts_forgets_sessions_that_ran_out(node: Node) -> None:
    await node.sessions.create(make_session())
    await node.redis.delete("gk:s:" + "a" * 64)
    assert await node.sessions.rewrite_owner(replace(ANNA, version=9)) == 0
    assert await node.redis.exists(f"gk:u:{ANNA.user_id}", "gk:s:" + "a" * 64) == 0


async def test_the_scope_of_an_older_epoch_changes_nothing(node: Node) -> None:
    session = make_session(scope_epoch=-1, two_factor_applies=False)
    await node.sessions.create(session)
    await node.sessions.set_scope(session.id, 12, applies=True)
    await node.sessions.set_scope(session.id, 9, applies=False)
    assert await node.sessions.get(session.id) == replace(session, scope_epoch=12, two_factor_applies=True)


async def test_the_pages_data_is_replaced_whole(node: Node) -> None:
    await node.sessions.create(make_session())
    await node.sessions.set_data("a" * 64, {"flash": ["Grüße"], "n": 1})
    assert await node.sessions.get_data("a" * 64) == {"flash": ["Grüße"], "n": 1}
    await node.sessions.set_data("a" * 64, {})
    assert await node.redis.hexists("gk:s:" + "a" * 64, "d") is False


@pytest.mark.parametrize("broken", ["[2,1]", "nonsense", "[1]", "{}", "null"])
async def test_a_record_of_another_release_is_no_session(node: Node, broken: str) -> None:
    await node.sessions.create(make_session())
    await node.redis.hset("gk:s:" + "a" * 64, "c", broken)
    assert await node.sessions.get("a" * 64) is None
    assert await node.sessions.of_user(ANNA.user_id) == []


async def test_a_permission_of_a_newer_release_gives_nothing(node: Node) -> None:
    await node.sessions.create(make_session())
    owner = await node.redis.hget("gk:s:" + "a" * 64, "o")
    assert owner is not None
    await node.redis.hset("gk:s:" + "a" * 64, "o", owner.replace(b"audit.read", b"audit.burn"))
    found = await node.sessions.get("a" * 64)
    assert found is not None
    assert found.owner.permissions == {Permission.USERS_MANAGE}


async def test_every_key_is_ours_and_has_an_end(node: Node, redis: Redis) -> None:
    await node.sessions.create(make_session())
    keys = await redis.keys("*")
    assert all(key.startswith(b"gk:") for key in keys)
    assert all([await redis.ttl(key) > 0 for key in keys])
