"""Counts for charts: closed accounts and people without a password are left out where they could not sign in."""

from __future__ import annotations

from gatekeeper.domain.model import Strength, TwoFactorMode, TwoFactorPolicy
from gatekeeper.store.authenticators import Authenticator
from gatekeeper.store.statistics import Headcount
from tests.store.samples import new_id

HASHED = {"password_hash": "$argon2id$"}


async def test_heads_are_counted_with_and_without_an_authenticator(database, add):
    anna, _, carl = [await add(name) for name in ("anna", "bert", "carl")]
    await add("closed", enabled=False)
    async with database.transaction() as tables:
        await tables.authenticators.add(Authenticator(new_id(), anna.id, "App", "sealed", 1.0))
        await tables.policies.set_two_factor(TwoFactorPolicy(TwoFactorMode.SELECTED), [anna.id, carl.id], None)
    assert await database.read.statistics.everybody() == Headcount(people=4, enabled=3, enrolled=1)
    assert await database.read.statistics.listed() == Headcount(people=2, enabled=2, enrolled=1)


async def test_passwords_are_counted_by_the_level_that_they_meet(database, add):
    await add("none")
    await add("closed", **HASHED, password_strength=Strength.BASIC, enabled=False)
    await add("unknown", **HASHED)
    for name in ("one", "two"):
        await add(name, **HASHED, password_strength=Strength.MEDIUM)
    counted = {Strength.BASIC: 0, Strength.MEDIUM: 2, Strength.ADVANCED: 0, None: 1}
    assert await database.read.statistics.by_strength() == counted
    assert await database.read.statistics.with_password() == 3


async def test_passwords_are_counted_by_when_they_were_changed(database, add):
    for at in (5.0, 10.0, 19.9, 20.0, 30.0):
        await add(f"at{at}", **HASHED, created_at=at)
    assert await database.read.statistics.changed_between([10.0, 20.0, 30.0]) == [2, 1]
    assert await database.read.statistics.changed_between([10.0]) == []
