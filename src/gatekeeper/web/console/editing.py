"""Forms about one person: a new one, their details, their permissions, a password given to them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import AlreadyExists, LastHolder
from gatekeeper.domain.model import Permission
from gatekeeper.domain.wording import N_, together
from gatekeeper.flows import given_passwords, granting, people
from gatekeeper.flows.acting import require_over
from gatekeeper.flows.refusals import RefusedAll
from gatekeeper.web.console import questions, words
from gatekeeper.web.console.questions import name_of
from gatekeeper.web.inside import Door
from gatekeeper.web.passwords import rules_of

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.domain.model import User
    from gatekeeper.web.inside import Turn

MANAGE = (Permission.USERS_MANAGE,)
GRANT = (Permission.PERMISSIONS_GRANT,)
NEW = "/admin/users/new"
EDIT = "/admin/users/{id}/edit"
PERMISSIONS = "/admin/users/{id}/permissions"
PASSWORD = "/admin/users/{id}/password"  # noqa: S105 - an address
MINUTES = 300.0
"""Seconds for which a proof must still be good when a form that holds a secret is shown."""

ONCE_MORE = N_("Passwords are not kept while you confirm that it is you. Type it again.")
DIFFERS = N_("The two passwords are not the same.")


async def ask_new(turn: Turn) -> web.StreamResponse:
    """``GET /admin/users/new``."""
    return await _new_page(turn)


async def add(turn: Turn) -> web.StreamResponse:
    """``POST /admin/users/new``."""
    form = turn.form
    if turn.lost:
        return await _new_page(turn, HTTPStatus.UNPROCESSABLE_ENTITY, {"new_password": ONCE_MORE})
    wanted = frozenset(Permission) & frozenset(form.every("permission"))
    password = form.get("new_password", "")
    if password != form.get("new_password_again", ""):
        return await _new_page(turn, HTTPStatus.UNPROCESSABLE_ENTITY, {"new_password_again": DIFFERS})
    candidate = people.Candidate(
        username=form.get("username", "").strip() or form.get("email", ""),
        email=form.get("email", ""),
        display_name=form.get("display_name", ""),
        recovery_email=form.get("recovery_email", "").strip() or None,
        groups=groups_of(form.get("groups", "")),
        permissions=frozenset(Permission(one) for one in wanted),
        password=password or None,
        must_change=bool(form.get("must_change")),
    )
    try:
        user = await people.create(turn.services, turn.actor, candidate, turn.now)
    except RefusedAll as refused:
        return await _new_page(turn, HTTPStatus.UNPROCESSABLE_ENTITY, errors_of(refused))
    except AlreadyExists as taken:
        return await _new_page(turn, HTTPStatus.CONFLICT, {taken.field: taken.said})
    return await turn.done(N_("%(name)s is added.", name=name_of(user)), f"/admin/users/{user.id}")


async def ask_details(turn: Turn) -> web.StreamResponse:
    """``GET /admin/users/{id}/edit``."""
    return await _details_page(turn, await _user(turn))


async def change_details(turn: Turn) -> web.StreamResponse:
    """``POST /admin/users/{id}/edit``."""
    user, form = await _user(turn), turn.form
    wanted = people.Wanted(
        email=form.get("email", ""),
        display_name=form.get("display_name", ""),
        recovery_email=form.get("recovery_email", "").strip(),
        groups=groups_of(form.get("groups", "")),
    )
    try:
        await people.change(turn.services, turn.actor, user.id, wanted, turn.now)
    except RefusedAll as refused:
        return await _details_page(turn, user, HTTPStatus.UNPROCESSABLE_ENTITY, errors_of(refused))
    except AlreadyExists as taken:
        return await _details_page(turn, user, HTTPStatus.CONFLICT, {taken.field: taken.said})
    return await turn.done(N_("The details are saved."), f"/admin/users/{user.id}")


async def ask_permissions(turn: Turn) -> web.StreamResponse:
    """``GET /admin/users/{id}/permissions``."""
    user = await _user(turn)
    return await _permissions_page(turn, user, user.facts.permissions)


async def set_permissions(turn: Turn) -> web.StreamResponse:
    """``POST /admin/users/{id}/permissions``."""
    user = await _user(turn)
    ticked = frozenset(turn.form.every("permission"))
    wanted = frozenset(permission for permission in Permission if permission.value in ticked)
    try:
        await granting.set_permissions(turn.services, turn.actor, user.id, wanted, turn.now)
    except LastHolder:
        return await _permissions_page(turn, user, wanted, HTTPStatus.CONFLICT, {"": questions.LAST})
    return await turn.done(N_("The permissions of %(name)s are saved.", name=name_of(user)), f"/admin/users/{user.id}")


async def ask_password(turn: Turn) -> web.StreamResponse:
    """``GET /admin/users/{id}/password``."""
    return await _password_page(turn, await _user(turn))


async def set_password(turn: Turn) -> web.StreamResponse:
    """``POST /admin/users/{id}/password``."""
    user, form = await _user(turn), turn.form
    if turn.lost:
        return await _password_page(turn, user, HTTPStatus.UNPROCESSABLE_ENTITY, {"new_password": ONCE_MORE})
    password = form.get("new_password", "")
    if password != form.get("new_password_again", ""):
        return await _password_page(turn, user, HTTPStatus.UNPROCESSABLE_ENTITY, {"new_password_again": DIFFERS})
    try:
        await given_passwords.set_password(
            turn.services, turn.actor, user.id, password, must_change=bool(form.get("must_change")), now=turn.now
        )
    except RefusedAll as refused:
        return await _password_page(turn, user, HTTPStatus.UNPROCESSABLE_ENTITY, errors_of(refused))
    line = N_("The password of %(name)s is set. They are signed out everywhere.", name=name_of(user))
    return await turn.done(line, f"/admin/users/{user.id}")


def groups_of(text: str) -> tuple[str, ...]:
    """The groups of a field in which commas part them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def errors_of(refused: RefusedAll) -> dict[str, str]:
    """What is wrong, by field; several reasons for one field stand one after the other."""
    found: dict[str, list[str]] = {}
    for one in refused.refusals:
        found.setdefault(one.field or "", []).append(one.message)
    return {field: together(messages) for field, messages in found.items()}


async def _user(turn: Turn) -> User:
    user = await people.get(turn.services, turn.actor, turn.path["id"])
    require_over(turn.actor, user)
    return user


async def _new_page(
    turn: Turn, status: int = HTTPStatus.OK, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    policy = (await turn.services.database.read.policies.read()).password
    return await turn.page(
        "console/new_person.html",
        status,
        errors=errors or {},
        values=turn.form,
        rules=rules_of(policy),
        meanings=words.PERMISSIONS if Permission.PERMISSIONS_GRANT in turn.actor.permissions else {},
        ticked=turn.form.every("permission"),
        ask_proof=_asks_proof(turn),
    )


async def _details_page(
    turn: Turn, user: User, status: int = HTTPStatus.OK, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    facts = user.facts
    standing = {
        "email": facts.email,
        "display_name": facts.display_name,
        "recovery_email": user.recovery_email or "",
        "groups": ", ".join(facts.groups),
    }
    return await turn.page(
        "console/edit_person.html",
        status,
        errors=errors or {},
        values=turn.form if errors else standing,
        user=user,
        whose=name_of(user),
    )


async def _permissions_page(
    turn: Turn,
    user: User,
    ticked: frozenset[Permission],
    status: int = HTTPStatus.OK,
    errors: dict[str, str] | None = None,
) -> web.StreamResponse:
    return await turn.page(
        "console/edit_permissions.html",
        status,
        errors=errors or {},
        user=user,
        whose=name_of(user),
        meanings=words.PERMISSIONS,
        ticked=ticked,
    )


async def _password_page(
    turn: Turn, user: User, status: int = HTTPStatus.OK, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    policy = (await turn.services.database.read.policies.read()).password
    return await turn.page(
        "console/set_password.html",
        status,
        errors=errors or {},
        user=user,
        whose=name_of(user),
        rules=rules_of(policy),
        must_change=not errors or bool(turn.form.get("must_change")),
        ask_proof=_asks_proof(turn),
    )


def _asks_proof(turn: Turn) -> bool:
    """Whether the form asks for one's own password at once, so that the guard need not: it would lose the new one."""
    return not turn.actor.proved_recently(turn.now + MINUTES)


DOORS = (
    Door("GET", NEW, ask_new, MANAGE),
    Door("POST", NEW, add, MANAGE, grave=True),
    Door("GET", EDIT, ask_details, MANAGE),
    Door("POST", EDIT, change_details, MANAGE, grave=True),
    Door("GET", PERMISSIONS, ask_permissions, GRANT),
    Door("POST", PERMISSIONS, set_permissions, GRANT, grave=True),
    Door("GET", PASSWORD, ask_password, MANAGE),
    Door("POST", PASSWORD, set_password, MANAGE, grave=True),
)
