"""Guessing: who is counted, who waits, who is locked out, and that nobody can tell a name from the answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.errors import Refused
from gatekeeper.domain.lockout import LOCK_AFTER
from gatekeeper.flows import passwords, sign_in, throttling, two_factor
from gatekeeper.flows.throttling import Kind, Throttled, guesser
from tests.flows.world import AWAY, HOME, OTHER, PASSWORD, SECRET, on_device


async def guess(world, name, password, client=AWAY):
    return await passwords.prove(world.services, name, password, client, world.now)


async def wrong(world, name, password, client=AWAY):
    with pytest.raises(Refused):
        await guess(world, name, password, client)


def addresses():
    """Clients from addresses of their own, so that only the name counts."""
    return (replace(AWAY, address=f"203.0.113.{number % 250}") for number in range(10_000))


async def test_repeats_of_one_wrong_password_count_once_and_others_from_there_go_on(world):
    await world.person()
    await world.person("marco")
    for _ in range(30):
        world.clock.advance(60)
        await wrong(world, "anna", "the old one")
    assert (await guess(world, "anna", PASSWORD)).user.facts.username == "anna"
    assert (await guess(world, "marco", PASSWORD)).user.facts.username == "marco"


async def test_different_guesses_have_to_wait_longer_and_longer(world):
    await world.person()
    for number in range(5):
        await wrong(world, "anna", f"guess-{number}")
    for expected in (1, 2, 4, 8):
        with pytest.raises(Throttled) as refused:
            await guess(world, "anna", PASSWORD)
        assert refused.value.seconds == pytest.approx(expected)
        world.clock.advance(expected)
        await wrong(world, "anna", f"guess-{expected}-more")


async def test_one_person_has_one_count_however_the_name_is_spelt(world):
    await world.person()
    for number, name in enumerate(["anna", "ANNA", " anna ", "anna@example.com", "\uff41nna"]):
        await wrong(world, name, f"guess-{number}")
    with pytest.raises(Throttled):
        await guess(world, "Anna@Example.Com", PASSWORD)


async def test_one_password_tried_on_many_names_counts_each_time(world):
    for number in range(21):
        await wrong(world, f"nobody-{number}", "Summer-2026")
    with pytest.raises(Throttled):
        await guess(world, "nobody-else", "Summer-2026")


async def test_addresses_of_one_ipv6_network_count_as_one(world):
    for number in range(21):
        await wrong(world, f"nobody-{number}", "x", replace(AWAY, address=f"2001:db8::{number:x}"))
    with pytest.raises(Throttled):
        await guess(world, "other", "x", replace(AWAY, address="2001:db8::ffff:1"))
    await wrong(world, "other", "x", replace(AWAY, address="2001:db8:0:1::1"))


@pytest.mark.parametrize("address", ["", "unix"])
async def test_peers_without_an_address_are_counted_by_name_alone(world, address):
    for number in range(25):
        await wrong(world, f"nobody-{number}", "x", replace(AWAY, address=address))


async def test_empty_names_count_against_nobody(world):
    await world.person()
    for number in range(100):
        await wrong(world, "  ", f"guess-{number}")
    assert (await guess(world, "anna", PASSWORD)).user.facts.username == "anna"


async def test_a_burst_of_parallel_guesses_is_counted_guess_by_guess(world):
    await world.person()
    clients = addresses()
    results = await asyncio.gather(
        *(guess(world, "anna", f"guess-{number}", next(clients)) for number in range(40)), return_exceptions=True
    )
    assert sum(isinstance(result, Refused) for result in results) == 5
    assert sum(isinstance(result, Throttled) for result in results) == 35


async def locked_out(world, user):
    clients = addresses()
    for number in range(LOCK_AFTER):
        world.clock.advance(1_000)
        await wrong(world, "anna", f"guess-{number}", next(clients))
    world.clock.advance(1_000)
    assert (await world.user(user.id)).locked_at is not None


async def test_after_a_hundred_failures_a_name_is_closed_to_unknown_devices_until_it_is_cleared(world):
    user = await world.person()
    await locked_out(world, user)
    await wrong(world, "anna", PASSWORD)
    async with world.services.database.transaction() as tables:
        await tables.users.set_locked("anna", None)
    await throttling.unlock(world.services, user)
    assert (await guess(world, "anna", PASSWORD)).user.id == user.id


async def test_nobodys_guessing_locks_a_person_out_of_a_device_known_to_them(world):
    user = await world.person()
    _, standing = await sign_in.give_password(world.services, "anna", PASSWORD, HOME, world.now, following="/")
    done = await sign_in.finish(world.services, standing, HOME, world.now)
    await locked_out(world, user)
    for number in range(21):
        await wrong(world, f"nobody-{number}", "x", HOME)
    at_home = on_device(done.device, HOME)
    assert (await guess(world, "anna", PASSWORD, at_home)).user.id == user.id
    with pytest.raises((Refused, Throttled)):
        await guess(world, "anna", PASSWORD, HOME)


async def test_a_known_device_has_a_count_of_its_own(world):
    await world.person()
    _, standing = await sign_in.give_password(world.services, "anna", PASSWORD, HOME, world.now, following="/")
    device = on_device((await sign_in.finish(world.services, standing, HOME, world.now)).device)
    for number in range(5):
        await wrong(world, "anna", f"guess-{number}", device)
    with pytest.raises(Throttled):
        await guess(world, "anna", PASSWORD, device)
    assert (await guess(world, "anna", PASSWORD, AWAY)).device is None


async def test_a_device_known_to_one_person_is_none_of_anothers(world):
    await world.person()
    marco = await world.person("marco")
    _, standing = await sign_in.give_password(world.services, "anna", PASSWORD, HOME, world.now, following="/")
    device = on_device((await sign_in.finish(world.services, standing, HOME, world.now)).device)
    assert (await guess(world, "marco", PASSWORD, device)).device is None
    assert await world.services.database.read.devices.known(marco.id, digest(device.device)) is None


async def test_codes_and_passwords_are_counted_apart(world):
    await world.person(secret=SECRET)
    for number in range(4):
        await wrong(world, "anna", f"guess-{number}")
    _, standing = await sign_in.give_password(world.services, "anna", PASSWORD, AWAY, world.now, following="/")
    for number in range(4):
        with pytest.raises(Refused):
            await two_factor.give_code(world.services, standing, f"00000{number}", AWAY, world.now)
    who = guesser(Kind.CODE, "anna", AWAY.address, None)
    await throttling.check(world.services, who, world.now)
    assert await world.services.throttle.count(throttling._person_key(world.services, who)) == 4


async def test_wrong_codes_over_many_attempts_have_to_wait(world):
    await world.person(secret=SECRET)
    codes = iter(f"{number:06}" for number in range(900_000, 900_100))
    for _ in range(5):
        _, standing = await sign_in.give_password(world.services, "anna", PASSWORD, AWAY, world.now, following="/")
        with pytest.raises(Refused):
            await two_factor.give_code(world.services, standing, next(codes), AWAY, world.now)
    with pytest.raises(Throttled):
        await two_factor.give_code(world.services, standing, world.code(), AWAY, world.now)


async def test_one_wrong_code_repeated_at_another_time_is_another_guess(world):
    await world.person(secret=SECRET)
    _, standing = await sign_in.give_password(world.services, "anna", PASSWORD, AWAY, world.now, following="/")
    for _ in range(3):
        world.clock.advance(30)
        with pytest.raises(Refused):
            await two_factor.give_code(world.services, standing, "000000", AWAY, world.now)
    key = throttling._person_key(world.services, guesser(Kind.CODE, "anna", AWAY.address, None))
    assert await world.services.throttle.count(key) == 3


class Counted:
    """What a guess costs: queries by table, Redis calls, verifications."""

    def __init__(self, world, monkeypatch):
        self.calls: list[str] = []
        services = world.services
        for table in ("users", "passwords", "devices", "policies"):
            self._watch(monkeypatch, getattr(services.database.read, table), table)
        for name in ("throttle", "address_throttle", "hasher"):
            self._watch(monkeypatch, getattr(services, name), name)
        transaction = services.database.transaction

        def counted():
            self.calls.append("transaction")
            return transaction()

        monkeypatch.setattr(services.database, "transaction", counted)

    def _watch(self, monkeypatch, target, name):
        for method in ("by_login", "current", "known", "read", "check", "fail", "clear", "verify", "hash"):
            if hasattr(target, method):
                monkeypatch.setattr(target, method, self._counting(getattr(target, method), f"{name}.{method}"))

    def _counting(self, work, label):
        async def counted(*given, **named):
            self.calls.append(label)
            return await work(*given, **named)

        return counted


async def test_a_refusal_costs_the_same_whatever_was_wrong(world, monkeypatch):
    await world.person("anna")
    disabled = await world.person("disabled")
    await world.person("locked")
    await world.person("empty", password=None)
    async with world.services.database.transaction() as tables:
        await tables.users.set_enabled(disabled.id, False)
        await tables.users.set_locked("locked", world.now)
    counted = Counted(world, monkeypatch)
    costs, words = [], set()
    cases = [("anna", OTHER), ("nobody", OTHER), ("disabled", PASSWORD), ("locked", PASSWORD), ("empty", OTHER)]
    for name, password in cases:
        counted.calls.clear()
        with pytest.raises(Refused) as refused:
            await guess(world, name, password, on_device("x" * 43))
        costs.append(list(counted.calls))
        words.add((refused.value.code, refused.value.message, refused.value.field))
    assert all(cost == costs[0] for cost in costs)
    assert costs[0].count("hasher.verify") == 1
    assert len(words) == 1


async def test_what_was_typed_as_a_name_is_kept_only_if_it_is_somebodys(world):
    await world.person()
    await wrong(world, "anna", "x")
    await wrong(world, "my secret password", "x")
    entries = await world.log("sign-in.failed")
    assert [entry.target_name for entry in entries] == [None, "anna"]
    keys = await world.services.attempts._redis.keys("*")
    assert not any(b"secret" in key for key in keys)
