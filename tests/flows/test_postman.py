"""The postman over real engines, with a real mail server that refuses, hangs and dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import Any

import pytest
import structlog

from gatekeeper.config import MailConfig, MailServer, Sender
from gatekeeper.domain.errors import Unavailable
from gatekeeper.flows import mails, postman
from gatekeeper.flows.mails import KEPT, MailKind
from gatekeeper.flows.postman import FIRST_DELAY, LONGEST_DELAY, Postman, delay
from gatekeeper.mail.sending import Away, Mailer
from gatekeeper.store.database import Database
from tests.e2e.post import DIE, HANG, PATIENCE, Post, open_post
from tests.flows.world import World

LINK = "https://mail.example.com/gatekeeper/login/reset?token=the-secret"
TO = "anna@example.com"


def write(mail: Any, link: str | None) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "no-reply@example.com"
    message["To"] = mail.recipient
    message["Subject"] = mail.kind
    message["Message-ID"] = f"<{mail.id}@example.com>"
    message.set_content(link or "nothing to open")
    return message


@dataclass
class Office:
    """A world with mail, its mail server, and a postman who is told when to go."""

    world: World
    post: Post
    config: MailConfig

    def postman(self, database: Database | None = None, **options: Any) -> Postman:
        services = self.world.services
        mailer = Mailer(self.config, "mail.example.com", timeout=options.pop("timeout", 5.0))
        return Postman(
            database or services.database,
            services.box,
            mailer,
            options.pop("write", write),
            clock=self.world.clock,
            **options,
        )

    async def put(self, kind: MailKind = MailKind.PASSWORD_CHANGED, *, link: str | None = None, **options: Any) -> None:
        user = await self.world.services.database.read.users.by_login("anna") or await self.world.person()
        async with self.world.services.database.transaction() as tables:
            await mails.enqueue(self.world.services, tables, kind, TO, self.world.now, user=user, link=link, **options)

    async def waiting(self) -> int:
        return await self.world.services.database.read.outbox.count(100)


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    async with open_post() as post:
        mail = MailConfig(MailServer("127.0.0.1", post.port), Sender("Example Mail", "no-reply@example.com"))
        services = replace(world.services, config=replace(world.services.config, mail=mail))
        yield Office(World(services, world.clock), post, mail)


async def test_what_is_due_is_sent_once(office):
    await office.put()
    await office.put(MailKind.RESET_LINK, link=LINK)
    assert await office.postman().deliver() == 2
    assert [letter.subject for letter in office.post.letters] == ["reset-link", "password-changed"]
    assert LINK in office.post.letters[0].text
    assert await office.postman().deliver() == 0
    assert await office.waiting() == 0


async def test_a_link_lies_sealed_until_it_is_sent(office):
    await office.put(MailKind.RESET_LINK, link=LINK)
    async with office.world.services.database.transaction() as tables:
        mail = await tables.outbox.take(office.world.now)
    assert mail is not None
    assert mail.sealed is not None
    assert "the-secret" not in repr(mail) + mail.sealed + str(mail.details)


async def test_two_nodes_send_one_mail_once(office, database_url):
    for _ in range(10):
        await office.put()
    other = Database.connect(database_url)
    try:
        sent = await asyncio.gather(office.postman().deliver(), office.postman(other).deliver())
    finally:
        await other.close()
    assert sum(sent) == len(office.post.letters) == 10
    assert len({letter.message["Message-ID"] for letter in office.post.letters}) == 10


async def test_a_server_that_is_down_delays_mail_and_loses_none(office):
    await office.put()
    await office.post.stop()
    for _ in range(3):
        with pytest.raises(Away):
            await office.postman().deliver()
    await office.post.start()
    assert await office.postman().deliver() == 1


async def test_a_mail_that_is_not_taken_now_rests_for_growing_times(office):
    await office.put()
    office.post.answers = {"RCPT": ["450 later"] * 3}
    for tries in range(3):
        assert await office.postman().deliver() == 0
        office.world.clock.advance(delay(tries) - 1.0)
        assert await office.postman().deliver() == 0
        office.world.clock.advance(1.0)
    assert await office.postman().deliver() == 1


def test_delays_grow_to_an_hour():
    delays = [delay(tries) for tries in range(200)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (FIRST_DELAY, LONGEST_DELAY)


async def test_a_mail_that_is_never_taken_is_given_up_and_written_down(office):
    await office.put(MailKind.RESET_LINK, link=LINK)
    office.post.answers = {"RCPT": ["550 5.1.1 nobody"]}
    with structlog.testing.capture_logs() as logged:
        assert await office.postman().deliver() == 0
    assert await office.waiting() == 0
    (entry,) = await office.world.log("mail.given-up")
    user = await office.world.services.database.read.users.by_login("anna")
    assert user is not None
    assert (entry.target_id, entry.target_name, entry.outcome) == (user.id, "anna", "failed")
    assert entry.details == {"kind": "reset-link", "recipient": TO, "reason": "550 5.1.1 nobody", "tries": 0}
    (line,) = [line for line in logged if line["event"] == "mail.given_up"]
    assert line["log_level"] == "error"
    assert "the-secret" not in str(logged) + str(entry)


async def test_one_that_is_never_taken_stops_no_other(office):
    await office.put()
    await office.put()
    office.post.answers = {"RCPT": ["550 nobody"]}
    assert await office.postman().deliver() == 1


async def test_what_becomes_of_mails_is_counted(office):
    for _ in range(4):
        await office.put()
    office.post.answers = {"RCPT": ["550 nobody", "450 later"]}
    sender = office.postman()
    await sender.deliver()
    assert sender.outcomes == {"sent": 2, "put_off": 1, "given_up": 1}
    assert await sender.waiting() == 1


async def test_a_mail_whose_time_is_over_is_given_up_though_the_server_is_away(office):
    await office.put()
    await office.put(MailKind.RESET_LINK, link=LINK, until=office.world.now + 1800.0)
    await office.post.stop()
    office.world.clock.advance(1800.0)
    with pytest.raises(Away):
        await office.postman().deliver()
    (entry,) = await office.world.log("mail.given-up")
    assert (entry.details["kind"], entry.details["reason"]) == ("reset-link", "could not be sent in time")
    office.world.clock.advance(KEPT)
    assert await office.postman().deliver() == 0
    assert len(await office.world.log("mail.given-up")) == 2


async def test_a_server_that_hangs_holds_up_one_mail_and_not_the_next(office):
    await office.put()
    await office.put()
    office.post.answers = {"DATA": [HANG]}
    assert await office.postman(timeout=1.5).deliver() == 1
    assert await office.waiting() == 1


async def test_a_server_that_dies_before_its_yes_gets_the_mail_again_and_whoever_reads_it_can_tell(office):
    await office.put()
    office.post.answers = {"AFTER": [DIE]}
    assert await office.postman().deliver() == 0
    office.world.clock.advance(FIRST_DELAY)
    assert await office.postman().deliver() == 1
    first, second = office.post.letters
    assert first.message["Message-ID"] == second.message["Message-ID"]


async def test_a_node_that_dies_in_the_middle_leaves_the_mail_to_another_at_once(office, monkeypatch):
    monkeypatch.setattr(postman, "GRACE", 0.05)
    await office.put()
    office.post.answers = {"DATA": [HANG]}
    dying = asyncio.create_task(office.postman().deliver())
    await office.post.hanging.wait()
    assert await office.postman().deliver() == 0
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    async with asyncio.timeout(PATIENCE):
        while True:  # until PostgreSQL has heard of it
            if await office.postman().deliver():
                break
            await asyncio.sleep(0.02)
    assert len(office.post.letters) == 1


async def test_a_mail_under_way_is_finished_when_the_gateway_stops(office, monkeypatch):
    monkeypatch.setattr(postman, "GRACE", PATIENCE)
    await office.put()
    taking = asyncio.Event()
    going_on = asyncio.Event()

    class Slow(Mailer):
        async def send(self, message: EmailMessage, recipient: str) -> None:
            taking.set()
            await going_on.wait()
            await super().send(message, recipient)

    services = office.world.services
    slow = Slow(office.config, "mail.example.com")
    stopping = asyncio.create_task(
        Postman(services.database, services.box, slow, write, clock=office.world.clock).run()
    )
    await taking.wait()
    stopping.cancel()
    going_on.set()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert len(office.post.letters) == 1
    assert await office.waiting() == 0


async def test_it_goes_at_once_when_this_node_has_mail(office):
    running = asyncio.create_task(office.postman(every=3600.0).run())
    try:
        await office.put()
        assert (await office.post.letter(TO)).subject == "password-changed"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_it_finds_by_itself_what_another_node_left(office, database_url):
    running = asyncio.create_task(office.postman(every=0.05).run())
    other = Database.connect(database_url)
    try:
        user = await office.world.person()
        async with other.transaction() as tables:
            await mails.enqueue(office.world.services, tables, MailKind.NEW_DEVICE, TO, office.world.now, user=user)
        assert (await office.post.letter(TO)).subject == "new-device"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await other.close()


async def test_it_outlives_a_server_that_is_away_and_says_so_once(office, monkeypatch):
    monkeypatch.setattr("gatekeeper.flows.postman.SHORTEST_PAUSE", 0.01)
    monkeypatch.setattr("gatekeeper.flows.postman.LONGEST_PAUSE", 0.02)
    tried = asyncio.Event()
    tries = 0

    class Counting(Mailer):
        async def send(self, message: EmailMessage, recipient: str) -> None:
            nonlocal tries
            tries += 1
            if tries == 3:
                tried.set()
            await super().send(message, recipient)

    await office.put()
    await office.post.stop()
    services = office.world.services
    mailer = Counting(office.config, "mail.example.com")
    postman = Postman(services.database, services.box, mailer, write, every=0.01, clock=office.world.clock)
    with structlog.testing.capture_logs() as logged:
        running = asyncio.create_task(postman.run())
        try:
            await tried.wait()
            await office.post.start()
            await office.post.letter(TO)
            assert not running.done()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    events = [line["event"] for line in logged]
    assert events.count("mail.server_away") == 1
    assert events.index("mail.server_away") < events.index("mail.server_back")


async def test_while_postgresql_is_away_it_waits(office, monkeypatch):
    monkeypatch.setattr("gatekeeper.flows.postman.SHORTEST_PAUSE", 0.01)
    await office.put()
    database = office.world.services.database
    transaction = database.transaction
    failures = iter([True, True, False])

    def sometimes() -> Any:
        if next(failures, False):
            raise Unavailable("PostgreSQL")
        return transaction()

    monkeypatch.setattr(database, "transaction", sometimes)
    with structlog.testing.capture_logs() as logged:
        running = asyncio.create_task(office.postman(every=0.01).run())
        try:
            await office.post.letter(TO)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert [line["event"] for line in logged if line["log_level"] == "warning"] == ["mail.waits"]


async def test_a_mail_that_cannot_be_written_waits_for_its_template_and_tells_no_secret(office):
    def broken(mail: Any, link: str | None) -> EmailMessage:
        raise ValueError(f"{link} cannot be shown")

    await office.put(MailKind.RESET_LINK, link=LINK)
    with structlog.testing.capture_logs() as logged:
        assert await office.postman(write=broken).deliver() == 0
    assert "ValueError" in str(logged)
    assert "the-secret" not in str(logged)
    office.world.clock.advance(FIRST_DELAY)
    assert await office.postman().deliver() == 1


async def test_a_link_that_no_key_opens_is_given_up(office):
    await office.put(MailKind.RESET_LINK, link=LINK)
    services = office.world.services
    async with services.database.transaction() as tables:
        mail = await tables.outbox.take(office.world.now)
        assert mail is not None
        await tables.outbox.remove(mail)
        moved = replace(mail, recipient="mallory@example.com")
        await tables.outbox.add(moved)
    assert await office.postman().deliver() == 0
    (entry,) = await office.world.log("mail.given-up")
    assert "sealed for something else" in entry.details["reason"]
    assert office.post.letters == []


async def test_without_mail_in_the_configuration_nothing_is_written(world):
    user = await world.person()
    async with world.services.database.transaction() as tables:
        await mails.tell(world.services, tables, MailKind.PASSWORD_CHANGED, user, world.now)
    assert await world.services.database.read.outbox.count(1) == 0
