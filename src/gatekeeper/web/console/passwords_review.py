"""From a form of *Password management* to its review: what was entered is kept, then shown with what it would do."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gatekeeper.domain.errors import Refused
from gatekeeper.domain.permissions import may
from gatekeeper.domain.wording import N_
from gatekeeper.flows import administration, previews
from gatekeeper.flows.previews import Effect
from gatekeeper.flows.refusals import RefusedAll
from gatekeeper.web import charts
from gatekeeper.web.console import passwords_reviewing as reviewing
from gatekeeper.web.console import passwords_words as words
from gatekeeper.web.console.passwords_drafts import FIELD, Draft, Kind, find, keep
from gatekeeper.web.console.passwords_fields import (
    LISTS,
    RULES,
    TWO_STEP,
    Who,
    only,
    read_rules,
    read_two_step,
    version_of,
)
from gatekeeper.web.console.passwords_page import ADDRESS, GONE, page, version_in
from gatekeeper.web.menu import USER_PERMISSIONS
from gatekeeper.web.pages import see_other

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from gatekeeper.domain.model import Policies
    from gatekeeper.manners.forms import Form
    from gatekeeper.web.console.passwords_fields import Pairs
    from gatekeeper.web.console.passwords_reviewing import Review
    from gatekeeper.web.inside import Turn

REVIEW = f"{ADDRESS}/review"
PICKING = "#two-step"
_QUERIES = tuple(f"{who.value}_query" for who in LISTS)
_REVIEW = "review"
ALL = "all"
LISTED = 50


async def take_rules(turn: Turn) -> web.StreamResponse:
    """``POST /admin/passwords/rules``: the password rules, to be reviewed."""
    standing = await administration.read(turn.services, turn.actor)
    draft = await keep(turn, Kind.RULES, only(turn.form, RULES))
    return await _onward(turn, draft, standing, read_rules(draft.form).errors)


async def take_two_step(turn: Turn) -> web.StreamResponse:
    """``POST /admin/passwords/two-step``: to be reviewed, or one step of picking people without a script."""
    standing = await administration.read(turn.services, turn.actor)
    form = turn.form
    if form.get("do") == _REVIEW or not _picks(form):
        draft = await keep(turn, Kind.TWO_STEP, only(form, TWO_STEP))
        return await _onward(turn, draft, standing, read_two_step(draft.form, standing.two_factor).errors)
    draft = await keep(turn, Kind.TWO_STEP, stepped(form))
    return see_other(turn.address(f"{ADDRESS}?{urlencode({FIELD: draft.key})}{PICKING}"))


def _picks(form: Form) -> bool:
    """Whether a form is sent to search or to pick, be it by Enter in a search box."""
    buttons = {f"{verb}_{who.value}" for verb in ("add", "remove") for who in LISTS}
    return bool(buttons & set(form)) or form.get("do") == ALL or any(form.get(name, "").strip() for name in _QUERIES)


def stepped(form: Form) -> Pairs:
    """The fields of a form after the button that was pressed: somebody added, somebody removed, or all selected."""
    pairs = only(form, (*TWO_STEP, *_QUERIES))
    if form.get("do") == ALL:
        pairs = [(name, value) for name, value in pairs if name not in {"who", Who.SELECTED.value}]
        pairs.append(("who", Who.EXCEPT.value))
    for who in LISTS:
        gone, new = form.get(f"remove_{who.value}"), form.get(f"add_{who.value}")
        pairs = [(name, value) for name, value in pairs if (name, value) != (who.value, gone)]
        if new and (who.value, new) not in pairs:
            pairs.append((who.value, new))
        if gone or new or form.get("do") == f"find_{who.value}":
            pairs = [(name, value) for name, value in pairs if name != "who"]
            pairs.append(("who", who.value))
    return pairs


async def _onward(turn: Turn, draft: Draft, standing: Policies, errors: Mapping[str, str]) -> web.StreamResponse:
    """To the review; back to the form where something is wrong in it, or somebody else was quicker."""
    if errors:
        return await page(turn, draft, HTTPStatus.UNPROCESSABLE_ENTITY, errors=errors)
    if version_of(draft.form) != version_in(standing, draft.kind):
        return await page(turn, draft, HTTPStatus.CONFLICT)
    return see_other(turn.address(f"{REVIEW}?{urlencode({FIELD: draft.key})}"))


async def show(turn: Turn) -> web.StreamResponse:
    """``GET /admin/passwords/review``: what it would do."""
    draft = await find(turn)
    if draft is None:
        return await turn.done(GONE, ADDRESS)
    standing = await administration.read(turn.services, turn.actor)
    if version_of(draft.form) != version_in(standing, draft.kind):
        return see_other(turn.address(f"{ADDRESS}?{urlencode({FIELD: draft.key})}"))
    try:
        review = await _review(turn, draft, standing)
    except (RefusedAll, Refused) as refused:
        return await page(turn, draft, HTTPStatus.UNPROCESSABLE_ENTITY, errors=errors_of(draft, refused))
    return await turn.page(
        "console/passwords_review.html",
        draft=draft,
        review=review,
        effects=words.EFFECTS,
        charts=charts,
        opens_people=may(turn.actor.permissions, USER_PERMISSIONS),
    )


async def _review(turn: Turn, draft: Draft, standing: Policies) -> Review:
    if draft.kind is Kind.RULES:
        return await reviewing.of_rules(turn, standing, read_rules(draft.form).policy)
    return await reviewing.of_two_step(turn, standing, read_two_step(draft.form, standing.two_factor))


def errors_of(draft: Draft, refused: RefusedAll | Refused) -> dict[str, str]:
    """The sentences of a refusal, beside the fields of the form; a person of a list may be gone meanwhile."""
    refusals = refused.refusals if isinstance(refused, RefusedAll) else (refused,)
    if draft.kind is Kind.TWO_STEP and any(one.code == "unknown-user" for one in refusals):
        return {draft.form.get("who", ""): N_("Somebody on this list has been deleted meanwhile. Review it once more.")}
    return {"": refusals[0].message}


async def show_people(turn: Turn) -> web.StreamResponse:
    """``GET /admin/passwords/review/people``: everybody whom a change would meet, a page at a time."""
    draft = await find(turn)
    if draft is None:
        return await turn.done(GONE, ADDRESS)
    standing = await administration.read(turn.services, turn.actor)
    cursor, effect = turn.query.get("cursor") or None, turn.query.get("effect")
    named = Effect(effect) if effect in set(Effect) else None
    if draft.kind is Kind.RULES:
        policy = read_rules(draft.form).policy
        preview = await previews.of_password(
            turn.services, turn.actor, policy, now=turn.now, effect=named, cursor=cursor, limit=LISTED
        )
    else:
        wanted = read_two_step(draft.form, standing.two_factor)
        preview = await previews.of_two_factor(
            turn.services, turn.actor, wanted.policy, wanted.people, cursor=cursor, limit=LISTED
        )
    here = {FIELD: draft.key} | ({} if named is None else {"effect": named.value})
    address = turn.address(f"{REVIEW}/people")
    return await turn.page(
        "console/passwords_affected.html",
        people=preview.people,
        count=preview.affected if named is None else preview.by_effect[named],
        effects=words.EFFECTS,
        back=turn.address(f"{REVIEW}?{urlencode({FIELD: draft.key})}"),
        first_page=f"{address}?{urlencode(here)}" if cursor else None,
        next_page=f"{address}?{urlencode(here | {'cursor': preview.next_cursor})}" if preview.next_cursor else None,
        opens_people=may(turn.actor.permissions, USER_PERMISSIONS),
    )
