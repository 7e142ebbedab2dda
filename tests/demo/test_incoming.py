"""The platform takes mail as any mail server does: from the very client that the gateway sends with."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from email.message import EmailMessage

import aiosmtplib
import pytest

from gatekeeper.demo import create_app

ANNA = {"X-Forwarded-User": "anna@example.com"}


@pytest.fixture
def mail():
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
async def platform(aiohttp_client, mail):
    return await aiohttp_client(create_app("/gatekeeper/logout", mail))


def letter(recipient: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Example Mail <no-reply@example.com>", recipient, subject
    message.set_content(text)
    message.add_alternative("<p>The same</p>", subtype="html")
    return message


async def sent(mail: socket.socket, *messages: EmailMessage) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=mail.getsockname()[1], timeout=5) as smtp:
        for message in messages:
            await smtp.send_message(message)


async def test_a_colleague_finds_it_in_the_inbox(platform, mail):
    dots = "First\n\n.\n..Second é"
    await sent(mail, letter("Anna@Example.com", "Schön", dots), letter("anna@example.com", "Another", "x"))
    listed = await platform.get("/mail/api/messages", params={"q": "schön"}, headers=ANNA)
    (item,) = (await listed.json())["items"]
    assert (item["from"]["name"], item["read"]) == ("Example Mail", False)
    whole = await (await platform.get(f"/mail/api/messages/{item['id']}", headers=ANNA)).json()
    assert whole["body"] == "First\n\n.\n..Second é\n"


async def test_what_is_for_other_places_is_shown_to_whoever_asks_with_its_links(platform, mail):
    assert "There is none yet" in await (await platform.get("/elsewhere/")).text()
    link = "http://localhost:8080/gatekeeper/login/reset?token=abc"
    await sent(mail, letter("anna@home.example", "A <new> password", f"Open\n\n{link}\n"))
    text = await (await platform.get("/elsewhere/")).text()
    assert "A &lt;new&gt; password" in text
    assert f'href="{link}"' in text
    listed = await platform.get("/mail/api/messages", params={"q": "password"}, headers=ANNA)
    assert (await listed.json())["items"] == []


async def test_what_it_does_not_know_it_says_so_and_goes_on(platform, mail):
    reader, writer = await asyncio.open_connection(*mail.getsockname())
    writer.write(b"VRFY anna\r\nNOOP\r\nQUIT\r\n")
    assert [line[:3] for line in (await reader.read()).splitlines()] == [b"220", b"502", b"250", b"221"]
    writer.close()


@pytest.mark.parametrize("said", [b"\xff\xff\r\n", b"DATA\r\nno mail\r\n.\r\n", b"x" * 2_000_000])
async def test_nonsense_ends_a_connection_and_nothing_else(platform, mail, said):
    reader, writer = await asyncio.open_connection(*mail.getsockname())
    writer.write(said)
    writer.write_eof()
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()
    await sent(mail, letter("anna@example.com", "Later", "x"))
