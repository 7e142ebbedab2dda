"""What *Password management* does once it was reviewed: a policy replaced, or a new password asked of everybody."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import Conflict, Refused
from gatekeeper.domain.wording import N_, NN_, together
from gatekeeper.flows import administration, statistics
from gatekeeper.flows.refusals import RefusedAll
from gatekeeper.web.console.passwords_drafts import Kind, find
from gatekeeper.web.console.passwords_fields import read_rules, read_two_step, version_of
from gatekeeper.web.console.passwords_page import ADDRESS, GONE, page
from gatekeeper.web.console.passwords_review import errors_of
from gatekeeper.web.console.passwords_reviewing import rules_changes, two_step_changes

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.domain.wording import Text
    from gatekeeper.web.console.passwords_drafts import Draft
    from gatekeeper.web.inside import Turn


async def apply(turn: Turn) -> web.StreamResponse:
    """``POST /admin/passwords/apply``: make the change that was reviewed."""
    draft = await find(turn)
    if draft is None:
        return await turn.done(GONE, ADDRESS)
    try:
        said = await (_rules(turn, draft) if draft.kind is Kind.RULES else _two_step(turn, draft))
    except Conflict:
        return await page(turn, draft, HTTPStatus.CONFLICT)
    except (RefusedAll, Refused) as refused:
        return await page(turn, draft, HTTPStatus.UNPROCESSABLE_ENTITY, errors=errors_of(draft, refused))
    return await turn.done(said, ADDRESS)


async def _rules(turn: Turn, draft: Draft) -> Text:
    before = (await administration.read(turn.services, turn.actor)).password
    read = read_rules(draft.form)
    await administration.set_password(
        turn.services, turn.actor, read.policy, expected=version_of(draft.form) or 0, now=turn.now
    )
    return together([N_("Applied."), *(change.after for change in rules_changes(before, read.policy))])


async def _two_step(turn: Turn, draft: Draft) -> Text:
    before = (await administration.read(turn.services, turn.actor)).two_factor
    wanted = read_two_step(draft.form, before)
    changes = await two_step_changes(turn, before, wanted)
    await administration.set_two_factor(
        turn.services, turn.actor, wanted.policy, wanted.people, expected=version_of(draft.form) or 0, now=turn.now
    )
    parts = (N_("%(label)s: %(rule)s", label=change.label, rule=change.after) for change in changes)
    return together([N_("Two-step verification is changed."), *parts])


async def ask_everybody(turn: Turn) -> web.StreamResponse:
    """``GET /admin/passwords/require-change``: how many would be asked, before they are."""
    return await turn.page(
        "console/passwords_require_change.html", count=await statistics.with_password(turn.services, turn.actor)
    )


async def demand(turn: Turn) -> web.StreamResponse:
    """``POST /admin/passwords/require-change``: ask everybody for a new password, now."""
    count = await statistics.with_password(turn.services, turn.actor)
    await administration.demand_change(turn.services, turn.actor, turn.now)
    said = NN_(
        "%(num)s person is asked for a new password, from now on.",
        "%(num)s people are asked for a new password, from now on.",
        count,
    )
    return await turn.done(said, ADDRESS)
