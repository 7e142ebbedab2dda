"""Proving a password: hashes from elsewhere are made anew, and nothing depends on what kind they are."""

from __future__ import annotations

import asyncio

import bcrypt
import pytest

from gatekeeper.domain.errors import Refused, Unavailable
from gatekeeper.domain.model import Strength
from gatekeeper.flows import passwords, sign_in
from tests.flows.world import HOME, PASSWORD


def bcrypted(password: str) -> str:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()


async def stored(world, user):
    return await world.services.database.read.passwords.current(user.id)


async def test_an_imported_hash_is_made_anew_and_its_level_noted_at_the_first_sign_in(world):
    user = await world.person(password_hash=bcrypted(PASSWORD), strength=None)
    await passwords.prove(world.services, "anna", PASSWORD, HOME, world.now)
    kept = await stored(world, user)
    assert kept.hash.startswith("$argon2id$")
    assert kept.strength is Strength.ADVANCED
    assert kept.changed_at == pytest.approx(user.facts.password_changed_at)
    facts = (await world.user(user.id)).facts
    assert facts.password_strength is Strength.ADVANCED
    assert await world.services.database.read.users.pending_owner_changes(10**11) == []


async def test_the_level_of_a_hash_as_ours_is_noted_too(world):
    user = await world.person(strength=None)
    await passwords.prove(world.services, "anna", PASSWORD, HOME, world.now)
    assert (await stored(world, user)).strength is Strength.ADVANCED


async def test_a_current_hash_is_left_alone(world):
    user = await world.person()
    before = await stored(world, user)
    await passwords.prove(world.services, "anna", PASSWORD, HOME, world.now)
    assert await stored(world, user) == before


async def test_a_long_password_against_a_bcrypt_hash_verifies_as_it_did_and_counts_whole_afterwards(world):
    long = "Long-Password-1 " * 9 + "tail"
    await world.person(password_hash=bcrypted(long), strength=None)
    await passwords.prove(world.services, "anna", long, HOME, world.now)
    with pytest.raises(Refused):
        await passwords.prove(world.services, "anna", long[:100], HOME, world.now)


async def test_a_full_queue_of_hashing_is_an_outage_and_no_wrong_password(world):
    await world.person()
    world.services.hasher.close()
    with pytest.raises(Unavailable):
        await passwords.prove(world.services, "anna", PASSWORD, HOME, world.now)
    assert await world.log("sign-in.failed") == []


async def test_parallel_first_sign_ins_with_an_imported_hash_all_succeed(world):
    await world.person(password_hash=bcrypted(PASSWORD), strength=None)
    results = await asyncio.gather(
        *(sign_in.give_password(world.services, "anna", PASSWORD, HOME, world.now, following="/") for _ in range(4))
    )
    assert len(results) == 4


async def test_halves_of_characters_are_wrong_and_no_more_than_that(world):
    await world.person()
    with pytest.raises(Refused):
        await passwords.prove(world.services, "anna\ud83d", "x\ud83d", HOME, world.now)
