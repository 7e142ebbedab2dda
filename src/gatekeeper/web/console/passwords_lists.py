"""Lists that the policies lead to: who must set up an authenticator and has not, whose password falls short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gatekeeper.domain.permissions import may
from gatekeeper.flows import administration, previews, statistics
from gatekeeper.flows.previews import Effect
from gatekeeper.web.console import passwords_words as words
from gatekeeper.web.console.passwords_page import ADDRESS
from gatekeeper.web.menu import USER_PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from gatekeeper.domain.model import User
    from gatekeeper.web.inside import Turn

ENROLMENT = f"{ADDRESS}/enrolment"
SHORT = f"{ADDRESS}/short"
UNKNOWN = f"{ADDRESS}/unknown"
LISTED = 50


@dataclass(frozen=True, slots=True)
class People:
    """A page of a list: who is on it, since when, how many the whole list holds, and where the next page begins."""

    items: Sequence[tuple[User, float | None]]
    count: int
    next_cursor: str | None


async def enrolment(turn: Turn) -> web.StreamResponse:
    """``GET /admin/passwords/enrolment``: who must set up an authenticator and has not, and since when."""
    page = await statistics.waiting(turn.services, turn.actor, cursor=turn.query.get("cursor") or None, limit=LISTED)
    numbers = await statistics.of_two_factor(turn.services, turn.actor)
    return await _shown(
        turn, ENROLMENT, People([(one.user, one.since) for one in page.items], numbers.waiting, page.next_cursor)
    )


async def short(turn: Turn) -> web.StreamResponse:
    """``GET /admin/passwords/short``: whose password is known to fall short of the level."""
    return await _of_passwords(turn, SHORT, Effect.FALLS_SHORT)


async def unknown(turn: Turn) -> web.StreamResponse:
    """``GET /admin/passwords/unknown``: of whose password nobody knows yet how strong it is."""
    return await _of_passwords(turn, UNKNOWN, Effect.STRENGTH_UNKNOWN)


async def _of_passwords(turn: Turn, address: str, effect: Effect) -> web.StreamResponse:
    policy = (await administration.read(turn.services, turn.actor)).password
    found = await previews.of_password(
        turn.services,
        turn.actor,
        policy,
        now=turn.now,
        effect=effect,
        cursor=turn.query.get("cursor") or None,
        limit=LISTED,
    )
    people = People([(affected.user, None) for affected in found.people], found.by_effect[effect], found.next_cursor)
    return await _shown(turn, address, people, words.LEVELS[policy.strength])


async def _shown(turn: Turn, address: str, people: People, level: str = "") -> web.StreamResponse:
    following = people.next_cursor
    return await turn.page(
        "console/passwords_list.html",
        which=address.rpartition("/")[2],
        people=people.items,
        count=people.count,
        level=level,
        levels=words.LEVELS,
        first_page=turn.address(address) if "cursor" in turn.query else None,
        next_page=None if following is None else turn.address(f"{address}?{urlencode({'cursor': following})}"),
        opens_people=may(turn.actor.permissions, USER_PERMISSIONS),
    )
