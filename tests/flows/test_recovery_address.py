"""A recovery address counts once a link that went there was used; setting it asks for one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gatekeeper.config import MailConfig, MailServer, Sender
from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.flows import links, mails, people, recovery_address
from gatekeeper.flows.acting import command_line
from gatekeeper.flows.links import LinkEnded
from gatekeeper.flows.people import Wanted
from tests.flows.own import signed_in
from tests.flows.world import AWAY, HOME, World

MAIL = MailConfig(MailServer("localhost", 25), Sender("Example Mail", "no-reply@example.com"))
MAIN, HERE, THERE = "anna@example.com", "anna@home.example", "anna@elsewhere.example"


@pytest.fixture
def mailing(world: World) -> World:
    return World(replace(world.services, config=replace(world.services.config, mail=MAIL)), world.clock)


@pytest.fixture
async def session(mailing):
    await mailing.person()
    return await signed_in(mailing)


async def asked(world, session, address: str = HERE) -> None:
    await recovery_address.ask(world.services, session, address, HOME, world.now)


async def posted(world) -> dict[tuple[str, str], str | None]:
    """What waits to be sent, by kind and recipient, each with its token; it is taken out."""
    found = {}
    async with world.services.database.transaction() as tables:
        while (mail := await tables.outbox.take(world.now)) is not None:
            await tables.outbox.remove(mail)
            link = mail.sealed and world.services.box.open(mail.sealed, mails.link_context(mail.kind, mail.recipient))
            found[mail.kind, mail.recipient] = link.partition("?token=")[2] if link else None
    return found


async def token_to(world, address: str) -> str:
    token = (await posted(world))["confirm-recovery-address", address]
    assert token
    return token


async def confirm(world, token: str) -> str:
    return await recovery_address.confirm(world.services, token, AWAY, world.now)


async def test_it_counts_once_its_link_was_used(mailing, session):
    await asked(mailing, session)
    user = await mailing.user(session.owner.user_id)
    assert (user.recovery_email, user.recovery_email_confirmed) == (HERE, False)
    assert links.address_for(mailing.services, user) is None
    token = await token_to(mailing, HERE)
    assert await recovery_address.find(mailing.services, token, mailing.now) == user
    assert await confirm(mailing, token) == HERE
    user = await mailing.user(user.id)
    assert user.recovery_email_confirmed
    assert links.address_for(mailing.services, user) == HERE
    (entry,) = await mailing.log("recovery-address.confirmed")
    assert (entry.target_id, entry.address) == (user.id, AWAY.address)


async def test_looking_uses_nothing_up_and_using_it_works_once(mailing, session):
    await asked(mailing, session)
    token = await token_to(mailing, HERE)
    for _ in range(3):
        assert await recovery_address.find(mailing.services, token, mailing.now)
    results = await asyncio.gather(*(confirm(mailing, token) for _ in range(5)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["LinkEnded"] * 4 + ["str"]
    assert await recovery_address.find(mailing.services, token, mailing.now) is None


async def test_its_link_is_good_for_a_day(mailing, session):
    await asked(mailing, session)
    token = await token_to(mailing, HERE)
    mailing.clock.advance(recovery_address.LIFETIME)
    assert await recovery_address.find(mailing.services, token, mailing.now) is None
    with pytest.raises(LinkEnded):
        await confirm(mailing, token)


async def test_a_link_to_an_address_that_is_no_longer_set_confirms_nothing(mailing, session):
    await asked(mailing, session)
    token = await token_to(mailing, HERE)
    await asked(mailing, session, THERE)
    assert await recovery_address.find(mailing.services, token, mailing.now) is None
    with pytest.raises(LinkEnded):
        await confirm(mailing, token)
    assert not (await mailing.user(session.owner.user_id)).recovery_email_confirmed


async def test_a_link_for_a_password_confirms_no_address(mailing, session):
    link = await links.create(mailing.services, command_line(), session.owner.user_id, "forgot", mailing.now)
    with pytest.raises(LinkEnded):
        await confirm(mailing, link.partition("?token=")[2])


async def test_another_one_is_told_to_the_old_ones_and_counts_for_nothing_yet(mailing, session):
    await asked(mailing, session)
    await confirm(mailing, await token_to(mailing, HERE))
    await asked(mailing, session, THERE)
    assert set(await posted(mailing)) == {
        ("recovery-address-changed", MAIN),
        ("recovery-address-changed", HERE),
        ("confirm-recovery-address", THERE),
    }
    assert links.address_for(mailing.services, await mailing.user(session.owner.user_id)) is None


async def test_the_link_is_sent_again_without_another_notice(mailing, session):
    await asked(mailing, session)
    first = await token_to(mailing, HERE)
    await asked(mailing, session)
    found = await posted(mailing)
    assert set(found) == {("confirm-recovery-address", HERE)}
    assert await confirm(mailing, first) == HERE
    with pytest.raises(LinkEnded):
        await confirm(mailing, str(found["confirm-recovery-address", HERE]))


async def test_nobodys_mailbox_is_filled_by_asking(mailing, session):
    for _ in range(recovery_address.MOST_LINKS):
        await asked(mailing, session)
    with pytest.raises(Refused, match="Enough links"):
        await asked(mailing, session)
    mailing.clock.advance(recovery_address.LIFETIME)
    await asked(mailing, session)


@pytest.mark.parametrize("address", ["", "anna", "anna@", MAIN, " Anna@EXAMPLE.com "])
async def test_the_main_address_or_none_is_no_recovery_address(mailing, session, address):
    with pytest.raises(Refused) as refused:
        await asked(mailing, session, address)
    assert refused.value.field == "recovery_email"
    assert (await mailing.user(session.owner.user_id)).recovery_email is None


async def test_a_confirmed_one_is_not_set_again(mailing, session):
    await asked(mailing, session)
    await confirm(mailing, await token_to(mailing, HERE))
    with pytest.raises(Refused, match="already"):
        await asked(mailing, session)
    assert (await mailing.user(session.owner.user_id)).recovery_email_confirmed


async def test_it_can_be_taken_away_and_its_links_with_it(mailing, session):
    await asked(mailing, session)
    token = await token_to(mailing, HERE)
    await recovery_address.remove(mailing.services, session, HOME, mailing.now)
    assert (await mailing.user(session.owner.user_id)).recovery_email is None
    with pytest.raises(LinkEnded):
        await confirm(mailing, token)
    assert set(await posted(mailing)) == {("recovery-address-changed", MAIN)}
    with pytest.raises(NotFound):
        await recovery_address.remove(mailing.services, session, HOME, mailing.now)


async def test_no_token_lies_readable_in_the_database_or_the_log(mailing, session):
    await asked(mailing, session)
    async with mailing.services.database.transaction() as tables:
        mail = await tables.outbox.take(mailing.now)
    assert mail is not None
    token = await token_to(mailing, HERE)
    assert token not in str(mail.details) + str(mail.sealed)
    assert token not in str(await mailing.log("recovery-address.set"))


async def test_what_an_administrator_sets_is_confirmed_by_its_owner_alone(mailing, session):
    wanted = Wanted(recovery_email=HERE)
    await people.change(mailing.services, command_line(), session.owner.user_id, wanted, mailing.now)
    assert not (await mailing.user(session.owner.user_id)).recovery_email_confirmed
    assert await confirm(mailing, await token_to(mailing, HERE)) == HERE
