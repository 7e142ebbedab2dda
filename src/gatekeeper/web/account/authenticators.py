"""One's own authenticators: adding and replacing on a page of its own, renaming, removing."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain import totp
from gatekeeper.domain.errors import NotFound, Refused
from gatekeeper.domain.wording import N_
from gatekeeper.flows import own_authenticators
from gatekeeper.flows.throttling import Throttled
from gatekeeper.manners.acting import replace_session
from gatekeeper.manners.keys import COOKIES
from gatekeeper.manners.render import qr_svg
from gatekeeper.web.account.parts import ADDRESS, after_a_code, ask
from gatekeeper.web.inside import Door
from gatekeeper.web.pages import see_other
from gatekeeper.web.refusals import refusal_of
from gatekeeper.web.two_factor import GROUP

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.flows.own_authenticators import Draft
    from gatekeeper.store.authenticators import Authenticator
    from gatekeeper.web.inside import Turn

ALL = f"{ADDRESS}/authenticators"
NEW = f"{ALL}/new"
ONE = f"{ALL}/{{id}}"
REPLACING = f"{ONE}/replace"
TOO_LATE = N_("There is nothing to confirm any more: it is done already, or it took longer than ten minutes.")


async def begin(turn: Turn) -> web.StreamResponse:
    """Begin another authenticator, or one in the place of an old one."""
    replaces = turn.path.get("id")
    try:
        await own_authenticators.begin(turn.services, turn.session, replaces)
    except Refused as refused:
        return await turn.done(refused.message, ADDRESS)
    return see_other(turn.address(NEW if replaces is None else REPLACING.format(id=replaces)))


async def show(turn: Turn) -> web.StreamResponse:
    """The picture and the key of what was begun."""
    draft = await _draft(turn)
    return await turn.done(TOO_LATE, ADDRESS) if draft is None else await _page(turn, draft)


async def confirm(turn: Turn) -> web.StreamResponse:
    """The code of the new authenticator: with the right one it is there, and the old one gone."""
    draft = await _draft(turn)
    if draft is None:
        return await turn.done(TOO_LATE, ADDRESS)
    given = {name: turn.form.get(name, "") for name in ("code", "name", "enrolment_code")}
    typed = own_authenticators.Typed(**given)
    try:
        added = await own_authenticators.confirm(
            turn.services, turn.session, turn.path.get("id"), typed, client=turn.client, now=turn.now
        )
    except NotFound:
        return await turn.done(TOO_LATE, ADDRESS)
    except (Refused, Throttled) as refused:
        status, errors = refusal_of(refused)
        return await _page(turn, draft, status, errors=errors, values=given | {"code": ""})
    if added.session is not None:
        replace_session(turn.request, added.session)
    if added.first:
        response: web.StreamResponse = see_other(turn.address(f"{ADDRESS}/recovery-codes"))
    elif draft.replaces is not None:
        response = await turn.done(N_("The authenticator has been replaced. The old one is gone."), ADDRESS)
    else:
        response = await turn.done(N_("“%(name)s” has been added.", name=added.name), ADDRESS)
    if added.token is not None:
        turn.request.app[COOKIES].set_session(response, added.token)
    return response


async def ask_name(turn: Turn) -> web.StreamResponse:
    """A field for another name."""
    one = await _one(turn)
    return await _name_page(turn, one, value=own_authenticators.shown_name(one))


async def rename(turn: Turn) -> web.StreamResponse:
    """Another name."""
    one = await _one(turn)
    typed = turn.form.get("name", "")
    try:
        name = await own_authenticators.rename(
            turn.services, turn.session, one.id, typed, client=turn.client, now=turn.now
        )
    except Refused as refused:
        status, errors = refusal_of(refused)
        return await _name_page(turn, one, status, value=typed, errors=errors)
    return await turn.done(N_("The authenticator is called “%(name)s” now.", name=name), ADDRESS)


async def ask_removal(turn: Turn) -> web.StreamResponse:
    """Whether this one should really go."""
    return await _removal_page(turn, await _one(turn))


async def remove(turn: Turn) -> web.StreamResponse:
    """Remove one, unless it must stay."""
    one = await _one(turn)
    try:
        name = await own_authenticators.remove(turn.services, turn.session, one.id, turn.client, turn.now)
    except Refused as refused:
        status, errors = refusal_of(refused)
        return await _removal_page(turn, one, status, errors=errors)
    return await turn.done(N_("“%(name)s” has been removed.", name=name), ADDRESS)


async def _draft(turn: Turn) -> Draft | None:
    return await own_authenticators.pending(turn.services, turn.session, turn.path.get("id"))


async def _one(turn: Turn) -> Authenticator:
    held = await turn.services.database.read.authenticators.of_user(turn.session.owner.user_id)
    return own_authenticators.one_of(held, turn.path["id"])


async def _page(
    turn: Turn,
    draft: Draft,
    status: int = HTTPStatus.OK,
    *,
    errors: dict[str, str] | None = None,
    values: dict[str, str] | None = None,
) -> web.StreamResponse:
    issuer = turn.services.config.branding.name
    groups = (draft.secret[at : at + GROUP] for at in range(0, len(draft.secret), GROUP))
    return await turn.page(
        "account/authenticator.html",
        status,
        errors=errors or {},
        values=values or {"name": draft.name},
        replaces=None if draft.replaces is None else own_authenticators.shown_name(draft.replaces),
        first=draft.first,
        qr_svg=qr_svg(totp.provisioning_uri(draft.secret, issuer, turn.actor.user.username)),
        secret_grouped=" ".join(groups),
        ask_enrolment_code=draft.with_code,
        most=own_authenticators.LONGEST_NAME,
        action=turn.request.path,
    )


async def _name_page(
    turn: Turn, one: Authenticator, status: int = HTTPStatus.OK, *, value: str, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    return await turn.page(
        "account/rename.html",
        status,
        old_name=own_authenticators.shown_name(one),
        values={"name": value},
        errors=errors or {},
        most=own_authenticators.LONGEST_NAME,
        action=turn.request.path,
    )


async def _removal_page(
    turn: Turn, one: Authenticator, status: int = HTTPStatus.OK, *, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    read = turn.services.database.read
    last = len(await read.authenticators.of_user(one.user_id)) == 1
    needed = last and (await read.policies.applies_to(one.user_id))[1]
    if needed:
        text = N_("Your administrator asks for two-step verification, so one has to stay. Replace it, or add another.")
    elif last:
        text = N_("You then sign in with your password alone. Your recovery codes go with it.")
    else:
        text = N_("Its codes will no longer work. Your other authenticators stay.")
    title = N_("Remove “%(name)s”?", name=own_authenticators.shown_name(one))
    return await ask(turn, title, text, N_("Remove"), status=status, errors=errors, possible=not needed)


DOORS = (
    Door("POST", ALL, after_a_code(begin), (), grave=True, shown_at=ADDRESS),
    Door("GET", NEW, show, ()),
    Door("POST", NEW, confirm, (), grave=True),
    Door("POST", ONE, after_a_code(begin), (), grave=True, shown_at=ADDRESS),
    Door("GET", REPLACING, show, ()),
    Door("POST", REPLACING, confirm, (), grave=True),
    Door("GET", f"{ONE}/rename", ask_name, ()),
    Door("POST", f"{ONE}/rename", rename, (), grave=True),
    Door("GET", f"{ONE}/remove", ask_removal, ()),
    Door("POST", f"{ONE}/remove", after_a_code(remove), (), grave=True),
)
