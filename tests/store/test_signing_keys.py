"""Signing keys: every node reads the same, and a key is never replaced under its id."""

from __future__ import annotations

from gatekeeper.store.signing_keys import SealedKey


async def test_keys_come_oldest_first_and_stay_as_they_are(database):
    async with database.transaction() as tables:
        await tables.signing_keys.add("k2", "sealed2", 2.0)
        await tables.signing_keys.add("k1", "sealed1", 1.0)
        await tables.signing_keys.add("k1", "forged", 9.0)
    assert await database.read.signing_keys.all() == [SealedKey("k1", "sealed1", 1.0), SealedKey("k2", "sealed2", 2.0)]
