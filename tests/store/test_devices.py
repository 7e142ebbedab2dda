"""Devices: known to one person, trusted for a while, forgotten on request."""

from __future__ import annotations

import pytest

from gatekeeper.domain.errors import NotFound
from gatekeeper.store.devices import Device
from tests.store.samples import NOBODY


async def remember(database, *arguments, **named) -> None:
    async with database.transaction() as tables:
        await tables.devices.remember(*arguments, **named)


async def trust(database, *arguments) -> None:
    async with database.transaction() as tables:
        await tables.devices.trust(*arguments)


async def test_a_device_is_known_to_its_person_alone(database, anna, add):
    other = await add("other")
    await remember(database, anna.id, "d", 1.0)
    assert await database.read.devices.known(anna.id, "d") == Device(anna.id, "d", 1.0, 1.0)
    assert await database.read.devices.known(other.id, "d") is None
    assert await database.read.devices.known(NOBODY, "d") is None


async def test_another_sign_in_keeps_trust_and_the_first_time_and_says_what_the_device_is_now(database, anna):
    await remember(database, anna.id, "d", 1.0, user_agent="Browser 1", address="192.0.2.1")
    await trust(database, anna.id, "d", 1.0, 90.0, 7)
    await remember(database, anna.id, "d", 2.0, user_agent="Browser 2", address="192.0.2.2")
    expected = Device(anna.id, "d", 1.0, 2.0, 90.0, "Browser 2", "192.0.2.2", 1.0, 7)
    assert await database.read.devices.known(anna.id, "d") == expected
    await remember(database, anna.id, "d", 1.5)
    assert (await database.read.devices.known(anna.id, "d")).last_seen_at == 2.0


async def test_only_a_device_that_is_known_can_be_trusted(database, anna):
    await trust(database, anna.id, "d", 1.0, 90.0, 7)
    assert await database.read.devices.known(anna.id, "d") is None


async def test_trusted_devices_are_listed_the_latest_used_first_until_their_time(database, anna, add):
    other = await add("other")
    for number, digest in enumerate("abc"):
        await remember(database, anna.id, digest, float(number))
        await trust(database, anna.id, digest, 1.0, 90.0 + number, 7)
    await remember(database, other.id, "d", 1.0)
    await trust(database, other.id, "d", 1.0, 900.0, 7)
    assert [device.digest for device in await database.read.devices.trusted_of(anna.id, 10.0)] == ["c", "b", "a"]
    assert [device.digest for device in await database.read.devices.trusted_of(anna.id, 91.0)] == ["c"]


async def test_one_device_loses_its_trust_to_its_person_alone(database, anna, add):
    other = await add("other")
    await remember(database, anna.id, "d", 1.0)
    await trust(database, anna.id, "d", 1.0, 90.0, 7)
    async with database.transaction() as tables:
        assert not await tables.devices.untrust(other.id, "d")
        assert await tables.devices.untrust(anna.id, "d")
        assert not await tables.devices.untrust(anna.id, "d")
    assert await database.read.devices.known(anna.id, "d") == Device(anna.id, "d", 1.0, 1.0)


async def test_devices_lose_trust_or_are_forgotten(database, anna):
    await remember(database, anna.id, "d", 1.0)
    await trust(database, anna.id, "d", 1.0, 90.0, 7)
    await remember(database, anna.id, "e", 1.0)
    async with database.transaction() as tables:
        assert await tables.devices.untrust_all(anna.id) == 1
    assert (await database.read.devices.known(anna.id, "d")).trusted_until is None
    async with database.transaction() as tables:
        assert await tables.devices.forget_all(anna.id) == 2
    assert await database.read.devices.known(anna.id, "d") is None


async def test_with_the_last_authenticator_trust_goes_too(database, anna):
    await remember(database, anna.id, "d", 1.0)
    await trust(database, anna.id, "d", 1.0, 90.0, 7)
    async with database.transaction() as tables:
        await tables.authenticators.remove_all(anna.id)
    assert await database.read.devices.trusted_of(anna.id, 10.0) == []


async def test_devices_long_unseen_are_purged(database, anna):
    await remember(database, anna.id, "old", 1.0)
    await remember(database, anna.id, "new", 10.0)
    async with database.transaction() as tables:
        assert await tables.devices.purge(10.0) == 1
    assert await database.read.devices.known(anna.id, "new") is not None


async def test_nobody_has_no_device(database):
    with pytest.raises(NotFound):
        await remember(database, NOBODY, "d", 1.0)
