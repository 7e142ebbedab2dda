"""Mail that programs of this machine hand over: just enough SMTP to take it (RFC 5321 §4.5.1).

A colleague gets it into their inbox. What is for anybody else would leave the house; it is kept to be looked at.
"""

from __future__ import annotations

import re
from asyncio import LimitOverrunError
from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import TYPE_CHECKING

from gatekeeper.demo.mailbox import Person

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from gatekeeper.demo.post_office import PostOffice

LARGEST = 1024 * 1024
END = b"\r\n.\r\n"
REPLIES = {
    "EHLO": "250-mail.example.com\r\n250-8BITMIME\r\n250 SMTPUTF8",
    "HELO": "250 mail.example.com",
    "DATA": "354 Go on",
    "QUIT": "221 Goodbye",
}
TAKEN = {"MAIL", "RCPT", "RSET", "NOOP"}


class Incoming:
    """Answers connections, as ``asyncio.start_server`` wants it; ``limit`` there should be :data:`LARGEST`."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office

    async def __call__(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, EOFError, LimitOverrunError, ValueError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        recipients: list[str] = []
        reply, verb = "220 mail.example.com", ""
        while True:
            writer.write(f"{reply}\r\n".encode())
            await writer.drain()
            if verb == "QUIT":
                return
            if verb == "DATA":
                content = await reader.readuntil(END)
                self._deliver(recipients, content.removesuffix(END).replace(b"\r\n..", b"\r\n."))
                reply, verb = "250 Kept", ""
                continue
            line = (await reader.readuntil(b"\n")).decode()
            verb = line[:4].upper()
            if verb == "RCPT":
                recipients += re.findall("<(.+?)>", line)
            elif verb in {"EHLO", "MAIL", "RSET"}:
                recipients.clear()
            reply = "250 OK" if verb in TAKEN else REPLIES.get(verb, "502 Not here")

    def _deliver(self, recipients: list[str], content: bytes) -> None:
        message = message_from_bytes(content, EmailMessage, policy=SMTP)
        body = message.get_body(("plain",))
        text = "" if body is None else body.get_content().replace("\r\n", "\n")
        name, address = parseaddr(str(message["From"]))
        for recipient in recipients:
            self._office.receive(Person(name or address, address), recipient.lower(), str(message["Subject"]), text)
