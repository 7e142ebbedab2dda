"""The cache: never staler than the bus allows, and cheap."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import perf_counter

import pytest

from gatekeeper.domain.errors import Unavailable
from gatekeeper.domain.model import Session
from gatekeeper.sessions.bus import PoliciesChanged
from gatekeeper.sessions.cache import SessionCache
from tests.sessions.conftest import ANNA, Node, OwnRedis, make_session, until

A = "a" * 64


class Slow:
    """Sessions whose reads wait until the test lets them go."""

    def __init__(self, read: Callable[[str], Awaitable[Session | None]]) -> None:
        self._read = read
        self.reads = 0
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def get(self, name: str) -> Session | None:
        self.reads += 1
        found = await self._read(name)
        self.begun.set()
        await self.go_on.wait()
        return found


@pytest.fixture
def slow(node: Node, monkeypatch: pytest.MonkeyPatch) -> Slow:
    made = Slow(node.sessions.get)
    monkeypatch.setattr(node.cache, "_sessions", made)
    return made


async def test_a_loaded_session_is_there_without_waiting(node: Node) -> None:
    await node.sessions.create(make_session())
    assert node.cache.get(A) is None
    loaded = await node.cache.load(A)
    assert loaded == make_session()
    assert node.cache.get(A) is loaded


async def test_what_is_not_there_is_asked_for_again(node: Node) -> None:
    assert await node.cache.load(A) is None
    await node.sessions.create(make_session())
    assert await node.cache.load(A) == make_session()


async def test_an_ended_session_is_refused_at_once_here_and_within_100_ms_elsewhere(node: Node, other: Node) -> None:
    await node.sessions.create(make_session())
    await node.cache.load(A)
    await other.cache.load(A)
    await node.sessions.delete(A)
    assert node.cache.get(A) is None
    assert await until(lambda: other.cache.get(A) is None) < 0.1
    assert await other.cache.load(A) is None


async def test_changed_facts_are_seen_at_once(node: Node, other: Node) -> None:
    await node.sessions.create(make_session())
    await other.cache.load(A)
    await node.sessions.rewrite_owner(replace(ANNA, permissions=frozenset(), version=4))
    await until(lambda: other.cache.get(A) is None)
    found = await other.cache.load(A)
    assert found is not None
    assert found.owner.permissions == frozenset()


async def test_a_change_of_policies_drops_no_session(node: Node) -> None:
    await node.sessions.create(make_session())
    await node.cache.load(A)
    await node.bus.publish(PoliciesChanged(9))
    assert node.cache.get(A) is not None


async def test_a_read_that_began_before_an_invalidation_never_fills_the_cache(node: Node, slow: Slow) -> None:
    await node.sessions.create(make_session())
    loading = asyncio.create_task(node.cache.load(A))
    await slow.begun.wait()
    await node.sessions.delete(A)
    slow.go_on.set()
    await loading
    assert node.cache.get(A) is None


async def test_whoever_asks_after_an_invalidation_gets_a_read_of_their_own(node: Node, slow: Slow) -> None:
    await node.sessions.create(make_session())
    early = asyncio.create_task(node.cache.load(A))
    await slow.begun.wait()
    await node.sessions.delete(A)
    late = asyncio.create_task(node.cache.load(A))
    slow.go_on.set()
    assert await late is None
    assert await early == make_session()
    assert slow.reads == 2


async def test_a_read_that_began_before_trust_was_lost_never_fills_the_cache(node: Node, slow: Slow) -> None:
    await node.sessions.create(make_session())
    loading = asyncio.create_task(node.cache.load(A))
    await slow.begun.wait()
    node.cache.clear()
    slow.go_on.set()
    await loading
    assert node.cache.get(A) is None


async def test_a_read_that_began_without_trust_never_fills_the_cache(
    node: Node, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    await node.sessions.create(make_session())
    trusted_until = node.bus.trusted_until
    node.bus.trusted_until = 0
    loading = asyncio.create_task(node.cache.load(A))
    await slow.begun.wait()
    node.bus.trusted_until = trusted_until
    slow.go_on.set()
    assert await loading == make_session()
    assert len(node.cache) == 0


async def test_an_unrelated_invalidation_keeps_nobody_from_the_cache(node: Node, slow: Slow) -> None:
    await node.sessions.create(make_session())
    loading = asyncio.create_task(node.cache.load(A))
    await slow.begun.wait()
    node.cache.drop(["b" * 64])
    slow.go_on.set()
    await loading
    assert node.cache.get(A) is not None


async def test_all_who_ask_at_once_share_one_read(node: Node, slow: Slow) -> None:
    await node.sessions.create(make_session())
    slow.go_on.set()
    found = await asyncio.gather(*(node.cache.load(A) for _ in range(50)))
    assert found == [make_session()] * 50
    assert slow.reads == 1


async def test_whoever_leaves_takes_the_read_from_nobody(node: Node, slow: Slow) -> None:
    await node.sessions.create(make_session())
    first, second = (asyncio.create_task(node.cache.load(A)) for _ in range(2))
    await slow.begun.wait()
    first.cancel()
    slow.go_on.set()
    assert await second == make_session()
    assert first.cancelled()


async def test_nothing_is_given_while_the_bus_is_not_trusted(
    own_redis: OwnRedis, new_node: Callable[[str], Node]
) -> None:
    node = new_node(own_redis.url)
    await until(lambda: node.bus.trusted)
    await node.sessions.create(make_session())
    await node.cache.load(A)
    own_redis.signal(signal.SIGSTOP)
    assert await until(lambda: node.cache.get(A) is None) <= 1.55
    began = perf_counter()
    with pytest.raises(Unavailable) as failure:
        await node.cache.load(A)
    assert failure.value.service == "Redis"
    assert perf_counter() - began <= 2
    await until(lambda: len(node.cache) == 0)
    own_redis.signal(signal.SIGCONT)
    await until(lambda: node.bus.trusted)
    assert await node.cache.load(A) == make_session()
    assert node.cache.get(A) is not None


async def test_a_changed_copy_takes_the_place_of_its_original(node: Node) -> None:
    await node.sessions.create(make_session())
    loaded = await node.cache.load(A)
    assert loaded is not None
    changed = replace(loaded, scope_epoch=8)
    node.cache.put(changed)
    assert node.cache.get(A) is changed


async def test_a_changed_copy_of_what_was_dropped_is_not_kept(node: Node) -> None:
    await node.sessions.create(make_session())
    loaded = await node.cache.load(A)
    assert loaded is not None
    await node.sessions.rewrite_owner(replace(ANNA, version=4))
    node.cache.put(replace(loaded, scope_epoch=8))
    assert node.cache.get(A) is None
    await until(lambda: len(node.heard) == 2)
    fresh = await node.cache.load(A)
    node.cache.put(replace(loaded, scope_epoch=8))
    assert node.cache.get(A) is fresh


async def test_endings_and_changes_are_told_to_who_holds_streams(node: Node) -> None:
    dropped: list[tuple[str, ...]] = []
    node.cache.on_dropped(dropped.append)
    await node.sessions.create(make_session())
    await node.sessions.rewrite_owner(replace(ANNA, version=4))
    await node.sessions.delete(A)
    assert dropped[:1] == [(A,)]
    await until(lambda: len(dropped) >= 3)
    node.cache.clear()
    assert set(dropped) == {(A,)}


async def test_the_cache_is_bounded_and_keeps_what_is_in_use(node: Node) -> None:
    cache = SessionCache(node.sessions, node.bus, size=10)
    for number in range(30):
        session = make_session(f"{number:064}")
        await node.sessions.create(session)
        await cache.load(session.id)
        assert cache.get(f"{0:064}") is not None
        assert len(cache) <= 10
    assert cache.get(f"{29:064}") is not None
    assert cache.get(f"{7:064}") is None


async def test_a_hit_costs_next_to_nothing_beside_a_read(node: Node) -> None:
    await node.sessions.create(make_session())
    await node.cache.load(A)
    get, rounds, hit, read = node.cache.get, 100, 1.0, 1.0
    for _ in range(20):
        began = perf_counter()
        for _ in range(rounds):
            get(A)
        hit = min(hit, (perf_counter() - began) / rounds)
        began = perf_counter()
        await node.sessions.get(A)
        read = min(read, perf_counter() - began)
    assert hit * 20 < read
