"""*Audit log*: newest first, narrowed by filters, a line for each event that opens to its details; and the export."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from gatekeeper.domain.errors import Refused
from gatekeeper.domain.wording import N_, NN_
from gatekeeper.flows import audit
from gatekeeper.manners.exports import stream_log
from gatekeeper.manners.keys import RENDERER
from gatekeeper.manners.reader import language_of
from gatekeeper.web import charts
from gatekeeper.web.console import events
from gatekeeper.web.inside import Door
from gatekeeper.web.menu import AUDIT_LOG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatekeeper.web.inside import Turn

ADDRESS = "/admin/audit"
SHOWN = 20
DAYS = 30
FILTERS = ("person", "action", "since", "outcome")
LONGEST = 320
NOBODY = N_("Nobody has this user name or address.")
NO_OUTCOME = N_("Choose one of the outcomes.")
NO_DAY = N_("Write the day as 2026-11-25.")
OUTCOMES = (
    ("", N_("Any outcome")),
    ("done", N_("Done")),
    ("failed", N_("Failed")),
    ("refused", N_("Refused")),
)


async def show(turn: Turn) -> web.StreamResponse:
    """``GET /admin/audit``."""
    asked = {name: turn.query.get(name, "").strip()[:LONGEST] for name in FILTERS}
    errors: dict[str, str] = {}
    user_id = await _person(turn, asked["person"], errors)
    since = _day(asked["since"], errors)
    if asked["outcome"] not in dict(OUTCOMES):
        errors["outcome"] = NO_OUTCOME
    lines: list[events.Line] = []
    following = None
    if not errors:
        try:
            found = await audit.search(
                turn.services,
                turn.actor,
                user=user_id,
                action=asked["action"] or None,
                since=since,
                outcome=asked["outcome"] or None,
                cursor=turn.query.get("cursor"),
                limit=SHOWN,
            )
        except Refused:
            raise web.HTTPNotFound from None
        lines, following = await events.lines_of(turn, found.items), found.next_cursor
    filters = {name: value for name, value in asked.items() if value}
    return await turn.page(
        "console/audit.html",
        errors=errors,
        lines=lines,
        asked=asked,
        filtered=bool(filters),
        actions=events.GROUPS,
        other_action="" if asked["action"] in events.KNOWN else asked["action"],
        outcomes=OUTCOMES,
        chart=await _chart(turn) if not filters and "cursor" not in turn.query else None,
        first=_address(turn, filters) if "cursor" in turn.query else None,
        next_page=_address(turn, filters | {"cursor": following}) if following else None,
    )


async def export(turn: Turn) -> web.StreamResponse:
    """``GET /admin/audit/export``: the same as the API's."""
    return await stream_log(turn.request, await audit.export(turn.services, turn.actor, turn.now))


async def _person(turn: Turn, name: str, errors: dict[str, str]) -> str | None:
    if not name:
        return None
    found = await audit.somebody(turn.services, turn.actor, name)
    if found is None:
        errors["person"] = NOBODY
    return found


def _day(text: str, errors: dict[str, str]) -> float | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        errors["since"] = NO_DAY
        return None


async def _chart(turn: Turn) -> charts.Chart:
    days = await audit.daily_sign_ins(turn.services, turn.actor, DAYS, turn.now)
    language = turn.request.app[RENDERER].languages[language_of(turn.request)]
    succeeded, failed = sum(day.succeeded for day in days), sum(day.failed for day in days)
    summary = NN_(
        "In the last 30 days %(num)s sign-in succeeded and %(failed)s failed.",
        "In the last 30 days %(num)s sign-ins succeeded and %(failed)s failed.",
        succeeded,
        failed=failed,
    )
    return charts.bars(
        language.say(summary),
        [language.short_day(day.begins_at) for day in days],
        charts.Series(language.say(N_("Succeeded")), [day.succeeded for day in days], "accent"),
        charts.Series(language.say(N_("Failed")), [day.failed for day in days], "danger"),
        number=language.number,
        up_to_now=True,
    )


def _address(turn: Turn, query: Mapping[str, str]) -> str:
    return turn.address(ADDRESS) + (f"?{urlencode(query)}" if query else "")


DOORS = (
    Door("GET", ADDRESS, show, AUDIT_LOG),
    Door("GET", f"{ADDRESS}/export", export, AUDIT_LOG),
)
