"""Hashing: right passwords pass, wrong ones do not, broken hashes are no errors, and a storm is bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, Type

from gatekeeper.crypto import argon2id
from gatekeeper.crypto.hashing import Hasher, Verified, is_supported
from gatekeeper.domain.errors import Unavailable

RIGHT = Verified(ok=True, outdated=False)
RIGHT_BUT_OLD = Verified(ok=True, outdated=True)
WRONG = Verified(ok=False, outdated=False)

CHEAP = {"memory_kib": 64, "time_cost": 1}
BCRYPT = "$2b$04$abcdefghijklmnopqrstuui5/MeRPXnXDsyaKpNNz1lFLm6QqYAkW"


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    made = Hasher(**CHEAP)
    yield made
    made.close()


class Blocked:
    """Work that takes as long as the test wants."""

    def __init__(self, hasher: Hasher, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)

        def work(_password: bytes) -> str:
            self.begun.release()
            self.go_on.wait(10)
            return "done"

        monkeypatch.setattr(hasher._argon2id, "hash", work)


async def test_a_password_is_hashed_with_argon2id_under_a_salt_of_its_own() -> None:
    hasher = Hasher()
    first, second = await hasher.hash("Gatekeeper-1"), await hasher.hash("Gatekeeper-1")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert await hasher.verify(first, "Gatekeeper-1") == RIGHT
    assert await hasher.verify(first, "gatekeeper-1") == WRONG
    hasher.close()


async def test_nobody_has_no_password_but_the_same_work_is_done(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = await hasher.hash("right")
    calls: list[str] = []
    verify = hasher._argon2id.verify
    monkeypatch.setattr(hasher._argon2id, "verify", lambda kept, form: (calls.append(kept), verify(kept, form))[1])
    for password, raw in (("wrong", None), ("ﬁ", None), ("fi", "ﬁ"), ("x" * 4000, None)):
        calls.clear()
        assert await hasher.verify(None, password, raw) == WRONG
        for_nobody = len(calls)
        assert await hasher.verify(stored, password, raw) == WRONG
        assert len(calls) == 2 * for_nobody
    assert argon2id.is_supported(hasher._argon2id.dummy)


async def test_the_form_as_typed_is_tried_too_and_then_hashed_anew(hasher: Hasher) -> None:
    assert await hasher.verify(await hasher.hash("ﬁn"), "fin", "ﬁn") == RIGHT_BUT_OLD
    assert await hasher.verify(await hasher.hash("fin"), "fin", "ﬁn") == RIGHT
    assert await hasher.verify(await hasher.hash("fin"), "fin", "fin") == RIGHT


async def test_other_costs_are_outdated(hasher: Hasher) -> None:
    stored = PasswordHasher(2, 64, 1, type=Type.ID).hash("right")
    assert await hasher.verify(stored, "right") == RIGHT_BUT_OLD


async def test_a_scheme_that_dovecot_wrote_before_the_hash_is_understood(hasher: Hasher) -> None:
    stored = "{ARGON2ID}" + await hasher.hash("right")
    assert is_supported(stored)
    assert await hasher.verify(stored, "right") == RIGHT_BUT_OLD


@pytest.mark.parametrize(
    "stored",
    ["", "x", "$argon2id$", "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$", "$2b$04$", "$6$", "{SSHA}", "plain", "\0", "ü" * 99],
)
async def test_a_broken_hash_is_a_no(hasher: Hasher, stored: str) -> None:
    assert await hasher.verify(stored, "password") == WRONG
    assert not is_supported(stored)


@pytest.mark.parametrize("password", ["", "\0", "\ud800", "x" * 4000, "ü" * 4000])
async def test_any_text_can_be_a_password(hasher: Hasher, password: str) -> None:
    assert await hasher.verify(await hasher.hash(password), password) == RIGHT


async def test_a_storm_is_refused_beyond_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = Hasher(threads=1, queue=2, **CHEAP)
    blocked = Blocked(hasher, monkeypatch)
    waiting = [asyncio.create_task(hasher.hash("x")) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as failure:
        await hasher.hash("one too many")
    assert failure.value.service == "hashing"
    blocked.go_on.set()
    assert await asyncio.gather(*waiting) == ["done"] * 3
    assert await hasher.hash("now there is room") == "done"
    hasher.close()


async def test_who_leaves_the_queue_makes_room_but_not_who_leaves_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = Hasher(threads=1, queue=1, **CHEAP)
    blocked = Blocked(hasher, monkeypatch)
    working = asyncio.create_task(hasher.hash("x"))
    await asyncio.to_thread(blocked.begun.acquire)
    queued = asyncio.create_task(hasher.hash("x"))
    await asyncio.sleep(0)
    for task in (working, queued):
        task.cancel()
    await asyncio.gather(working, queued, return_exceptions=True)
    following = asyncio.create_task(hasher.hash("x"))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await hasher.hash("the thread is still at work")
    blocked.go_on.set()
    assert await following == "done"
    hasher.close()


async def test_the_event_loop_goes_on_while_passwords_are_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = Hasher(threads=1, queue=1, **CHEAP)
    blocked = Blocked(hasher, monkeypatch)
    hashing = asyncio.create_task(hasher.hash("x"))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not hashing.done()
    blocked.go_on.set()
    await hashing
    hasher.close()


async def test_a_closed_hasher_refuses() -> None:
    hasher = Hasher(**CHEAP)
    hasher.close()
    for _ in range(200):
        with pytest.raises(Unavailable):
            await hasher.hash("x")
