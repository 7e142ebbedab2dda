"""What happens to an account is told, once, to the main address and to a confirmed recovery address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.config import MailConfig, MailServer, Sender
from gatekeeper.domain.model import Client, Enrolment
from gatekeeper.flows import (
    assistance,
    given_passwords,
    links,
    mails,
    new_password,
    people,
    sign_in,
    standing,
    two_factor,
)
from gatekeeper.flows.acting import command_line
from gatekeeper.flows.mails import MailKind
from gatekeeper.flows.new_password import Typed
from gatekeeper.flows.people import Candidate, Wanted
from gatekeeper.store.outbox import Mail
from tests.flows.own import enrolled, signed_in
from tests.flows.world import AWAY, HOME, OTHER, PASSWORD, SECRET, World, on_device

MAIL = MailConfig(MailServer("localhost", 25), Sender("Example Mail", "no-reply@example.com"))
OPERATOR = command_line()
MAIN, RECOVERY = "anna@example.com", "anna@home.example"


@pytest.fixture
def mailing(world: World) -> World:
    """A world in which mail is configured; nobody sends it."""
    return World(replace(world.services, config=replace(world.services.config, mail=MAIL)), world.clock)


async def outbox(world: World) -> list[Mail]:
    """What waits to be sent, links first; it is taken out."""
    found = []
    async with world.services.database.transaction() as tables:
        while (mail := await tables.outbox.take(world.now)) is not None:
            await tables.outbox.remove(mail)
            found.append(mail)
    return found


async def told(world: World) -> list[tuple[str, str]]:
    """Of what waits to be sent: what it says, and to whom."""
    return sorted((mail.kind, mail.recipient) for mail in await outbox(world))


async def confirmed(world: World, user_id: str, address: str = RECOVERY) -> None:
    async with world.services.database.transaction() as tables:
        await tables.users.update(user_id, recovery_email=address)
        assert await tables.users.confirm_recovery_email(user_id, address)


def both(kind: MailKind) -> list[tuple[str, str]]:
    return [(kind.value, MAIN), (kind.value, RECOVERY)]


async def test_a_recovery_address_hears_of_nothing_until_it_is_confirmed(mailing):
    user = await mailing.person()
    async with mailing.services.database.transaction() as tables:
        user = await tables.users.update(user.id, recovery_email=RECOVERY)
    assert mails.addresses(user) == (MAIN,)
    await confirmed(mailing, user.id)
    assert mails.addresses(await mailing.user(user.id)) == (MAIN, RECOVERY)


async def test_one_address_is_told_once_however_it_is_spelt(mailing):
    user = await mailing.person()
    await confirmed(mailing, user.id, "Anna@Example.COM")
    assert mails.addresses(await mailing.user(user.id)) == (MAIN,)


async def test_a_changed_password_is_told(mailing):
    user = await mailing.person()
    await confirmed(mailing, user.id)
    session = await signed_in(mailing)
    await new_password.change_in_session(mailing.services, session, Typed(PASSWORD, OTHER, OTHER), HOME, mailing.now)
    assert await told(mailing) == both(MailKind.PASSWORD_CHANGED)


async def test_a_password_chosen_by_a_link_is_told_as_such(mailing):
    user = await mailing.person()
    link = await links.create(mailing.services, OPERATOR, user.id, "forgot it", mailing.now)
    _, where = await links.use(mailing.services, link.partition("token=")[2], "/", AWAY, mailing.now)
    await new_password.change_in_attempt(mailing.services, where, Typed("", OTHER, OTHER), AWAY, mailing.now)
    (mail,) = await outbox(mailing)
    assert mail.kind == MailKind.PASSWORD_RESET.value
    assert (mail.details["address"], mail.details["user_agent"]) == (AWAY.address, AWAY.user_agent)


@pytest.mark.parametrize("must_change", [True, False])
async def test_a_password_given_by_an_administrator_is_told_without_their_address(mailing, must_change):
    user = await mailing.person()
    await given_passwords.set_password(
        mailing.services, OPERATOR, user.id, OTHER, must_change=must_change, now=mailing.now
    )
    (mail,) = await outbox(mailing)
    assert (mail.kind, mail.details["must_change"]) == ("password-set", must_change)
    assert "address" not in mail.details
    assert OTHER not in str(mail.details)


async def test_a_first_authenticator_is_told(mailing):
    await mailing.person()
    await mailing.two_factor()
    _, where = await sign_in.give_password(mailing.services, "anna", PASSWORD, HOME, mailing.now, following="/")
    secret = (await two_factor.offer(mailing.services, where)).secret
    await two_factor.enrol(
        mailing.services, where, mailing.code(secret), enrolment_code="", client=HOME, now=mailing.now
    )
    (mail,) = await outbox(mailing)
    assert mail.kind == MailKind.AUTHENTICATOR_ADDED.value
    assert secret not in str(mail.details)


@pytest.mark.parametrize("enrolment", [Enrolment.OPEN, Enrolment.WITH_CODE])
async def test_a_reset_is_told_with_what_comes_next_and_without_the_code(mailing, enrolment):
    user = await mailing.person(secret=SECRET)
    await confirmed(mailing, user.id)
    code = await assistance.reset_two_factor(
        mailing.services, OPERATOR, user.id, "lost phone", mailing.now, enrolment=enrolment
    )
    found = await outbox(mailing)
    assert {mail.recipient for mail in found} == {MAIN, RECOVERY}
    assert {mail.kind for mail in found} == {MailKind.TWO_FACTOR_RESET.value}
    assert {mail.details["enrolment_code"] for mail in found} == {enrolment is Enrolment.WITH_CODE}
    assert code is None or code not in str(found)
    assert "lost phone" not in str(found)


async def test_recovery_codes_are_told_to_run_out_from_the_third_on(mailing):
    user = await mailing.person(secret=SECRET)
    codes = ["aaaaa-aaaaa", "bbbbb-bbbbb", "ccccc-ccccc", "ddddd-ddddd", "eeeee-eeeee"]
    async with mailing.services.database.transaction() as tables:
        await tables.recovery_codes.replace(user.id, two_factor.digests(user, codes))
        await tables.recovery_codes.confirm(user.id)
    left = []
    for code in codes:
        _, where = await sign_in.give_password(mailing.services, "anna", PASSWORD, HOME, mailing.now, following="/")
        await two_factor.give_code(mailing.services, where, code, HOME, mailing.now)
        left += [mail.details["left"] for mail in await outbox(mailing) if mail.kind == "recovery-codes-low"]
    assert left == [3, 2, 1, 0]


async def test_a_sign_in_from_a_new_device_is_told_but_not_the_very_first(mailing):
    await mailing.person()
    _, where = await sign_in.give_password(mailing.services, "anna", PASSWORD, HOME, mailing.now, following="/")
    known = on_device((await sign_in.finish(mailing.services, where, HOME, mailing.now)).device, HOME)
    assert await told(mailing) == []
    for client, kinds in ((known, []), (AWAY, ["new-device"])):
        _, where = await sign_in.give_password(mailing.services, "anna", PASSWORD, client, mailing.now, following="/")
        await sign_in.finish(mailing.services, where, client, mailing.now)
        assert [kind for kind, _ in await told(mailing)] == kinds


async def test_trust_in_a_device_is_told_in_one_mail(mailing):
    session = await enrolled(mailing)
    await outbox(mailing)
    await mailing.two_factor(trusted_devices_days=30)
    mailing.clock.advance(60.0)
    token, where = await sign_in.give_password(mailing.services, "anna", PASSWORD, AWAY, mailing.now, following="/")
    await two_factor.give_code(mailing.services, where, mailing.code(), AWAY, mailing.now, trust=True)
    where = await standing.stand(mailing.services, token, mailing.now)
    await sign_in.finish(mailing.services, where, AWAY, mailing.now)
    (mail,) = await outbox(mailing)
    assert mail.kind == MailKind.DEVICE_TRUSTED.value
    assert mail.details["until"] == pytest.approx(mailing.now + 30 * mails.DAY)
    assert session.owner.user_id == mail.user_id


async def test_a_changed_address_is_told_to_the_old_ones(mailing):
    user = await mailing.person()
    await confirmed(mailing, user.id)
    await people.change(mailing.services, OPERATOR, user.id, Wanted(email="new@example.org"), mailing.now)
    found = await outbox(mailing)
    assert sorted((mail.kind, mail.recipient) for mail in found) == both(MailKind.ADDRESS_CHANGED)
    assert (found[0].details["old"], found[0].details["new"]) == (MAIN, "new@example.org")


async def test_an_administrators_recovery_address_is_confirmed_by_mail_too(mailing):
    user = await mailing.person()
    await confirmed(mailing, user.id)
    await people.change(mailing.services, OPERATOR, user.id, Wanted(recovery_email="other@home.example"), mailing.now)
    assert await told(mailing) == [
        ("confirm-recovery-address", "other@home.example"),
        *both(MailKind.RECOVERY_ADDRESS_CHANGED),
    ]
    assert not (await mailing.user(user.id)).recovery_email_confirmed


async def test_a_new_persons_recovery_address_is_asked_too(mailing):
    candidate = Candidate("anna", MAIN, recovery_email=RECOVERY)
    user = await people.create(mailing.services, OPERATOR, candidate, mailing.now)
    assert await told(mailing) == [("confirm-recovery-address", RECOVERY)]
    assert not user.recovery_email_confirmed


async def test_other_details_are_told_to_nobody(mailing):
    user = await mailing.person()
    await people.change(mailing.services, OPERATOR, user.id, Wanted(display_name="Anna M."), mailing.now)
    assert await told(mailing) == []


async def test_a_mail_is_in_the_language_that_the_person_chose_or_their_browser_asks_for(mailing):
    user = await mailing.person()
    italian = replace(HOME, wishes="it-IT,it;q=0.9")

    async def language(client: Client | None) -> str | None:
        async with mailing.services.database.transaction() as tables:
            found = await tables.users.by_id(user.id)
            await mails.tell(mailing.services, tables, MailKind.PASSWORD_CHANGED, found, mailing.now, client=client)
        return (await outbox(mailing))[0].language

    assert await language(None) is None
    assert await language(italian) == "it-IT,it;q=0.9"
    await signed_in(mailing, client=italian)
    await outbox(mailing)
    assert await language(None) == "it-IT,it;q=0.9"
    async with mailing.services.database.transaction() as tables:
        await tables.users.set_language(user.id, "en")
    assert await language(italian) == "en"
