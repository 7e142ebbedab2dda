"""The people of two-step verification's list: found while typing, and, on a page of their own, changed one by one.

The form of the policy holds a list of up to a thousand people, so that a change of it is reviewed as a whole. Beyond
that (``flows.administration.MOST_LISTED``) nobody reads a list before saying yes, and a form that carries it grows
slow: a long list is changed here, each person at once, each change an entry of its own in the audit log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from gatekeeper.domain.errors import Conflict, NotFound
from gatekeeper.domain.model import TwoFactorMode
from gatekeeper.domain.permissions import may
from gatekeeper.domain.wording import N_
from gatekeeper.flows import administration, people, portraits
from gatekeeper.web.console.passwords_fields import Who, who_of
from gatekeeper.web.console.passwords_page import ADDRESS, FOUND
from gatekeeper.web.menu import USER_PERMISSIONS

if TYPE_CHECKING:
    from gatekeeper.domain.model import User
    from gatekeeper.web.inside import Turn

PEOPLE = f"{ADDRESS}/people"
LISTED = 50
_LONGEST_QUERY = 200


async def search(turn: Turn) -> web.StreamResponse:
    """``GET /admin/passwords/people/search``: the first people that a query finds, for the search box."""
    query = turn.query.get("query", "").strip()[:_LONGEST_QUERY]
    found = await people.search(turn.services, turn.actor, query, limit=FOUND)
    return web.json_response({"people": [shown(user) for user in found.items], "more": found.next_cursor is not None})


def shown(user: User) -> dict[str, object]:
    """What the search box shows of a person."""
    facts = user.facts
    return {
        "id": user.id,
        "name": facts.display_name or facts.username,
        "username": facts.username,
        "email": facts.email,
        "enrolled": facts.enrolled,
        "enabled": facts.enabled,
    }


async def show(turn: Turn) -> web.StreamResponse:
    """``GET /admin/passwords/people``: the list as it stands, and a search for who is to come on it."""
    policy = (await administration.read(turn.services, turn.actor)).two_factor
    query, cursor = turn.query.get("query", "").strip()[:_LONGEST_QUERY], turn.query.get("cursor") or None
    listed = await administration.people(turn.services, turn.actor, cursor=cursor, limit=LISTED)
    found = (await people.search(turn.services, turn.actor, query, limit=FOUND)).items if query else []
    reached = await portraits.of(turn.services, found, turn.now)
    on_list = policy.mode is TwoFactorMode.SELECTED
    return await turn.page(
        "console/passwords_people.html",
        policy=policy,
        who=Who.EXCEPT if policy.mode is TwoFactorMode.EVERYONE else who_of(policy),
        query=query,
        found=[(one.user, one.two_factor_required is on_list) for one in reached],
        people=listed.items,
        first_page=turn.address(PEOPLE) if cursor else None,
        next_page=turn.address(f"{PEOPLE}?{urlencode({'cursor': listed.next_cursor})}") if listed.next_cursor else None,
        opens_people=may(turn.actor.permissions, USER_PERMISSIONS),
    )


async def change(turn: Turn) -> web.StreamResponse:
    """``POST /admin/passwords/people``: one person on the list, or off it, at once."""
    add, remove, query = (turn.form.get(name, "") for name in ("add", "remove", "query"))
    back = f"{PEOPLE}?{urlencode({'query': query})}" if query else PEOPLE
    try:
        user = await people.get(turn.services, turn.actor, add or remove)
        flow = administration.add_person if add else administration.remove_person
        await flow(turn.services, turn.actor, user.id, turn.now)
    except NotFound:
        return await turn.done(N_("There is no such person any more."), back)
    except Conflict:
        return await turn.done(N_("Two-step verification has been turned off meanwhile, so there is no list."), ADDRESS)
    name = user.facts.display_name or user.facts.username
    said = N_("%(name)s is on the list now.", name=name) if add else N_("%(name)s is off the list now.", name=name)
    return await turn.done(said, back)
