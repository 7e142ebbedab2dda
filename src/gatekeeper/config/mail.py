"""Reads ``[mail]``."""

from __future__ import annotations

import re
import unicodedata
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from gatekeeper.config import values
from gatekeeper.config.faults import Wrong
from gatekeeper.config.model import MailConfig, MailServer, Sender
from gatekeeper.domain.names import stored_email

if TYPE_CHECKING:
    from gatekeeper.config.section import Section

SMTP_EXAMPLE = 'is an address such as "smtp://user@mail.example.com:587" (STARTTLS) or "smtps://user@mail.example.com"'
SENDER_EXAMPLE = 'is a sender such as "Example Mail <no-reply@example.com>"'
SUBMISSION, SUBMISSIONS, LOCAL = 587, 465, 25
"""The ports of RFC 6409 §3.1, RFC 8314 §3.3, and of a mail server of this machine."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_LONGEST_NAME = 200
_FALLBACK = MailServer("localhost", LOCAL)


def read_mail(section: Section) -> MailConfig:
    """How mail is sent."""
    server = section.need("smtp", smtp, "smtp://user@mail.example.com:587", _FALLBACK)
    mail = MailConfig(
        server=server,
        sender=section.need("sender", sender, "Example Mail <no-reply@example.com>", Sender("", "")),
        password=section.secret("password"),
        ca_file=section.take("ca_file", section.existing_file, None),
        main_address_reachable=section.take("main_address_reachable", values.boolean, False),  # noqa: FBT003 - a default
    )
    given = "password" in section or "password_file" in section
    if not section.is_faulty("smtp"):
        if given and server.username is None:
            section.fault("password", "is for the user that smtp names, and it names none: smtp://user@…")
        if not given and server.username is not None and not server.is_local:
            section.fault("password", "is needed, for smtp names a user: GATEKEEPER__MAIL__PASSWORD, or password_file")
    section.finish()
    return mail


def smtp(value: Any) -> MailServer:
    """The address of a mail server. No message quotes it, for somebody may have put a password there."""
    address = values.text(value).strip()
    try:
        parts = urlsplit(address)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise Wrong(SMTP_EXAMPLE) from None
    if parts.scheme not in {"smtp", "smtps"} or not _HOST.fullmatch(host) or port == 0:
        raise Wrong(SMTP_EXAMPLE)
    if parts.password is not None:
        raise Wrong("holds a password: that comes from GATEKEEPER__MAIL__PASSWORD, or from the file password_file")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise Wrong(f"ends with the port; it {SMTP_EXAMPLE}")
    if parts.netloc.count("@") > 1:
        raise Wrong("has more than one @: in the user's name it is written as %40")
    user = unquote(parts.username or "")
    if any(unicodedata.category(character) == "Cc" for character in user):
        raise Wrong("names a user with control characters")
    tls = parts.scheme == "smtps"
    server = MailServer(host.rstrip("."), 0, tls=tls, username=user or None)
    standard = SUBMISSIONS if tls else LOCAL if server.is_local else SUBMISSION
    return MailServer(server.host, port or standard, tls=tls, username=server.username)


def sender(value: Any) -> Sender:
    """Whom mails are from: an address, with a name before it where one is wanted."""
    text = values.text(value).strip()
    name, found = parseaddr(text)
    if not re.fullmatch(r"[^<>]*<[^\s<>]+>|[^\s<>]+", text) or any(map(_is_control, text)):
        raise Wrong(SENDER_EXAMPLE)
    try:
        address = stored_email(found)
    except ValueError:
        raise Wrong(SENDER_EXAMPLE) from None
    if not address.isascii():
        raise Wrong(f"has letters before the @ that not every mail server takes; it {SENDER_EXAMPLE}")
    if len(name) > _LONGEST_NAME:
        raise Wrong(f"has a name of more than {_LONGEST_NAME} characters")
    return Sender(name, address)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"
