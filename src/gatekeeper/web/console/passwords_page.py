"""*Password management* itself: both forms as they stand or as they were entered, and what there is to look at."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gatekeeper.domain.model import Strength
from gatekeeper.domain.wording import N_
from gatekeeper.flows import administration, people, statistics
from gatekeeper.manners.forms import Form
from gatekeeper.web import charts
from gatekeeper.web.console import passwords_words as words
from gatekeeper.web.console.passwords_drafts import FIELD, Draft, Kind, find
from gatekeeper.web.console.passwords_fields import (
    LISTS,
    Who,
    is_long,
    mode_of,
    picked,
    read_rules,
    read_two_step,
    rules_pairs,
    two_step_pairs,
    version_of,
    who_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from gatekeeper.domain.model import PasswordPolicy, Policies, TwoFactorPolicy
    from gatekeeper.domain.wording import Text
    from gatekeeper.flows.statistics import Week
    from gatekeeper.web.inside import Turn

ADDRESS = "/admin/passwords"
FOUND = 8
"""How many people a search in a form shows at once."""

GONE = N_("What you had entered is not kept any more. Nothing has been changed: this is how things stand.")
STALE = N_(
    "Somebody else changed these rules while you were at it, so nothing was applied. What you entered is still here, "
    "and beside it what stands now: look at both, then review it again."
)


async def show(turn: Turn) -> web.StreamResponse:
    """``GET /admin/passwords``."""
    draft = await find(turn)
    lost = draft is None and FIELD in turn.query
    return await page(turn, draft, notice={"kind": "info", "text": GONE} if lost else None)


async def page(
    turn: Turn,
    draft: Draft | None = None,
    status: int = 200,
    *,
    errors: Mapping[str, str] | None = None,
    notice: Mapping[str, object] | None = None,
) -> web.Response:
    """The page.

    Args:
        turn: who asks.
        draft: what was entered; the form that it is not of shows what stands.
        status: the HTTP status.
        errors: sentences by field, of the draft's form.
        notice: something to say at the top.
    """
    services, actor = turn.services, turn.actor
    standing = await administration.read(services, actor)
    stale = draft is not None and version_of(draft.form) != version_in(standing, draft.kind)
    if stale:
        notice = {"kind": "warning", "text": STALE}
    rules = draft.form if draft and draft.kind is Kind.RULES else Form(rules_pairs(standing.password, 0))
    two_step = draft.form if draft and draft.kind is Kind.TWO_STEP else await _two_step_as_it_stands(turn, standing)
    numbers, strength, weeks, lists = await asyncio.gather(
        statistics.of_two_factor(services, actor),
        statistics.of_strength(services, actor, standing.password.strength),
        _weeks(turn, standing.password),
        _lists(turn, two_step, standing.two_factor),
    )
    return await turn.page(
        "console/passwords.html",
        status,
        notice=notice,
        errors=dict(errors or {}),
        rules=rules,
        two_step=two_step,
        now_said=_differing(draft, standing) if stale and draft else {},
        policies=standing,
        levels=[(level, words.LEVELS[level], words.RULES[level]) for level in Strength],
        numbers=numbers,
        strength=strength,
        weeks=weeks,
        lists=lists,
        bounds=administration,
        charts=charts,
    )


def version_in(standing: Policies, kind: Kind) -> int:
    """The version of the policy that a form of this kind replaces."""
    return standing.password_version if kind is Kind.RULES else standing.two_factor_version


async def _two_step_as_it_stands(turn: Turn, standing: Policies) -> Form:
    listed: list[str] = []
    if 0 < standing.two_factor.listed <= administration.MOST_LISTED:
        limit = administration.MOST_LISTED
        listed = [user.id for user in (await administration.people(turn.services, turn.actor, limit=limit)).items]
    return Form(two_step_pairs(standing.two_factor, listed, 0))


async def _weeks(turn: Turn, policy: PasswordPolicy) -> list[Week]:
    if policy.expiry_days is None:
        return []
    return await statistics.expiring(turn.services, turn.actor, policy.expiry_days, turn.now)


async def _lists(turn: Turn, form: Form, standing: TwoFactorPolicy) -> dict[str, dict[str, object]]:
    """What each of the two lists shows: who is picked, how many there are, and whom a search in the form has found."""
    return {who.value: await _list(turn, form, who, standing) for who in LISTS}


async def _list(turn: Turn, form: Form, who: Who, standing: TwoFactorPolicy) -> dict[str, object]:
    ids = picked(form, who)
    query = form.get(f"{who.value}_query", "").strip()
    found = await people.search(turn.services, turn.actor, query, limit=FOUND) if query else None
    long = is_long(standing, who)
    chosen = [] if long else await people.named(turn.services, turn.actor, ids)
    return {
        "people": chosen,
        "ids": {user.id for user in chosen},
        "count": standing.listed if long else len(chosen),
        "long": long,
        "stands": standing.listed > 0 and mode_of(who) is standing.mode,
        "query": query,
        "found": [] if found is None else found.items,
        "more": found is not None and found.next_cursor is not None,
    }


def _differing(draft: Draft, standing: Policies) -> dict[str, Text]:
    """Each rule as it stands, in words, where something else was entered."""
    if draft.kind is Kind.RULES:
        now, then = _rules_said(standing.password), _rules_said(read_rules(draft.form).policy)
    else:
        wanted = read_two_step(draft.form, standing.two_factor)
        listed = standing.two_factor.listed
        now = _two_step_said(standing.two_factor, words.who(who_of(standing.two_factor), listed))
        then = _two_step_said(
            wanted.policy, words.who(wanted.who, listed if wanted.people is None else len(wanted.people))
        )
    return {name: said for name, said in now.items() if said != then[name]}


def _rules_said(policy: PasswordPolicy) -> dict[str, Text]:
    return {"expiry": words.expiry(policy), "reuse": words.reuse(policy), "strength": words.strength(policy)}


def _two_step_said(policy: TwoFactorPolicy, who: Text) -> dict[str, Text]:
    return {"who": who, "trusted": words.trusted(policy), "enrolment": words.enrolment(policy)}
