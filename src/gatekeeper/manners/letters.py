"""Mails as people get them: plain text and HTML of the same words, in the reader's language, with honest headers.

``templates/mail/<kind>.txt`` sets what is said (``subject``, ``said``, ``advice`` and, where there is something to do,
``button``); ``layout.txt`` and ``layout.html`` lay the same sentences out twice. The first line of the text is the
subject. Nothing in a mail is fetched from elsewhere: no picture, no font, no pixel that counts.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from gatekeeper.domain.two_factor import USUAL_NAME
from gatekeeper.manners.accent import READABLE, ink_on, parse, standing_out
from gatekeeper.manners.static import DEFAULT_ACCENT

if TYPE_CHECKING:
    from gatekeeper.config import Config, MailConfig
    from gatekeeper.manners.accent import Colour
    from gatekeeper.manners.render import Renderer
    from gatekeeper.store.outbox import Mail

CARD: Colour = (255, 255, 255)
_LONGEST_SUBJECT = 200
_LONGEST_NAME = 100


class Letters:
    """Writes messages.

    Args:
        renderer: renders the templates.
        config: branding, and the address of the pages.
        mail: whom mails are from.
    """

    def __init__(self, renderer: Renderer, config: Config, mail: MailConfig) -> None:
        self._renderer = renderer
        self._sender = mail.sender
        pages = config.server.issuer
        fill = standing_out(parse(config.branding.accent or DEFAULT_ACCENT), CARD, READABLE)
        self._given: dict[str, object] = {
            "account_url": f"{pages}/account",
            "sign_in_url": f"{pages}/login",
            "host": config.server.public_host.host,
            "contact": config.branding.contact,
            "accent": _hex(fill),
            "accent_ink": _hex(ink_on(fill)),
            "address": None,
            "user_agent": None,
        }

    def write(self, mail: Mail, link: str | None) -> EmailMessage:
        """The message of a mail in the outbox.

        Args:
            mail: what it tells, and to whom.
            link: the link that only its reader may have.
        """
        language = self._renderer.languages.wished(mail.language or "")
        context = {**self._given, **mail.details, "link": link}
        if context.get("authenticator") == USUAL_NAME:
            context["authenticator"] = USUAL_NAME  # as a text, which each language has its own word for
        template = f"mail/{mail.kind}.txt"
        plain = self._renderer.page(template, lang=language, layout="mail/layout.txt", **context)
        subject, _, text = plain.partition("\n")
        html = self._renderer.page(template, lang=language, layout="mail/layout.html", **context)
        message = EmailMessage(policy=SMTP)
        message["From"] = _address(self._sender.name, self._sender.address)
        message["To"] = _address(str(mail.details.get("display_name", "")), mail.recipient)
        message["Subject"] = _line(subject, _LONGEST_SUBJECT)
        message["Date"] = datetime.fromtimestamp(mail.created_at, UTC)
        message["Message-ID"] = f"<{_identity(mail)}@{self._sender.address.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(text.strip() + "\n", cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message["Content-Language"] = language
        return message


def _identity(mail: Mail) -> str:
    """The same for every time that one mail is sent, so that a mailbox can tell that two are one (RFC 5322 §3.6.4)."""
    known = f"{mail.id} {mail.created_at:.6f} {mail.kind} {mail.recipient}"
    return hashlib.sha256(known.encode()).hexdigest()[:32]


def _address(name: str, address: str) -> Address:
    """A mailbox for a header. What is quoted or encoded in it, the header's own class decides.

    Raises:
        ValueError: the address cannot stand in a header.
    """
    local, _, domain = address.rpartition("@")
    if any(character in '<>,;:"\\()[] ' or not character.isprintable() for character in local + domain):
        raise ValueError("the address cannot stand in a header")
    return Address(_line(name, _LONGEST_NAME), local, domain)


def _line(text: str, longest: int) -> str:
    """One line of what people typed: nothing in it begins another header."""
    visible = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(visible.split())[:longest]


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
