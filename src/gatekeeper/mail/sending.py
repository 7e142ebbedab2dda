"""One mail server, over one connection that is kept while there is something to send."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import aiosmtplib

from gatekeeper.domain.errors import GatekeeperError

if TYPE_CHECKING:
    from email.message import EmailMessage

    from gatekeeper.config import MailConfig

TIMEOUT = 30.0
"""Seconds in which a message must be handed over, the connection included."""

_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_GOODBYE = 2.0
_LONGEST_REASON = 200
_SHUTTING_DOWN = 421
_FOR_GOOD = 500
_ABOUT_US = {530, 534, 535, 538}
"""Replies that ask for authentication or encryption (RFC 4954 §6, RFC 3207 §4): no fault of the message."""


class NotSent(GatekeeperError):
    """A message was not handed over; ``reason`` is one printable line, with the server's own words where it had any."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Away(NotSent):
    """The server cannot be reached, or takes nothing from us; that is true of every message."""


class PutOff(NotSent):
    """The server does not take this message now, or did not say whether it did."""


class Rejected(NotSent):
    """The server will never take this message."""


class Mailer:
    """Hands messages to a mail server, one after the other.

    Args:
        config: the server, its user and password, and whom mails are from.
        hostname: the name by which we greet it.
        timeout: seconds for one message.
    """

    def __init__(self, config: MailConfig, hostname: str, *, timeout: float = TIMEOUT) -> None:
        self._config = config
        self._hostname = hostname
        self._timeout = timeout
        self._smtp: aiosmtplib.SMTP | None = None
        self._tls: ssl.SSLContext | None = None

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Hand over a message, for one recipient.

        Raises:
            Away: the server cannot be had.
            PutOff: not now; where the connection was lost at the very end it may have been taken all the same.
            Rejected: never.
        """
        try:
            async with asyncio.timeout(self._timeout):
                smtp = await self._connected()
                await self._hand_over(smtp, message, recipient)
        except TimeoutError:
            kind = Away if self._smtp is None else PutOff
            self._drop()
            raise kind(f"no answer within {self._timeout:g} s") from None
        except Rejected:
            raise
        except BaseException:
            self._drop()
            raise

    async def close(self) -> None:
        """Say goodbye, if there is somebody to say it to."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await smtp.quit()
        smtp.close()

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        """The connection that stands, if it still answers; otherwise a new one."""
        if self._smtp is not None and self._smtp.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError):
                await self._smtp.rset()
                return self._smtp
        self._drop()
        try:
            self._smtp = await self._connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Away(_reason(error)) from None
        return self._smtp

    async def _connect(self) -> aiosmtplib.SMTP:
        server, password = self._config.server, self._config.password
        if self._tls is None:
            self._tls = await asyncio.to_thread(_tls_context, self._config)
        smtp = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=self._hostname,
            timeout=None,
            use_tls=server.tls,
            start_tls=False if server.tls else None if server.is_local else True,
            tls_context=self._tls,
        )
        try:
            await smtp.connect()
            await smtp.ehlo()
            if server.username is not None and (smtp.supports_extension("auth") or not server.is_local):
                await smtp.login(server.username, password or "")
        except BaseException:
            smtp.close()
            raise
        return smtp

    async def _hand_over(self, smtp: aiosmtplib.SMTP, message: EmailMessage, recipient: str) -> None:
        if not _ADDRESS.fullmatch(recipient) or not recipient.isprintable():
            raise Rejected("this is no address")
        try:
            await smtp.send_message(message, sender=self._config.sender.address, recipients=[recipient])
        except aiosmtplib.SMTPSenderRefused as error:
            raise Away(_reason(error)) from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refusal(error.recipients[0]) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error) from None
        except (aiosmtplib.SMTPNotSupported, ValueError) as error:
            raise Rejected(_reason(error)) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise PutOff(_reason(error)) from None


def _refusal(error: aiosmtplib.SMTPResponseException) -> NotSent:
    """What a reply means (RFC 5321 §4.2.1): 4yz is for now, 5yz for good."""
    if error.code == _SHUTTING_DOWN or error.code in _ABOUT_US:
        return Away(_reason(error))
    return Rejected(_reason(error)) if error.code >= _FOR_GOOD else PutOff(_reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        text = f"{error.code} {error.message}"
    elif isinstance(error, aiosmtplib.SMTPException):
        text = error.message
    else:
        text = str(error) or type(error).__name__
    line = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(line.split())[:_LONGEST_REASON]


def _tls_context(config: MailConfig) -> ssl.SSLContext:
    """How the server's certificate is checked: on this machine only where certificates are named for it."""
    context = ssl.create_default_context(cafile=None if config.ca_file is None else str(config.ca_file))
    if config.server.is_local and config.ca_file is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
