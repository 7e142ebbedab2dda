"""What an entry of the audit log says, in a sentence, and the details behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gatekeeper.domain.wording import N_
from gatekeeper.flows import audit
from gatekeeper.web.menu import USER_PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gatekeeper.domain.wording import Text
    from gatekeeper.store.audit import AuditRecord
    from gatekeeper.web.inside import Turn

SENTENCES: dict[str, Text] = {
    "sign-in.succeeded": N_("%(who)s signed in"),
    "sign-in.failed": N_("%(who)s tried to sign in"),
    "session.ended": N_("%(who)s signed out"),
    "session.ended-elsewhere": N_("%(who)s signed out in other places"),
    "proof.renewed": N_("%(who)s gave the password again"),
    "password.changed": N_("%(who)s changed the password"),
    "password.link-asked": N_("%(who)s asked for a link to a new password"),
    "password.link-used": N_("%(who)s opened the link to a new password"),
    "recovery-address.set": N_("%(who)s set a recovery address"),
    "recovery-address.confirmed": N_("%(who)s confirmed the recovery address"),
    "recovery-address.removed": N_("%(who)s removed the recovery address"),
    "mail.given-up": N_("A mail to %(whom)s could not be sent"),
    "two-factor.enrolled": N_("%(who)s set up two-step verification"),
    "authenticator.added": N_("%(who)s added an authenticator"),
    "authenticator.replaced": N_("%(who)s replaced an authenticator"),
    "authenticator.removed": N_("%(who)s removed an authenticator"),
    "authenticator.renamed": N_("%(who)s renamed an authenticator"),
    "recovery-codes.issued": N_("%(who)s was given new recovery codes"),
    "recovery-code.used": N_("%(who)s used a recovery code"),
    "device.trusted": N_("%(who)s trusted a device"),
    "device.untrusted": N_("%(who)s stopped trusting a device"),
    "user.create": N_("%(who)s added %(whom)s"),
    "user.import": N_("%(who)s imported people"),
    "user.change": N_("%(who)s changed the details of %(whom)s"),
    "user.enable": N_("%(who)s enabled %(whom)s"),
    "user.disable": N_("%(who)s disabled %(whom)s"),
    "user.delete": N_("%(who)s deleted %(whom)s"),
    "user.unlock": N_("%(who)s unlocked %(whom)s"),
    "user.password.set": N_("%(who)s set the password of %(whom)s"),
    "user.password.require-change": N_("%(who)s required a new password from %(whom)s"),
    "user.permissions.set": N_("%(who)s changed the permissions of %(whom)s"),
    "user.session.end": N_("%(who)s ended a session of %(whom)s"),
    "user.session.lend": N_("%(who)s borrowed a session of %(whom)s to examine the gateway"),
    "user.session.give-back": N_("%(who)s gave the borrowed session of %(whom)s back"),
    "user.sign-out": N_("%(who)s signed %(whom)s out everywhere"),
    "user.two-factor.reset": N_("%(who)s reset two-factor authentication of %(whom)s"),
    "user.enrolment-code.create": N_("%(who)s made an enrolment code for %(whom)s"),
    "user.one-time-link.create": N_("%(who)s made a one-time link for %(whom)s"),
    "policy.password.replace": N_("%(who)s changed the password policy"),
    "policy.password.require-change": N_("%(who)s required a new password from everybody"),
    "policy.two-factor.replace": N_("%(who)s changed the policy of two-step verification"),
    "policy.two-factor.person.add": N_("%(who)s put %(whom)s on the list of two-step verification"),
    "policy.two-factor.person.remove": N_("%(who)s took %(whom)s off the list of two-step verification"),
    "token.create": N_("%(who)s made an API token"),
    "token.revoke": N_("%(who)s revoked an API token"),
    "audit.export": N_("%(who)s exported the audit log"),
    "page.change": N_("%(who)s tried to do what they may not"),
    "api.change": N_("%(who)s tried to do what they may not"),
}
"""What each kind of entry says; ``who`` did it, to ``whom``."""

GROUPS: tuple[tuple[Text, tuple[tuple[str, Text], ...]], ...] = (
    (
        N_("Signing in"),
        (
            ("sign-in.succeeded", N_("Signed in")),
            ("sign-in.failed", N_("Failed to sign in")),
            ("session.ended", N_("Signed out")),
            ("proof.renewed", N_("Gave the password again")),
            ("device.trusted", N_("Trusted a device")),
        ),
    ),
    (
        N_("Passwords"),
        (
            ("password.changed", N_("Changed the password")),
            ("password.link-asked", N_("Asked for a link")),
            ("password.link-used", N_("Opened a link")),
            ("user.password.set", N_("Set somebody's password")),
            ("user.password.require-change", N_("Required a new password")),
            ("user.one-time-link.create", N_("Made a one-time link")),
            ("recovery-address.set", N_("Set a recovery address")),
            ("mail.given-up", N_("A mail could not be sent")),
        ),
    ),
    (
        N_("Two-step verification"),
        (
            ("two-factor.enrolled", N_("Set it up")),
            ("user.two-factor.reset", N_("Reset it")),
            ("user.enrolment-code.create", N_("Made an enrolment code")),
            ("authenticator.added", N_("Added an authenticator")),
            ("authenticator.removed", N_("Removed an authenticator")),
            ("recovery-code.used", N_("Used a recovery code")),
        ),
    ),
    (
        N_("People"),
        (
            ("user.create", N_("Added somebody")),
            ("user.import", N_("Imported people")),
            ("user.change", N_("Changed details")),
            ("user.permissions.set", N_("Changed permissions")),
            ("user.disable", N_("Disabled somebody")),
            ("user.enable", N_("Enabled somebody")),
            ("user.unlock", N_("Unlocked somebody")),
            ("user.sign-out", N_("Signed somebody out")),
            ("user.delete", N_("Deleted somebody")),
        ),
    ),
    (
        N_("Rules and the log"),
        (
            ("policy.password.replace", N_("Changed the password policy")),
            ("policy.password.require-change", N_("Required new passwords from everybody")),
            ("policy.two-factor.replace", N_("Changed two-step verification")),
            ("token.create", N_("Made an API token")),
            ("token.revoke", N_("Revoked an API token")),
            ("audit.export", N_("Exported the log")),
            ("page.change", N_("Was refused on a page")),
            ("api.change", N_("Was refused by the API")),
        ),
    ),
)
"""The actions that the log can be narrowed to, in groups."""

KNOWN = frozenset(action for _, actions in GROUPS for action, _ in actions)

NOBODY = N_("somebody unknown")
OUTCOMES: dict[str, tuple[Text, str]] = {
    "failed": (N_("Failed"), "warning"),
    "refused": (N_("Refused"), "danger"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody in an entry: where their name leads, and whether their account is gone."""

    name: str
    address: str
    gone: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the pages show it: ``details`` are names and values, the values as text."""

    record: AuditRecord
    text: Text
    outcome: str
    outcome_kind: str
    who: Named | None
    whom: Named | None
    details: list[tuple[str, str]]


async def lines_of(turn: Turn, records: Sequence[AuditRecord]) -> list[Line]:
    """Entries as the pages show them. A name leads to the person's page, or else to what the log has of them."""
    there = await audit.still_there(turn.services, records)
    opens = not turn.actor.permissions.isdisjoint(USER_PERMISSIONS)

    def named(user_id: str | None, name: str | None) -> Named | None:
        if not name:
            return None
        gone = user_id is not None and user_id not in there
        if user_id is None:
            address = ""
        elif opens and not gone:
            address = turn.address(f"/admin/users/{user_id}")
        else:
            address = turn.address("/admin/audit") + "?" + urlencode({"person": user_id if gone else name})
        return Named(name, address, gone)

    return [_line_of(record, named) for record in records]


def sentence_of(record: AuditRecord) -> Text:
    """What an entry says."""
    who, whom = record.actor_name or NOBODY, record.target_name or NOBODY
    known = SENTENCES.get(record.action)
    if known is None:
        return N_("%(who)s: %(action)s", who=who, action=record.action)
    return N_(known.message, who=who, whom=whom)


def _line_of(record: AuditRecord, named: Callable[[str | None, str | None], Named | None]) -> Line:
    outcome, kind = OUTCOMES.get(record.outcome, ("", ""))
    themselves = record.target_id is not None and record.target_id == record.actor_id
    return Line(
        record=record,
        text=sentence_of(record),
        outcome=outcome,
        outcome_kind=kind,
        who=named(record.actor_id, record.actor_name),
        whom=None if themselves else named(record.target_id, record.target_name),
        details=list(_flat(record.details)),
    )


def _flat(details: Mapping[str, object], under: str = "") -> Iterable[tuple[str, str]]:
    for name, value in details.items():
        whole = f"{under}{name}"
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{whole}.")
        else:
            yield whole, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
