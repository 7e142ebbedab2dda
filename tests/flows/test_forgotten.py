"""Forgotten passwords: the same calls for every name, and a link only where its owner alone reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gatekeeper.domain.errors import Refused
from gatekeeper.flows import forgotten, links
from gatekeeper.flows.links import LinkEnded
from gatekeeper.flows.mails import link_context
from tests.flows.world import AWAY, HOME, World, open_world, with_mail

RECOVERY = "anna@elsewhere.example"


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    async with open_world(database_url, redis_url, with_mail()) as opened:
        yield opened


async def reachable(world, user, *, confirmed: bool = True):
    async with world.services.database.transaction() as tables:
        await tables.users.update(user.id, recovery_email=RECOVERY)
        if confirmed:
            await tables.users.confirm_recovery_email(user.id, RECOVERY)


async def ask(world, name: str, client=AWAY) -> None:
    await forgotten.ask(world.services, name, client, world.now)


async def mails(world) -> list[tuple[str, str]]:
    """Where links went, and their tokens; the outbox is empty afterwards."""
    await forgotten.answer(world.services, world.now)
    found = []
    async with world.services.database.transaction() as tables:
        while (mail := await tables.outbox.take(world.now)) is not None:
            link = world.services.box.open(mail.sealed, link_context(mail.kind, mail.recipient))
            found.append((mail.recipient, link.partition("?token=")[2]))
            await tables.outbox.remove(mail)
    return found


async def test_a_link_goes_to_the_confirmed_recovery_address(world):
    user = await world.person()
    await reachable(world, user)
    await ask(world, " ANNA@example.com ")
    [(recipient, token)] = await mails(world)
    assert recipient == RECOVERY
    _, where = await links.use(world.services, token, "/", HOME, world.now)
    assert where.user.id == user.id
    assert (await world.log("password.link-used"))[0].details["by"] == "mail"


@pytest.mark.parametrize(("chosen", "language"), [(None, "it-IT,it;q=0.9"), ("en", "en")])
async def test_the_mail_is_in_the_language_that_was_chosen_or_else_that_the_browser_asks_for(world, chosen, language):
    user = await world.person()
    await reachable(world, user)
    async with world.services.database.transaction() as tables:
        await tables.users.record_sign_in(user.id, world.now, "de")
        await tables.users.set_language(user.id, chosen)
    await ask(world, "anna", replace(AWAY, wishes="it-IT,it;q=0.9"))
    await forgotten.answer(world.services, world.now)
    async with world.services.database.transaction() as tables:
        assert (await tables.outbox.take(world.now)).language == language


async def test_nothing_goes_where_the_gate_is_in_the_way_or_nobody_confirmed(world):
    user = await world.person()
    await ask(world, "anna")
    assert await mails(world) == []
    await reachable(world, user, confirmed=False)
    await ask(world, "anna")
    assert await mails(world) == []
    assert {entry.details["reason"] for entry in await world.log("password.link-asked")} == {
        "no confirmed recovery address"
    }


async def test_the_main_address_is_written_to_only_where_it_is_said_to_be_reachable(database_url, redis_url):
    async with open_world(database_url, redis_url, with_mail(main_address_reachable=True)) as world:
        user = await world.person()
        await ask(world, "anna")
        assert [recipient for recipient, _ in await mails(world)] == ["anna@example.com"]
        await reachable(world, user)
        await ask(world, "anna")
        assert [recipient for recipient, _ in await mails(world)] == [RECOVERY]


async def test_a_link_that_was_sent_dies_with_the_address_that_it_was_sent_to(world):
    user = await world.person()
    await reachable(world, user)
    await ask(world, "anna")
    [(_, token)] = await mails(world)
    async with world.services.database.transaction() as tables:
        await tables.users.update(user.id, recovery_email="another@elsewhere.example")
    assert not await links.is_good(world.services, token, world.now)
    with pytest.raises(LinkEnded):
        await links.use(world.services, token, "/", HOME, world.now)


async def test_disabled_people_and_nobody_get_nothing(world):
    user = await world.person()
    await reachable(world, user)
    async with world.services.database.transaction() as tables:
        await tables.users.set_enabled(user.id, False)
    for name in ("anna", "nobody", "x" * 5_000, "\x00", "\ud800"):
        await ask(world, name)
    assert await mails(world) == []
    assert {entry.details["reason"] for entry in await world.log("password.link-asked")} == {
        "disabled",
        "nobody has this name",
    }


async def test_what_was_typed_as_a_name_lies_nowhere_to_be_read(world):
    await ask(world, "my secret password")
    async with world.services.database.transaction() as tables:
        request = await tables.link_requests.take()
    assert "secret" not in request.sealed_name
    assert (request.address, request.request_id) == (AWAY.address, AWAY.request_id)
    await ask(world, "my secret password")
    await mails(world)
    assert "secret" not in str(await world.log("password.link-asked"))
    keys = await world.services.attempts._redis.keys("*")
    assert not any(b"secret" in key for key in keys)


async def test_an_empty_name_is_asked_for(world):
    with pytest.raises(Refused):
        await ask(world, "  ")


class Counted:
    """What asking costs, in statements to PostgreSQL and calls to Redis."""

    def __init__(self, world, monkeypatch):
        from gatekeeper.store.running import Reads, Transaction

        self.calls: list[str] = []
        for runner in (Reads, Transaction):
            monkeypatch.setattr(runner, "_run", self._counting(runner._run))
        for throttle in (world.services.throttle, world.services.address_throttle):
            for method in ("check", "fail"):
                monkeypatch.setattr(throttle, method, self._noting(getattr(throttle, method), method))

    def _counting(self, run):
        async def counted(runner, statement, *given):
            self.calls.append(str(statement))
            return await run(runner, statement, *given)

        return counted

    def _noting(self, work, method):
        async def noted(*given):
            self.calls.append(method)
            return await work(*given)

        return noted


async def test_asking_costs_the_same_whosever_the_name_is_and_looks_at_nobody(world, monkeypatch):
    await reachable(world, await world.person())
    disabled = await world.person("disabled")
    await world.person("locked")
    async with world.services.database.transaction() as tables:
        await tables.users.set_enabled(disabled.id, False)
        await tables.users.set_locked("locked", world.now)
    counted = Counted(world, monkeypatch)
    costs = []
    for name in ("anna", "nobody", "disabled", "locked"):
        counted.calls.clear()
        await ask(world, name)
        costs.append(list(counted.calls))
    assert all(cost == costs[0] for cost in costs)
    assert len([call for call in costs[0] if call.startswith("INSERT INTO link_requests")]) == 1
    assert not any("users" in call for call in costs[0])


async def test_who_asks_again_and_again_is_not_told_but_sends_no_more(world):
    await reachable(world, await world.person())
    for number in range(20):
        await ask(world, "anna", replace(AWAY, address=f"203.0.113.{number}"))
    assert len(await mails(world)) == forgotten.MOST_AT_ONCE
    world.clock.advance(links.LIFETIME + 1)
    await ask(world, "anna")
    assert len(await mails(world)) == 1


async def test_one_address_cannot_have_mail_sent_to_everybody(world):
    people = [await world.person(f"person-{number}") for number in range(30)]
    for user in people:
        async with world.services.database.transaction() as tables:
            await tables.users.update(user.id, recovery_email=f"{user.facts.username}@elsewhere.example")
            await tables.users.confirm_recovery_email(user.id, f"{user.facts.username}@elsewhere.example")
        await ask(world, user.facts.username)
    assert len(await mails(world)) + len(await mails(world)) == 21


async def test_a_flood_is_dealt_with_a_few_at_a_time(world):
    for number in range(forgotten.MOST_IN_A_ROW + 1):
        await ask(world, f"nobody-{number}", replace(AWAY, address=f"203.0.113.{number}"))
    await forgotten.answer(world.services, world.now)
    assert len(await world.log("password.link-asked")) == forgotten.MOST_IN_A_ROW
    await forgotten.answer(world.services, world.now)
    assert len(await world.log("password.link-asked")) == forgotten.MOST_IN_A_ROW + 1


async def test_what_nobody_dealt_with_in_time_is_dropped(world):
    await reachable(world, await world.person())
    await ask(world, "anna")
    world.clock.advance(links.LIFETIME + 1)
    assert await mails(world) == []
