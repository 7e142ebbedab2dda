"""A real SMTP server that keeps what it gets, and can be told to refuse, to hang and to die.

``async with open_post() as post``: ``post.smtp`` is the address for the configuration, and ``post.letter(address)``
waits for the next letter to somebody. It runs on the test's own event loop.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG = "hang"
DIE = "die"
PATIENCE = 15.0


@dataclass(frozen=True)
class Letter:
    """A message as it arrived."""

    sender: str
    recipient: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    @property
    def links(self) -> list[str]:
        """Every address in the plain text."""
        return re.findall(r"https?://\S+", self.text)

    @property
    def link(self) -> str:
        """The one link with a token."""
        (found,) = [link for link in self.links if "token=" in link]
        return found

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content())


@dataclass
class Post:
    """The server.

    ``answers`` are replies to come, by command (``MAIL``, ``RCPT``, ``DATA``), each used once: a line such as
    ``"450 later"``, or :data:`HANG`, or :data:`DIE`. Whatever has none is accepted.
    """

    port: int = 0
    letters: list[Letter] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    connections: int = 0
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    _servers: list[Any] = field(default_factory=list)
    _listening: asyncio.Server | None = None
    _options: dict[str, Any] = field(default_factory=dict)
    _implicit: ssl.SSLContext | None = None

    @property
    def smtp(self) -> str:
        """The address for ``mail.smtp``."""
        return f"smtp://127.0.0.1:{self.port}"

    async def letter(self, recipient: str, subject: str = "") -> Letter:
        """The next letter to somebody whose subject has these words; it is taken out."""

        def found() -> Letter | None:
            return next((one for one in self.letters if one.recipient == recipient and subject in one.subject), None)

        async with self._arrived:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._arrived.wait_for(lambda: found() is not None)
            except TimeoutError:
                here = [(one.recipient, one.subject) for one in self.letters]
                raise AssertionError(f"no letter to {recipient} about {subject!r}; there are {here}") from None
            letter = found()
            assert letter is not None
            self.letters.remove(letter)
            return letter

    async def start(self) -> None:
        """Listen; again on the same port after :meth:`stop`."""
        self._listening = await asyncio.get_running_loop().create_server(
            self._server, "127.0.0.1", self.port, ssl=self._implicit
        )
        self.port = self._listening.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, and drop every connection."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for server in self._servers:
            if server.transport is not None:
                server.transport.abort()
        self._servers.clear()

    def _server(self) -> SMTP:
        self.connections += 1
        server = SMTP(self, hostname="post.test", **{"enable_SMTPUTF8": True} | self._options)
        self._servers.append(server)
        return server

    async def handle_MAIL(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        answer = await self._answer("MAIL", server)
        if answer is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 OK"

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        answer = await self._answer("RCPT", server)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        answer = await self._answer("DATA", server)
        if answer is not None:
            return answer
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=POLICY)
        assert isinstance(message, EmailMessage)
        async with self._arrived:
            self.letters += [Letter(envelope.mail_from or "", to, message) for to in envelope.rcpt_tos]
            self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
            self._arrived.notify_all()
        # What is said after the letter was kept: a yes that gets lost.
        return await self._answer("AFTER", server) or "250 Kept"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        self.logins.append((data.login.decode(), data.password.decode()))
        wanted = ("user", "päss word")
        return AuthResult(success=self.logins[-1] == wanted, handled=False)

    async def _answer(self, command: str, server: SMTP) -> str | None:
        coming = self.answers.get(command)
        answer = coming.pop(0) if coming else None
        if answer == HANG:
            self.hanging.set()
            await asyncio.Event().wait()
        if answer == DIE:
            server.transport.abort()
            return "421 gone"
        return answer


@asynccontextmanager
async def open_post(
    tls: ssl.SSLContext | None = None, *, implicit: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[Post]:
    """A post office on a free port of 127.0.0.1.

    Args:
        tls: with it ``STARTTLS`` is offered.
        implicit: with it everything is encrypted from the first byte.
        options: more of ``aiosmtpd.smtp.SMTP``, such as ``require_starttls`` and ``auth_required``.
    """
    post = Post(_implicit=implicit)
    post._options = {"tls_context": tls, "authenticator": post.authenticate, **options}
    await post.start()
    try:
        yield post
    finally:
        await post.stop()
