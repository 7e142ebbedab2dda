"""The account at a glance, with the change of the password and the choice of a language."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper.crypto.tokens import new_token
from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.login import DAY, expires_soon, password_expires_at
from gatekeeper.domain.wording import N_
from gatekeeper.flows import devices, new_password, own_activity, own_language, own_sessions
from gatekeeper.flows.own_authenticators import MOST, shown_name
from gatekeeper.flows.own_recovery_codes import FEW
from gatekeeper.flows.standing import CHANGED
from gatekeeper.flows.throttling import Throttled
from gatekeeper.manners.acting import replace_session
from gatekeeper.manners.cookies import LoginCookie
from gatekeeper.manners.keys import COOKIES, DESTINATIONS, RENDERER
from gatekeeper.web.account.activity import lines_of
from gatekeeper.web.account.parts import ADDRESS
from gatekeeper.web.inside import Door
from gatekeeper.web.pages import see_other
from gatekeeper.web.passwords import rules_of, typed_of
from gatekeeper.web.refusals import refusal_of

if TYPE_CHECKING:
    from gatekeeper.domain.model import PasswordPolicy, User
    from gatekeeper.web.inside import Turn

LATEST = 10
"""Entries of one's own activity on the overview; the rest has a page."""


async def elsewhere(request: web.Request) -> web.StreamResponse:
    """``GET /.well-known/change-password``: password managers lead here (W3C: Changing Passwords, §2)."""
    return see_other(request.app[DESTINATIONS].own(ADDRESS))


async def show(turn: Turn) -> web.StreamResponse:
    """The account at a glance."""
    return await _overview(turn)


async def change_password(turn: Turn) -> web.StreamResponse:
    """A new password, for who gives the current one."""
    try:
        token, fresh = await new_password.change_in_session(
            turn.services, turn.session, typed_of(turn.form), turn.client, turn.now
        )
    except (Refused, Throttled) as refused:
        status, errors = refusal_of(refused)
        return await _overview(turn, status, errors=errors)
    except NotFound:
        return see_other(_login(turn))
    except new_password.SignInAgain:
        cookies = turn.request.app[COOKIES]
        response = see_other(_login(turn))
        cookies.drop_session(response)
        cookies.set_login(response, LoginCookie(new_token(), note=CHANGED))
        return response
    replace_session(turn.request, fresh)
    response = await turn.done(N_("Your password has been changed. You are signed out everywhere else."), ADDRESS)
    turn.request.app[COOKIES].set_session(response, token)
    return response


async def choose_language(turn: Turn) -> web.StreamResponse:
    """The language of pages and mails; the browser's wish where none is chosen."""
    tag = turn.form.get("language", "") or None
    known = turn.request.app[RENDERER].languages
    if tag is not None and tag not in known:
        raise web.HTTPBadRequest
    await own_language.choose(turn.services, turn.session, tag)
    return await turn.done(N_("Your language has been saved."), ADDRESS)


def _login(turn: Turn) -> str:
    return turn.request.app[DESTINATIONS].own("/login", turn.address(ADDRESS))


async def _overview(
    turn: Turn, status: int = HTTPStatus.OK, *, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    services, now = turn.services, turn.now
    read = services.database.read
    user = await read.users.by_id(turn.session.owner.user_id)
    policies = await read.policies.read()
    _, applies = await read.policies.applies_to(user.id)
    authenticators = await read.authenticators.of_user(user.id)
    latest = await own_activity.history(services, turn.session, limit=LATEST)
    sessions = await own_sessions.standing(services, user.id, now)
    return await turn.page(
        "account/overview.html",
        status,
        errors=errors or {},
        password=_password(user, policies.password, now),
        rules=rules_of(policies.password),
        required=applies,
        authenticators=authenticators,
        names={one.id: shown_name(one) for one in authenticators},
        most=MOST,
        recovery_codes={
            "left": await read.recovery_codes.left(user.id),
            "few": FEW,
            "unsaved": user.facts.recovery_codes_pending,
        },
        session=turn.session,
        sessions=sorted(sessions, key=lambda one: one.id != turn.session.id),
        devices=await devices.trusted_of(services, user.id, now),
        devices_allowed=policies.two_factor.trusted_devices_days is not None,
        recovery_address=None if services.config.mail is None else _recovery_address(user),
        languages=list(turn.request.app[RENDERER].languages),
        language=user.language,
        activity=lines_of(latest.items, user.id),
        more_activity=latest.next_cursor is not None,
    )


def _recovery_address(user: User) -> dict[str, object]:
    """Where a link goes if the password is forgotten, and whether mail is known to arrive there."""
    return {"address": user.recovery_email, "confirmed": user.recovery_email_confirmed}


def _password(user: User, policy: PasswordPolicy, now: float) -> dict[str, object]:
    """When it was changed, when it expires, and in how many days that is if it is soon."""
    expires_at = password_expires_at(user.facts, policy)
    left = None
    if expires_at is not None and expires_soon(user.facts, policy, now):
        left = round((expires_at - now) / DAY) if expires_at - now >= DAY else 0
    return {
        "changed_at": user.facts.password_changed_at,
        "expires_at": expires_at,
        "days_left": left,
    }


DOORS = (
    Door("GET", ADDRESS, show, ()),
    Door("POST", ADDRESS, change_password, ()),
    Door("POST", f"{ADDRESS}/language", choose_language, (), shown_at=ADDRESS),
)
