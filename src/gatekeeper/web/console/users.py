"""*User permissions*: finding a person, seeing how they stand, and a menu of what can be done for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from gatekeeper.domain.among import Among
from gatekeeper.domain.errors import Refused
from gatekeeper.domain.model import Permission
from gatekeeper.domain.permissions import may_act_on
from gatekeeper.domain.wording import N_
from gatekeeper.flows import people, portraits, profiles
from gatekeeper.web.console import questions, words
from gatekeeper.web.inside import Door
from gatekeeper.web.menu import USER_PERMISSIONS

if TYPE_CHECKING:
    from gatekeeper.domain.model import PasswordPolicy
    from gatekeeper.flows.portraits import Portrait
    from gatekeeper.web.console.questions import Question
    from gatekeeper.web.inside import Turn

ADDRESS = "/admin/users"
SHOWN = 50
LONGEST_QUERY = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A person in the table."""

    portrait: Portrait
    states: list[words.State]
    permissions: list[str]
    two_step: words.State
    password: words.State
    questions: list[Question]
    may_grant: bool
    since: float | None


async def show(turn: Turn) -> web.StreamResponse:
    """``GET /admin/users``."""
    asked = turn.query.get("query", "")[:LONGEST_QUERY]
    among = _among(turn.query.get("show", ""))
    cursor = turn.query.get("cursor")
    try:
        found = await people.search(turn.services, turn.actor, asked, cursor=cursor, limit=SHOWN, among=among)
    except Refused:
        raise web.HTTPNotFound from None
    policies = await turn.services.database.read.policies.read()
    seen = await portraits.of(turn.services, found.items, turn.now)
    changed_at = await profiles.two_factor_changed_at(turn.services, turn.actor)
    filters = {name: value for name, value in (("query", asked), ("show", among.value if among else "")) if value}
    return await turn.page(
        "console/users.html",
        rows=[row_of(turn, portrait, policies.password, changed_at) for portrait in seen],
        asked=asked,
        chosen=among.value if among else "",
        choices=[("", N_("Everybody")), *((kind.value, text) for kind, text in words.AMONG.items())],
        first=_address(turn, filters) if cursor else None,
        next_page=_address(turn, filters | {"cursor": found.next_cursor}) if found.next_cursor else None,
        may_add=Permission.USERS_MANAGE in turn.actor.permissions,
    )


def row_of(turn: Turn, portrait: Portrait, policy: PasswordPolicy, changed_at: float) -> Row:
    """A person as the table shows them, with what whoever looks may do for them."""
    held = turn.actor.permissions
    return Row(
        portrait=portrait,
        states=words.account(portrait),
        permissions=words.names_of(portrait.user.facts.permissions),
        two_step=words.two_step(portrait),
        password=words.password(portrait, policy),
        questions=questions.open_to(turn.actor, portrait.user, in_menu=True),
        may_grant=Permission.PERMISSIONS_GRANT in held and may_act_on(held, portrait.user.facts.permissions),
        since=words.owes_since(portrait, changed_at),
    )


def _among(name: str) -> Among | None:
    return Among(name) if name in set(Among) else None


def _address(turn: Turn, query: dict[str, str]) -> str:
    return turn.address(ADDRESS) + (f"?{urlencode(query)}" if query else "")


DOORS = (Door("GET", ADDRESS, show, USER_PERMISSIONS),)
