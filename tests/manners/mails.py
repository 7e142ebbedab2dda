"""One mail of every kind, as the outbox would hold it."""

from __future__ import annotations

from pathlib import Path

from gatekeeper.config import Branding, Config, MailConfig, MailServer, Sender, ServerConfig, StorageConfig
from gatekeeper.domain.addresses import authority
from gatekeeper.flows.mails import DAY, MailKind
from gatekeeper.manners.letters import Letters
from gatekeeper.manners.render import Renderer
from gatekeeper.store.outbox import Mail

AT = 1_800_000_000.0
LINK = "https://mail.example.com/gatekeeper/login/reset?token=" + "t" * 43
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
CLIENT = {"address": "192.0.2.1", "user_agent": FIREFOX}
WITH_LINK = {MailKind.CONFIRM_RECOVERY_ADDRESS, MailKind.RESET_LINK}
DETAILS: dict[MailKind, list[dict[str, object]]] = {
    MailKind.PASSWORD_CHANGED: [CLIENT],
    MailKind.PASSWORD_RESET: [CLIENT],
    MailKind.PASSWORD_SET: [{"must_change": True}, {"must_change": False}],
    MailKind.PASSWORD_EXPIRES: [{"expires_at": AT + 7 * DAY}],
    MailKind.AUTHENTICATOR_ADDED: [{**CLIENT, "authenticator": "Telefonino di Anna"}],
    MailKind.AUTHENTICATOR_REPLACED: [{**CLIENT, "authenticator": "Authenticator app"}],
    MailKind.AUTHENTICATOR_REMOVED: [{**CLIENT, "authenticator": "Authenticator app"}],
    MailKind.TWO_FACTOR_RESET: [{"enrolment_code": True}, {"enrolment_code": False}],
    MailKind.RECOVERY_CODES_MADE: [CLIENT],
    MailKind.RECOVERY_CODES_LOW: [{**CLIENT, "left": left} for left in (3, 1, 0)],
    MailKind.NEW_DEVICE: [CLIENT],
    MailKind.DEVICE_TRUSTED: [{**CLIENT, "until": AT + 30 * DAY}],
    MailKind.ADDRESS_CHANGED: [{"old": "anna@example.com", "new": "anna@example.org"}],
    MailKind.RECOVERY_ADDRESS_CHANGED: [
        {**CLIENT, "old": "anna@home.example", "new": "anna@elsewhere.example"},
        {**CLIENT, "old": "anna@home.example", "new": None},
    ],
    MailKind.CONFIRM_RECOVERY_ADDRESS: [CLIENT],
    MailKind.RESET_LINK: [CLIENT],
}


def mail(kind: MailKind, number: int = 0, *, language: str | None = None, **changes: object) -> Mail:
    """A mail of a kind; ``changes`` are other details."""
    details = {"username": "anna", "display_name": "Anna Müller", "at": AT, **DETAILS[kind][number], **changes}
    return Mail(
        kind.value,
        "anna@example.com",
        AT,
        AT + DAY,
        "an id",
        language,
        details,
        "sealed" if kind in WITH_LINK else None,
        7,
    )


ALL = [(kind, number) for kind, some in DETAILS.items() for number in range(len(some))]
"""Every kind in each of its states."""


def letters_of(branding: Branding, sender: Sender | None = None) -> Letters:
    """What writes the mails of a platform."""
    server = ServerConfig("https://mail.example.com", authority("mail.example.com"), "https", 443)
    found = MailConfig(MailServer("localhost", 25), sender or Sender(branding.name, "no-reply@example.com"))
    config = Config(server=server, storage=StorageConfig(Path("/nowhere")), branding=branding, mail=found)
    return Letters(Renderer(branding, "/gatekeeper", branding.templates), config, found)
