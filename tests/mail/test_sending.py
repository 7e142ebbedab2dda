from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from email.message import EmailMessage

import pytest

from gatekeeper.config import MailConfig, MailServer, Sender
from gatekeeper.mail.sending import Away, Mailer, NotSent, PutOff, Rejected
from tests.e2e.post import DIE, HANG, Post, open_post

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

PASSWORD = "päss word"
TO = "anna@example.com"


def config(post: Post, **changes: object) -> MailConfig:
    standard = MailConfig(MailServer("127.0.0.1", post.port), Sender("Example Mail", "no-reply@example.com"))
    return replace(standard, **changes)


def mailer(post: Post, *, timeout: float = 10.0, **changes: object) -> Mailer:
    return Mailer(config(post, **changes), "mail.example.com", timeout=timeout)


def user(post: Post, *, tls: bool = False) -> MailServer:
    return MailServer("127.0.0.1", post.port, tls=tls, username="user")


async def test_a_message_arrives_in_the_name_of_the_sender(message):
    async with open_post() as post:
        await mailer(post).send(message, TO)
        letter = await post.letter(TO)
    assert (letter.sender, letter.subject) == ("no-reply@example.com", "Hello")
    assert "only Anna" in letter.text


async def test_one_connection_serves_while_there_is_something_to_send(message):
    async with open_post() as post:
        sending = mailer(post)
        for _ in range(3):
            await sending.send(message, TO)
        await sending.close()
        await sending.send(message, TO)
        await sending.close()
        assert (len(post.letters), post.connections) == (4, 2)


async def test_a_connection_that_the_server_dropped_is_made_anew(message):
    async with open_post() as post:
        sending = mailer(post)
        await sending.send(message, TO)
        await post.stop()
        await post.start()
        await sending.send(message, TO)
        assert len(post.letters) == 2


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        ("RCPT", "550 5.1.1 nobody of that name", Rejected),
        ("RCPT", "450 4.2.0 greylisted", PutOff),
        ("RCPT", "421 4.3.2 shutting down", Away),
        ("RCPT", "530 5.7.0 authentication required", Away),
        ("MAIL", "550 5.7.1 not from you", Away),
        ("MAIL", "451 4.3.0 try later", Away),
        ("DATA", "554 5.7.1 spam", Rejected),
        ("DATA", "452 4.3.1 full", PutOff),
        ("DATA", DIE, PutOff),
        ("AFTER", DIE, PutOff),
    ],
)
async def test_what_a_server_says_is_told_by_whom_it_concerns(message, command, answer, kind):
    async with open_post() as post:
        post.answers = {command: [answer]}
        sending = mailer(post)
        with pytest.raises(NotSent) as caught:
            await sending.send(message, TO)
        assert type(caught.value) is kind
        assert answer == DIE or answer[:3] in caught.value.reason
        post.letters.clear()
        await sending.send(message, TO)
        assert len(post.letters) == 1


async def test_a_server_that_hangs_is_left_in_time(message):
    async with open_post() as post:
        sending = mailer(post, timeout=1.0)
        await sending.send(message, TO)
        post.answers = {"DATA": [HANG]}
        with pytest.raises(PutOff, match=r"no answer within 1 s"):
            await sending.send(message, TO)


async def test_a_server_that_never_greets_is_away(message):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        post = Post(port=silent.getsockname()[1])
        with pytest.raises(Away, match="no answer"):
            await mailer(post, timeout=0.2).send(message, TO)


async def test_a_server_that_is_down_is_away(message):
    async with open_post() as post:
        await post.stop()
        with pytest.raises(Away, match="connecting"):
            await mailer(post).send(message, TO)


async def test_a_cancelled_send_leaves_no_connection_behind(message):
    async with open_post() as post:
        post.answers = {"DATA": [HANG]}
        sending = mailer(post)
        task = asyncio.create_task(sending.send(message, TO))
        await post.hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await sending.send(message, TO)
        assert post.connections == 2


async def test_what_a_server_says_is_one_line_without_control_characters(message):
    async with open_post() as post:
        post.answers = {"RCPT": ["550-one\r\n550 \x1b[31mtwo " + "x" * 500]}
        with pytest.raises(Rejected) as caught:
            await mailer(post).send(message, TO)
    assert caught.value.reason.isprintable()
    assert len(caught.value.reason) <= 200


async def test_elsewhere_nothing_is_said_in_the_clear(message, elsewhere):
    async with open_post() as post:
        with pytest.raises(Away, match="STARTTLS"):
            await mailer(post, server=user(post), password=PASSWORD).send(message, TO)
        assert (post.letters, post.logins) == ([], [])


async def test_elsewhere_a_certificate_of_nobody_is_refused(message, elsewhere, tls):
    async with open_post(tls) as post:
        with pytest.raises(Away, match=r"(?i)certificate"):
            await mailer(post, server=user(post), password=PASSWORD).send(message, TO)
        assert post.logins == []


async def test_elsewhere_a_certificate_for_another_name_is_refused(message, elsewhere, tls, certificate):
    async with open_post(tls) as post:
        other = MailServer("localhost", post.port)
        with pytest.raises(Away, match=r"(?i)certificate"):
            await mailer(post, server=other, ca_file=certificate).send(message, TO)


async def test_elsewhere_starttls_comes_before_the_password(message, elsewhere, tls, certificate):
    async with open_post(tls, require_starttls=True, auth_required=True) as post:
        await mailer(post, server=user(post), password=PASSWORD, ca_file=certificate).send(message, TO)
        assert post.encrypted == [True]
        assert post.logins == [("user", PASSWORD)]


async def test_smtps_is_encrypted_from_the_first_byte(message, elsewhere, tls, certificate):
    async with open_post(implicit=tls) as post:
        server = MailServer("127.0.0.1", post.port, tls=True)
        await mailer(post, server=server, ca_file=certificate).send(message, TO)
        assert post.encrypted == [True]


async def test_on_this_machine_encryption_is_taken_where_it_is_offered(message, tls):
    async with open_post(tls) as post:
        await mailer(post).send(message, TO)
        assert post.encrypted == [True]
    async with open_post() as post:
        await mailer(post).send(message, TO)
        assert post.encrypted == [False]


async def test_on_this_machine_a_password_is_given_where_one_is_asked_for(message):
    async with open_post(auth_required=True, auth_require_tls=False) as post:
        await mailer(post, server=user(post), password=PASSWORD).send(message, TO)
        assert post.logins == [("user", PASSWORD)]
    async with open_post() as post:
        await mailer(post, server=user(post), password=PASSWORD).send(message, TO)
        assert post.logins == []


async def test_a_wrong_password_is_no_fault_of_the_message_and_is_not_repeated(message):
    async with open_post(auth_required=True, auth_require_tls=False) as post:
        with pytest.raises(Away) as caught:
            await mailer(post, server=user(post), password="geheim").send(message, TO)
    assert caught.value.reason.startswith("535")
    assert "geheim" not in repr(caught.value)
    assert caught.value.__cause__ is None


async def test_an_address_with_letters_of_any_script_goes_where_it_is_taken(message):
    message.replace_header("To", "änna@example.com")
    async with open_post() as post:
        await mailer(post).send(message, "änna@example.com")
        assert (await post.letter("änna@example.com")).subject == "Hello"
    async with open_post(enable_SMTPUTF8=False) as post:
        with pytest.raises(Rejected):
            await mailer(post).send(message, "änna@example.com")


@pytest.mark.parametrize("address", ["anna@example.com\r\nDATA", "<anna@example.com> SIZE=1", ""])
async def test_no_address_says_more_than_an_address(address):
    message = EmailMessage()
    message["From"] = "no-reply@example.com"
    message.set_content("x")
    async with open_post() as post:
        with pytest.raises(Rejected):
            await mailer(post).send(message, address)
        assert post.letters == []
