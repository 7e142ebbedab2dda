"""Devices: known to one person, trusted for a while, forgotten on request."""

from __future__ import annotations

import pytest

from gatekeeper.domain.errors import NotFound
from gatekeeper.store.devices import Device
from tests.store.samples import NOBODY


async def remember(database, *arguments) -> None:
    async with database.transaction() as tables:
        await tables.devices.remember(*arguments)


async def test_a_device_is_known_to_its_person_alone(database, anna, add):
    other = await add("other")
    await remember(database, anna.id, "d", 1.0)
    assert await database.read.devices.known(anna.id, "d") == Device(anna.id, "d", 1.0, 1.0, None)
    assert await database.read.devices.known(other.id, "d") is None
    assert await database.read.devices.known(NOBODY, "d") is None


async def test_another_sign_in_keeps_trust_and_the_first_time(database, anna):
    await remember(database, anna.id, "d", 1.0, 90.0)
    await remember(database, anna.id, "d", 2.0)
    assert await database.read.devices.known(anna.id, "d") == Device(anna.id, "d", 1.0, 2.0, 90.0)
    await remember(database, anna.id, "d", 1.5, 50.0)
    assert await database.read.devices.known(anna.id, "d") == Device(anna.id, "d", 1.0, 2.0, 50.0)


async def test_devices_lose_trust_or_are_forgotten(database, anna):
    await remember(database, anna.id, "d", 1.0, 90.0)
    await remember(database, anna.id, "e", 1.0)
    async with database.transaction() as tables:
        assert await tables.devices.untrust_all(anna.id) == 1
    assert (await database.read.devices.known(anna.id, "d")).trusted_until is None
    async with database.transaction() as tables:
        assert await tables.devices.forget_all(anna.id) == 2
    assert await database.read.devices.known(anna.id, "d") is None


async def test_devices_long_unseen_are_purged(database, anna):
    await remember(database, anna.id, "old", 1.0)
    await remember(database, anna.id, "new", 10.0)
    async with database.transaction() as tables:
        assert await tables.devices.purge(10.0) == 1
    assert await database.read.devices.known(anna.id, "new") is not None


async def test_nobody_has_no_device(database):
    with pytest.raises(NotFound):
        await remember(database, NOBODY, "d", 1.0)
