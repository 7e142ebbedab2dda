"""The page of one person: how they stand, what can be done for them, where they are signed in, and their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.model import Permission
from gatekeeper.domain.wording import N_
from gatekeeper.flows import ending, profiles
from gatekeeper.web import once
from gatekeeper.web.console import events, questions, words
from gatekeeper.web.inside import Door
from gatekeeper.web.menu import USER_PERMISSIONS

if TYPE_CHECKING:
    from gatekeeper.web.inside import Turn

MANAGE = (Permission.USERS_MANAGE,)
PATH = "/admin/users/{id}"


async def show(turn: Turn) -> web.StreamResponse:
    """``GET /admin/users/{id}``."""
    cursor = turn.query.get("history")
    try:
        profile = await profiles.of(turn.services, turn.actor, turn.path["id"], turn.now, history_cursor=cursor)
    except Refused:
        raise web.HTTPNotFound from None
    user, held = profile.portrait.user, turn.actor.permissions
    free = not profile.lacking
    history = profile.history
    return await turn.page(
        "console/person.html",
        profile=profile,
        user=user,
        whose=questions.name_of(user),
        states=words.account(profile.portrait),
        permissions=[words.PERMISSIONS[one] for one in words.PERMISSIONS if one in user.facts.permissions],
        two_step=words.two_step(profile.portrait),
        password=words.password(profile.portrait, profile.policies.password),
        since=words.owes_since(profile.portrait, profile.two_factor_changed_at),
        lacking=words.names_of(profile.lacking),
        questions={question.slug: question for question in questions.open_to(turn.actor, user)},
        may_manage=free and Permission.USERS_MANAGE in held,
        may_grant=free and Permission.PERMISSIONS_GRANT in held,
        own_session=turn.session.id,
        history=None if history is None else await events.lines_of(turn, history.items),
        next_history=None if history is None else history.next_cursor,
        later_history=cursor is not None,
        secret=await once.take(turn, user.id),
    )


async def end_session(turn: Turn) -> web.StreamResponse:
    """``POST /admin/users/{id}/end-session``."""
    user_id = turn.path["id"]
    try:
        await ending.end_one(turn.services, turn.actor, user_id, turn.form.get("session", ""), turn.now)
    except NotFound:
        return await turn.done(N_("This session has ended already."), f"/admin/users/{user_id}")
    return await turn.done(N_("The session has ended."), f"/admin/users/{user_id}")


DOORS = (
    Door("GET", PATH, show, USER_PERMISSIONS),
    Door("POST", f"{PATH}/end-session", end_session, MANAGE, grave=True, shown_at=PATH),
)
