"""A password that ends soon is told of once, by whichever node, a few at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gatekeeper.config import MailConfig, MailServer, Sender
from gatekeeper.flows import given_passwords
from gatekeeper.flows.acting import command_line
from gatekeeper.flows.reminders import Reminders
from tests.flows.world import DAY, OTHER, World

MAIL = MailConfig(MailServer("localhost", 25), Sender("Example Mail", "no-reply@example.com"))


@pytest.fixture
def mailing(world: World) -> World:
    return World(replace(world.services, config=replace(world.services.config, mail=MAIL)), world.clock)


async def with_password(world: World, username: str, age_in_days: float, **details):
    """A person who changed their password so long ago."""
    user = await world.person(username, **details)
    hashed = await world.services.hasher.hash(OTHER)
    async with world.services.database.transaction() as tables:
        await tables.passwords.set(user.id, hashed, None, world.now - age_in_days * DAY, must_change=False)
    return await world.user(user.id)


async def look(world: World) -> list[str]:
    """Look once; who was told, in order."""
    assert await Reminders(world.services, clock=world.clock).look()
    return [mail.recipient for mail in await emptied(world)]


async def emptied(world: World):
    found = []
    async with world.services.database.transaction() as tables:
        while (mail := await tables.outbox.take(world.now)) is not None:
            await tables.outbox.remove(mail)
            found.append(mail)
    return found


async def test_who_has_days_left_is_told_and_nobody_else(mailing):
    await mailing.password_policy(expiry_days=90, warn_days=7)
    for name, age in (("fresh", 1), ("early", 82.9), ("soon", 83), ("last", 89.9), ("past", 90), ("closed", 85)):
        await with_password(mailing, name, age, enabled=name != "closed")
    await mailing.person("none", password=None)
    assert sorted(await look(mailing)) == ["last@example.com", "soon@example.com"]


async def test_it_is_told_once_for_each_password_and_each_end(mailing):
    await mailing.password_policy(expiry_days=90, warn_days=7)
    anna = await with_password(mailing, "anna", 85)
    assert await look(mailing) == ["anna@example.com"]
    mailing.clock.advance(DAY)
    assert await look(mailing) == []
    await mailing.password_policy(expiry_days=91, warn_days=7)
    assert await look(mailing) == ["anna@example.com"]
    services, now = mailing.services, mailing.now
    await given_passwords.set_password(services, command_line(), anna.id, "Another-One-3", must_change=False, now=now)
    await emptied(mailing)
    mailing.clock.advance(85 * DAY)
    assert await look(mailing) == ["anna@example.com"]


async def test_two_nodes_tell_it_once(mailing):
    await mailing.password_policy(expiry_days=90, warn_days=7)
    for number in range(8):
        await with_password(mailing, f"p{number}", 85)
    await asyncio.gather(*(Reminders(mailing.services, clock=mailing.clock).look() for _ in range(4)))
    assert sorted(mail.recipient for mail in await emptied(mailing)) == [
        f"p{number}@example.com" for number in range(8)
    ]


async def test_the_mail_says_the_day_and_is_worth_nothing_after_it(mailing):
    await mailing.password_policy(expiry_days=90, warn_days=7)
    anna = await with_password(mailing, "anna", 85)
    await Reminders(mailing.services, clock=mailing.clock).look()
    (mail,) = await emptied(mailing)
    ends = anna.facts.password_changed_at + 90 * DAY
    assert mail.details["expires_at"] == pytest.approx(ends)
    assert mail.give_up_at == pytest.approx(ends)


@pytest.mark.parametrize("policy", [{}, {"expiry_days": 90, "warn_days": 0}])
async def test_without_an_end_or_a_warning_nobody_is_told(mailing, policy):
    await mailing.password_policy(**policy)
    await with_password(mailing, "anna", 89.5)
    assert await look(mailing) == []


async def test_a_warning_longer_than_the_password_lives_waits_a_day(mailing):
    await mailing.password_policy(expiry_days=5, warn_days=30)
    await with_password(mailing, "fresh", 0.5)
    await with_password(mailing, "day-old", 1.5)
    assert await look(mailing) == ["day-old@example.com"]


async def test_a_full_outbox_is_not_filled_further(mailing, monkeypatch):
    monkeypatch.setattr("gatekeeper.flows.reminders.BATCH", 2)
    monkeypatch.setattr("gatekeeper.flows.reminders.MOST_WAITING", 3)
    await mailing.password_policy(expiry_days=90, warn_days=7)
    for number in range(5):
        await with_password(mailing, f"p{number}", 85 + number / 10)
    reminders = Reminders(mailing.services, clock=mailing.clock)
    assert not await reminders.look()
    first = sorted(mail.recipient for mail in await emptied(mailing))
    assert first == ["p1@example.com", "p2@example.com", "p3@example.com", "p4@example.com"]
    assert await reminders.look()
    assert [mail.recipient for mail in await emptied(mailing)] == ["p0@example.com"]


async def test_a_walk_takes_some_at_a_time_and_goes_on_where_the_outbox_was_full(mailing, monkeypatch):
    monkeypatch.setattr("gatekeeper.flows.reminders.CHUNK", 2)
    monkeypatch.setattr("gatekeeper.flows.reminders.BATCH", 1)
    monkeypatch.setattr("gatekeeper.flows.reminders.MOST_WAITING", 3)
    await mailing.password_policy(expiry_days=90, warn_days=7)
    for number in range(6):
        await with_password(mailing, f"p{number}", 89 - number / 10, enabled=number != 1)
    reminders = Reminders(mailing.services, clock=mailing.clock)
    assert not await reminders.look()
    assert [mail.recipient for mail in await emptied(mailing)] == [f"p{number}@example.com" for number in (0, 2, 3)]
    assert await reminders.look()
    assert [mail.recipient for mail in await emptied(mailing)] == ["p4@example.com", "p5@example.com"]
    await with_password(mailing, "older", 89.5)
    assert await reminders.look()
    assert [mail.recipient for mail in await emptied(mailing)] == ["older@example.com"]


async def test_whose_password_was_changed_in_the_meantime_is_not_told(mailing):
    await mailing.password_policy(expiry_days=90, warn_days=7)
    anna = await with_password(mailing, "anna", 85)
    reminders = Reminders(mailing.services, clock=mailing.clock)
    policy = (await mailing.services.database.read.policies.read()).password
    endings, _ = await reminders._untold(policy, 90)
    async with mailing.services.database.transaction() as tables:
        await tables.passwords.set(anna.id, "another", None, mailing.now, must_change=False)
    await reminders._tell_some(endings, policy)
    assert await emptied(mailing) == []
    assert await mailing.services.database.read.notices.about(anna.id, "password-expires") is None
