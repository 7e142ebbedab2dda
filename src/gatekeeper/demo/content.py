"""What lies in a mailbox when the demo starts: a few days of ordinary mail, dated back from now."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gatekeeper.demo.files import FILES
from gatekeeper.demo.mailbox import Mailbox, Message, Person, new_attachment, new_message_id

PEOPLE = {
    "anna": Person("Anna Bianchi", "anna@example.com"),
    "marco": Person("Marco Rossi", "marco@example.com"),
    "lucia": Person("Lucia Ferrari", "lucia@example.com"),
    "admin": Person("Administrator", "admin@example.com"),
    "tomas": Person("Tomás Herrera", "tomas@northwind.example"),
    "ingrid": Person("Ingrid Solberg", "ingrid@fjordprint.example"),
    "library": Person("City Library", "loans@library.example"),
    "rail": Person("Continental Rail", "tickets@rail.example"),
    "facilities": Person("Facilities", "facilities@example.com"),
    "payroll": Person("Payroll", "payroll@example.com"),
}
COLLEAGUES = {PEOPLE[key].address: PEOPLE[key] for key in ("anna", "marco", "lucia", "admin")}
LETTERS: dict[str, list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("letters.toml").read_text(encoding="utf-8")
)


def furnish(mailbox: Mailbox, first_name: str, now: datetime) -> None:
    """Fill a new mailbox with its first mail; nobody gets a letter from themselves."""
    for kind in ("received", "sent"):
        for letter in LETTERS[kind]:
            message = written(letter, mailbox.owner, first_name, now)
            if kind == "sent" or message.sender.address != mailbox.owner.address:
                mailbox.add(message)


def surprise(mailbox: Mailbox, first_name: str, now: datetime) -> Message:
    """Return a mail that arrives while its reader is looking."""
    written_to_owner = (written(letter, mailbox.owner, first_name, now) for letter in LETTERS["surprise"])
    return next(message for message in written_to_owner if message.sender.address != mailbox.owner.address)


def written(letter: dict[str, Any], owner: Person, first_name: str, now: datetime) -> Message:
    """Make a message of a letter: one that ``owner`` got, or (with ``to`` in place of ``from``) wrote."""
    outgoing = "to" in letter
    other = PEOPLE[letter["to" if outgoing else "from"]]
    return Message(
        id=new_message_id(),
        folder="sent" if outgoing else letter.get("folder", "inbox"),
        sender=owner if outgoing else other,
        recipients=(other if outgoing else owner,),
        subject=letter["subject"],
        body=letter["body"].replace("{name}", first_name),
        at=now - timedelta(minutes=letter["ago"]),
        read=letter.get("read", True),
        starred=letter.get("starred", False),
        attachments=tuple(new_attachment(name, *FILES[name]) for name in letter.get("files", ())),
    )
