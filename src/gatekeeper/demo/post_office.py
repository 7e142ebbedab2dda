"""All mailboxes, and mail on its way from one to another."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import getaddresses
from typing import TYPE_CHECKING

from gatekeeper.demo.content import COLLEAGUES, furnish, surprise
from gatekeeper.demo.mailbox import Attachment, Mailbox, Message, Person, new_message_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.demo.identity import Identity


class PostOffice:
    """Finds a person's mailbox, furnishing it at the first visit, and delivers mail."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, Mailbox] = {}
        self.elsewhere: list[Message] = []
        """What is for nobody here."""

    def mailbox(self, identity: Identity) -> Mailbox:
        """Return the mailbox of whoever is asking."""
        return self._open(Person(identity.name, identity.address), identity.first_name)

    def send(
        self, mailbox: Mailbox, recipients: Sequence[Person], subject: str, body: str, files: Sequence[Attachment] = ()
    ) -> Message:
        """Put a message into its sender's *Sent*, and into the inbox of every recipient who is a colleague."""
        now, subject = datetime.now(UTC), subject.strip() or "(no subject)"
        copy = Message(
            new_message_id(),
            "sent",
            mailbox.owner,
            tuple(recipients),
            subject,
            body,
            now,
            read=True,
            attachments=tuple(files),
        )
        mailbox.add(copy)
        for recipient in {person.address: person for person in recipients}.values():
            if recipient.address in COLLEAGUES or recipient.address in self._mailboxes:
                box = self._open(recipient, recipient.name.split(" ")[0])
                box.add(
                    Message(
                        new_message_id(), "inbox", mailbox.owner, copy.recipients, subject, body, now,
                        attachments=copy.attachments,
                    )
                )  # fmt: skip
        return copy

    def receive(self, sender: Person, address: str, subject: str, body: str) -> None:
        """Take a mail from outside: into the inbox of a colleague, or among what is for other places."""
        recipient = COLLEAGUES.get(address, Person(address, address))
        message = Message(new_message_id(), "inbox", sender, (recipient,), subject, body, datetime.now(UTC))
        if address in COLLEAGUES or address in self._mailboxes:
            self._open(recipient, recipient.name.split(" ")[0]).add(message)
        else:
            self.elsewhere.append(message)

    def surprise(self, mailbox: Mailbox) -> None:
        """Deliver a mail while its reader is looking; once for each mailbox."""
        if mailbox.surprise_is_due:
            mailbox.surprise_is_due = False
            mailbox.add(surprise(mailbox, mailbox.owner.name.split(" ")[0], datetime.now(UTC)))

    def _open(self, owner: Person, first_name: str) -> Mailbox:
        mailbox = self._mailboxes.get(owner.address)
        if mailbox is None:
            mailbox = self._mailboxes[owner.address] = Mailbox(owner)
            furnish(mailbox, first_name, datetime.now(UTC))
        return mailbox


def parse_recipients(text: str) -> list[Person]:
    """Read a *To* field; an entry without an address in it is an error (``ValueError`` with a text for people)."""
    found = []
    for name, address in getaddresses([text.replace(";", ",")]):
        if not address and not name:
            continue
        local, at, domain = address.lower().rpartition("@")
        if not (local and at and domain) or " " in address:
            raise ValueError(f"“{address or name}” is not a mail address")
        known = COLLEAGUES.get(address.lower())
        found.append(known or Person(name or address, address.lower()))
    if not found:
        raise ValueError("Say who should get this message")
    return found
