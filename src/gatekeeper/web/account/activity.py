"""What happened to one's own account, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper.domain.errors import Refused
from gatekeeper.domain.wording import N_, NN_
from gatekeeper.flows import own_activity
from gatekeeper.web.account.parts import ADDRESS
from gatekeeper.web.inside import Door

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatekeeper.store.audit import AuditRecord
    from gatekeeper.web.inside import Turn

Details = Mapping[str, object]
FAILED = frozenset({"failed", "refused"})

WORDS: dict[str, str] = {
    "session.ended": N_("You signed out"),
    "proof.renewed": N_("You confirmed that it is you"),
    "password.changed": N_("You changed your password"),
    "password.link-asked": N_("A link to set a new password was asked for"),
    "password.link-used": N_("You used a link to set a new password"),
    "recovery-address.set": N_("You set a recovery address"),
    "recovery-address.confirmed": N_("You confirmed your recovery address"),
    "recovery-address.removed": N_("You removed your recovery address"),
    "mail.given-up": N_("A mail to you could not be sent"),
    "two-factor.enrolled": N_("You turned on two-step verification"),
    "recovery-codes.issued": N_("You were given new recovery codes"),
    "recovery-code.used": N_("A recovery code was used"),
    "device.trusted": N_("You trusted a device"),
    "device.untrusted": N_("You stopped trusting a device"),
    "user.create": N_("Your account was created"),
    "user.import": N_("Your account was created"),
    "user.change": N_("An administrator changed your details"),
    "user.enable": N_("An administrator enabled your account again"),
    "user.disable": N_("An administrator disabled your account"),
    "user.password.set": N_("An administrator set your password"),
    "user.password.require-change": N_("An administrator asked for a new password"),
    "user.permissions.set": N_("Your permissions were changed"),
    "user.session.end": N_("An administrator signed you out in one place"),
    "user.session.lend": N_("An administrator borrowed a session of yours to examine the gateway"),
    "user.session.give-back": N_("The borrowed session of yours was given back"),
    "user.sign-out": N_("An administrator signed you out everywhere"),
    "user.two-factor.reset": N_("An administrator reset your two-step verification"),
    "user.enrolment-code.create": N_("An administrator made an enrolment code for you"),
    "user.one-time-link.create": N_("An administrator made a one-time link for you"),
    "user.unlock": N_("An administrator unlocked your account"),
    "policy.two-factor.person.add": N_("You were put on the list of two-step verification"),
    "policy.two-factor.person.remove": N_("You were taken off the list of two-step verification"),
    "token.create": N_("An API token of yours was made"),
    "token.revoke": N_("An API token of yours was revoked"),
}
"""What an entry says that says the same always."""


def _signed_in(details: Details) -> str:
    amr = details.get("amr")
    coded = isinstance(amr, list) and "otp" in amr
    return N_("You signed in, with a code") if coded else N_("You signed in")


def _failed(details: Details) -> str:
    if details.get("locked"):
        return N_("Your account was locked after too many wrong attempts")
    code = details.get("step") == "code"
    return N_("A wrong code was entered") if code else N_("A wrong password was entered")


def _signed_out(details: Details) -> str:
    number = details.get("sessions")
    count = number if isinstance(number, int) else 1
    return NN_("You signed out in one other place", "You signed out in %(num)s other places", count)


def _name(details: Details, key: str = "name") -> str:
    return str(details.get(key, ""))


DEPENDING: dict[str, Callable[[Details], str]] = {
    "sign-in.succeeded": _signed_in,
    "sign-in.failed": _failed,
    "session.ended-elsewhere": _signed_out,
    "authenticator.added": lambda details: N_("You added the authenticator “%(name)s”", name=_name(details)),
    "authenticator.replaced": lambda details: N_("You replaced an authenticator with “%(name)s”", name=_name(details)),
    "authenticator.removed": lambda details: N_("You removed the authenticator “%(name)s”", name=_name(details)),
    "authenticator.renamed": lambda details: N_(
        "You renamed an authenticator to “%(name)s”", name=_name(details, "to")
    ),
}
"""What an entry says that depends on its details."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what happened, when, and from where if the person did it themselves; ``failed``: it did not succeed."""

    text: str
    at: float
    address: str
    failed: bool


def lines_of(records: Iterable[AuditRecord], user_id: str) -> list[Line]:
    """Entries of the audit log as their person reads them; from where an administrator acted is not theirs to know."""
    return [
        Line(
            text=words_of(record),
            at=record.at,
            address=record.address if record.actor_id == user_id else "",
            failed=record.outcome in FAILED,
        )
        for record in records
    ]


def words_of(record: AuditRecord) -> str:
    """What an entry says to the person whom it is about."""
    if record.action in DEPENDING:
        return DEPENDING[record.action](record.details)
    return WORDS.get(record.action) or N_("Something else was done: %(action)s", action=record.action)


async def show(turn: Turn) -> web.StreamResponse:
    """All of it, a page at a time."""
    try:
        entries = await own_activity.history(turn.services, turn.session, turn.query.get("cursor"))
    except Refused:
        raise web.HTTPNotFound from None
    return await turn.page(
        "account/activity.html",
        activity=lines_of(entries.items, turn.session.owner.user_id),
        next_cursor=entries.next_cursor,
        first="cursor" not in turn.query,
    )


DOORS = (Door("GET", f"{ADDRESS}/activity", show, ()),)
