"""Mailboxes in memory: folders, messages, attachments."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

FOLDERS = {"inbox": "Inbox", "starred": "Starred", "sent": "Sent", "archive": "Archive", "trash": "Trash"}
SNIPPET = 110


@dataclass(frozen=True, slots=True)
class Person:
    """A correspondent."""

    name: str
    address: str

    @property
    def initials(self) -> str:
        words = [word for word in self.name.split() if word[:1].isalnum()] or [self.address]
        return "".join(word[0] for word in (words[0], *words[1:][-1:])).upper()

    @property
    def hue(self) -> int:
        """A number from 0 to 5 that stays with the address: the colour of the person's picture."""
        return sum(self.address.encode()) % 6


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a message; ``content`` are its bytes."""

    id: str
    name: str
    type: str
    content: bytes

    @property
    def size(self) -> str:
        """Return the size as people write it."""
        size = float(len(self.content))
        for unit in ("bytes", "KB", "MB"):
            if size < 1024 or unit == "MB":  # noqa: PLR2004 - the step from one unit to the next
                return f"{size:.0f} {unit}" if unit == "bytes" or size >= 10 else f"{size:.1f} {unit}"  # noqa: PLR2004
            size /= 1024
        raise AssertionError


@dataclass(slots=True)
class Message:
    """One mail in one person's mailbox."""

    id: str
    folder: str
    sender: Person
    recipients: tuple[Person, ...]
    subject: str
    body: str
    at: datetime
    read: bool = False
    starred: bool = False
    attachments: tuple[Attachment, ...] = ()

    @property
    def paragraphs(self) -> list[str]:
        return [part for part in self.body.split("\n\n") if part.strip()]

    @property
    def snippet(self) -> str:
        text = " ".join(self.body.split())
        return text if len(text) <= SNIPPET else text[: SNIPPET - 1].rstrip() + "…"

    @property
    def correspondent(self) -> Person:
        """Whom a list shows: the recipient of what was sent, the sender of everything else."""
        return self.recipients[0] if self.folder == "sent" and self.recipients else self.sender


@dataclass(slots=True)
class Mailbox:
    """One person's messages, and the files that they are about to send."""

    owner: Person
    messages: dict[str, Message] = field(default_factory=dict)
    uploads: dict[str, Attachment] = field(default_factory=dict)
    watchers: list[Callable[[str, Message | None], None]] = field(default_factory=list)
    surprise_is_due: bool = True

    def add(self, message: Message) -> None:
        """Put a message in, and tell whoever watches."""
        self.messages[message.id] = message
        self.changed("message" if message.folder == "inbox" else "counts", message)

    def changed(self, kind: str, message: Message | None = None) -> None:
        """Tell whoever watches that something is different."""
        for watcher in tuple(self.watchers):
            watcher(kind, message)

    def listed(self, folder: str, query: str = "") -> list[Message]:
        """Return the messages of a folder, newest first, whose text has every word of the query."""
        words = query.casefold().split()
        found = [message for message in self._in(folder) if all(word in _text(message) for word in words)]
        return sorted(found, key=lambda message: message.at, reverse=True)

    def unread(self, folder: str = "inbox") -> int:
        """Count what is unread in a folder."""
        return sum(not message.read for message in self._in(folder))

    def _in(self, folder: str) -> Iterator[Message]:
        if folder == "starred":
            return (message for message in self.messages.values() if message.starred and message.folder != "trash")
        return (message for message in self.messages.values() if message.folder == folder)


def _text(message: Message) -> str:
    people = " ".join(f"{person.name} {person.address}" for person in (message.sender, *message.recipients))
    return f"{message.subject} {people} {message.body}".casefold()


_numbers = itertools.count(1)


def new_message_id() -> str:
    """Return an id that no other message has: short, as it stands in addresses."""
    return f"m{next(_numbers)}"


def new_attachment(name: str, kind: str, content: bytes) -> Attachment:
    """Return a file under a new id that cannot be guessed."""
    return Attachment(secrets.token_hex(8), name, kind, content)
