"""Sign-in attempts: one writer at a time, and an end that no write puts off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gatekeeper.domain.errors import Conflict
from gatekeeper.domain.model import Attempt, Method, Proof
from tests.sessions.conftest import NOW, Node

ATTEMPT = Attempt(
    id="b" * 64,
    user_id="6f1d1c9e-1111-4a5b-8f00-000000000001",
    created_at=NOW,
    expires_at=NOW + 600,
    proofs=(Proof(Method.PASSWORD, NOW),),
    next="/mail/?q=ü",
    from_session="a" * 64,
    secret="1.abc.def",
    second_factor_wanted=True,
    code_failures=2,
)


async def test_an_attempt_comes_back_as_it_was_stored(node: Node) -> None:
    await node.attempts.create(ATTEMPT)
    assert await node.attempts.get(ATTEMPT.id) == ATTEMPT


async def test_a_bare_attempt_comes_back_too(node: Node) -> None:
    bare = Attempt(id="c" * 64, user_id="u", created_at=NOW, expires_at=NOW + 1, proofs=())
    await node.attempts.create(bare)
    assert await node.attempts.get(bare.id) == bare


async def test_an_attempt_ends_at_its_end_whatever_is_written(node: Node) -> None:
    await node.attempts.create(ATTEMPT)
    await node.redis.expire(f"gk:a:{ATTEMPT.id}", 100)
    await node.attempts.update(replace(ATTEMPT, notice_seen=True))
    assert 90 < await node.redis.ttl(f"gk:a:{ATTEMPT.id}") <= 100


async def test_an_update_returns_what_is_stored(node: Node) -> None:
    await node.attempts.create(ATTEMPT)
    updated = await node.attempts.update(replace(ATTEMPT, recovery_codes_shown=True))
    assert updated == replace(ATTEMPT, recovery_codes_shown=True, version=1)
    assert await node.attempts.get(ATTEMPT.id) == updated


async def test_of_two_tabs_one_wins(node: Node, other: Node) -> None:
    await node.attempts.create(ATTEMPT)
    tries = [
        maker.attempts.update(replace(ATTEMPT, code_failures=place)) for place, maker in enumerate([node, other] * 5)
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    (winner,) = [result for result in results if isinstance(result, Attempt)]
    assert sum(isinstance(result, Conflict) for result in results) == 9
    assert await node.attempts.get(ATTEMPT.id) == winner


async def test_an_attempt_that_ended_is_not_revived(node: Node) -> None:
    await node.attempts.create(ATTEMPT)
    assert await node.attempts.delete(ATTEMPT.id)
    with pytest.raises(Conflict):
        await node.attempts.update(ATTEMPT)
    assert await node.attempts.get(ATTEMPT.id) is None


async def test_an_attempt_ends_once(node: Node) -> None:
    await node.attempts.create(ATTEMPT)
    ended = await asyncio.gather(*(node.attempts.delete(ATTEMPT.id) for _ in range(10)))
    assert sorted(ended) == [False] * 9 + [True]


async def test_a_record_of_another_release_is_no_attempt(node: Node) -> None:
    await node.attempts.create(ATTEMPT)
    for broken in ("[2]", "[1,2]", "x"):
        await node.redis.hset(f"gk:a:{ATTEMPT.id}", "a", broken)
        assert await node.attempts.get(ATTEMPT.id) is None
