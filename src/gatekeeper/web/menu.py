"""The console's menu: only what one may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.domain import permissions
from gatekeeper.domain.model import Permission
from gatekeeper.domain.wording import N_
from gatekeeper.manners.keys import DESTINATIONS

if TYPE_CHECKING:
    from aiohttp import web

PASSWORD_MANAGEMENT = (Permission.POLICIES_MANAGE,)
USER_PERMISSIONS = (Permission.USERS_MANAGE, Permission.USERS_RESET_TWO_FACTOR, Permission.PERMISSIONS_GRANT)
AUDIT_LOG = (Permission.AUDIT_READ,)
APPLICATIONS = (Permission.CLIENTS_MANAGE,)

_ENTRIES = (
    (N_("Password management"), "/admin/passwords", PASSWORD_MANAGEMENT),
    (N_("User permissions"), "/admin/users", USER_PERMISSIONS),
    (N_("Audit log"), "/admin/audit", AUDIT_LOG),
    (N_("Applications"), "/admin/clients", APPLICATIONS),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu; ``here``: the page that is shown is it, or below it."""

    label: str
    href: str
    here: bool


def menu_of(request: web.Request, held: frozenset[Permission]) -> list[Entry]:
    """The entries that somebody who holds these permissions sees."""
    own = request.app[DESTINATIONS].own
    return [
        Entry(label, own(path), request.path == own(path) or request.path.startswith(f"{own(path)}/"))
        for label, path, any_of in _ENTRIES
        if permissions.may(held, any_of)
    ]
