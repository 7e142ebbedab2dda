"""What can be done for a person and asks something first, each one a value; the doors and the menus are made of them.

The question is a page of its own, which a script shows as a dialog; its form does it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import Conflict, LastHolder, Refused
from gatekeeper.domain.model import Enrolment, Permission
from gatekeeper.domain.permissions import may, may_act_on
from gatekeeper.domain.wording import N_
from gatekeeper.flows import assistance, ending, given_passwords, links, people, portraits
from gatekeeper.flows.acting import require_over
from gatekeeper.web.inside import Door
from gatekeeper.web.once import Once, keep
from gatekeeper.web.refusals import refusal_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from gatekeeper.domain.model import User
    from gatekeeper.domain.wording import Text
    from gatekeeper.flows.acting import Actor
    from gatekeeper.web.inside import Turn

MANAGE = (Permission.USERS_MANAGE,)
RESET = (Permission.USERS_RESET_TWO_FACTOR,)
REASON, WITH_CODE, NAME = "reason", "with_code", "confirm"
LAST = N_("They are the last person who can grant permissions. Let somebody else grant permissions first.")
NOT_THE_NAME = N_("This is not the user name. Type it as it stands above.")


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it: a line to say, and a secret to show once."""

    line: str
    secret: Once | None = None
    gone: bool = False


def _always(_: User) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Question:
    """Something that is asked before it is done.

    Attributes:
        slug: its part of the address.
        label: what menus and buttons call it.
        title: the question, which names its object as ``%(name)s``.
        text: what happens then.
        button: what its button says.
        act: does it.
        any_of: the permissions any of which opens it.
        asks: which fields its form has.
        danger: it takes something away.
        open_for: whether there is anything to do for a person.
        in_menu: it is in the menu of a row, not on the person's page alone.
    """

    slug: str
    label: str
    title: Text
    text: str
    button: str
    act: Callable[[Turn, User], Awaitable[Done]]
    any_of: tuple[Permission, ...]
    asks: frozenset[str] = field(default_factory=frozenset)
    danger: bool = False
    open_for: Callable[[User], bool] = _always
    in_menu: bool = True

    @property
    def path(self) -> str:
        """Its address below the prefix, for the router."""
        return f"/admin/users/{{id}}/{self.slug}"


def name_of(user: User) -> str:
    """What the pages call a person."""
    return user.facts.display_name or user.facts.username


async def _reset(turn: Turn, user: User) -> Done:
    wanted = Enrolment.WITH_CODE if turn.form.get(WITH_CODE) else None
    code = await assistance.reset_two_factor(
        turn.services, turn.actor, user.id, turn.form.get(REASON, ""), turn.now, enrolment=wanted
    )
    line = N_("Two-factor authentication of %(name)s is reset.", name=name_of(user))
    if (await portraits.of_one(turn.services, user, turn.now)).two_factor_required:
        line = N_(
            "Two-factor authentication of %(name)s is reset. They enrol again at the next sign-in.", name=name_of(user)
        )
    return Done(line, None if code is None else _code(code))


async def _enrolment_code(turn: Turn, user: User) -> Done:
    code = await assistance.enrolment_code(turn.services, turn.actor, user.id, turn.form.get(REASON, ""), turn.now)
    return Done(N_("There is a new enrolment code. An earlier one no longer works."), _code(code))


def _code(code: str) -> Once:
    text = N_("Give it to them in a way that you trust. It is shown this once, and their enrolment asks for it.")
    return Once(N_("Enrolment code"), text, code)


async def _link(turn: Turn, user: User) -> Done:
    link = await links.create(turn.services, turn.actor, user.id, turn.form.get(REASON, ""), turn.now)
    text = N_("Give it to them in a way that you trust. It is shown this once, works once, and for 30 minutes.")
    return Done(
        N_("There is a new one-time link. An earlier one no longer works."), Once(N_("One-time link"), text, link)
    )


async def _require_password(turn: Turn, user: User) -> Done:
    await given_passwords.require_change(turn.services, turn.actor, user.id, turn.now)
    return Done(N_("%(name)s must choose a new password now.", name=name_of(user)))


async def _sign_out(turn: Turn, user: User) -> Done:
    await ending.sign_out(turn.services, turn.actor, user.id, turn.now)
    return Done(N_("%(name)s is signed out everywhere.", name=name_of(user)))


async def _unlock(turn: Turn, user: User) -> Done:
    await assistance.unlock(turn.services, turn.actor, user.id, turn.form.get(REASON, ""), turn.now)
    return Done(N_("%(name)s is unlocked.", name=name_of(user)))


async def _disable(turn: Turn, user: User) -> Done:
    await people.change(turn.services, turn.actor, user.id, people.Wanted(enabled=False), turn.now)
    return Done(N_("%(name)s is disabled, and signed out everywhere.", name=name_of(user)))


async def _enable(turn: Turn, user: User) -> Done:
    await people.change(turn.services, turn.actor, user.id, people.Wanted(enabled=True), turn.now)
    return Done(N_("%(name)s is enabled, and can sign in again.", name=name_of(user)))


async def _delete(turn: Turn, user: User) -> Done:
    if turn.form.get(NAME, "").strip() != user.facts.username:
        raise Refused("differs", NOT_THE_NAME, NAME)
    await people.delete(turn.services, turn.actor, user.id, turn.now)
    return Done(N_("%(name)s is deleted.", name=name_of(user)), gone=True)


QUESTIONS: tuple[Question, ...] = (
    Question(
        "unlock",
        N_("Unlock"),
        N_("Unlock %(name)s?"),
        N_("The account was locked after too many wrong attempts. What was counted against it is forgotten."),
        N_("Unlock"),
        _unlock,
        MANAGE,
        frozenset({REASON}),
        open_for=lambda user: user.locked_at is not None,
    ),
    Question(
        "reset-two-factor",
        N_("Reset two-factor authentication"),
        N_("Reset two-factor authentication of %(name)s?"),
        N_(
            "Their authenticators and recovery codes no longer work, and they are signed out everywhere. "
            "If the rules ask them for a second step, the next sign-in walks them through the enrolment again."
        ),
        N_("Reset"),
        _reset,
        RESET,
        frozenset({REASON, WITH_CODE}),
        danger=True,
        open_for=lambda user: user.facts.enrolled,
    ),
    Question(
        "enrolment-code",
        N_("Make an enrolment code"),
        N_("Make an enrolment code for %(name)s?"),
        N_("Their first enrolment then asks for this code besides the password."),
        N_("Make the code"),
        _enrolment_code,
        RESET,
        frozenset({REASON}),
        open_for=lambda user: not user.facts.enrolled,
        in_menu=False,
    ),
    Question(
        "require-password",
        N_("Require a new password"),
        N_("Require a new password from %(name)s?"),
        N_("They are asked for a new password at their next request, or at the next sign-in."),
        N_("Require a new password"),
        _require_password,
        MANAGE,
        open_for=lambda user: user.facts.password_changed_at > 0 and not user.facts.change_required,
    ),
    Question(
        "one-time-link",
        N_("Make a one-time link"),
        N_("Make a one-time link for %(name)s?"),
        N_(
            "Whoever opens it sets a new password, after the code of an authenticator where there is one. "
            "It works once, for 30 minutes."
        ),
        N_("Make the link"),
        _link,
        MANAGE,
        frozenset({REASON}),
        open_for=lambda user: user.facts.enabled,
        in_menu=False,
    ),
    Question(
        "sign-out",
        N_("Sign out everywhere"),
        N_("Sign %(name)s out everywhere?"),
        N_("All their sessions end at once. They can sign in again."),
        N_("Sign out everywhere"),
        _sign_out,
        MANAGE,
    ),
    Question(
        "disable",
        N_("Disable"),
        N_("Disable %(name)s?"),
        N_("They are signed out everywhere and cannot sign in until they are enabled again. Nothing is deleted."),
        N_("Disable"),
        _disable,
        MANAGE,
        danger=True,
        open_for=lambda user: user.facts.enabled,
    ),
    Question(
        "enable",
        N_("Enable"),
        N_("Enable %(name)s?"),
        N_("They can sign in again, with the password and the authenticator that they had."),
        N_("Enable"),
        _enable,
        MANAGE,
        open_for=lambda user: not user.facts.enabled,
    ),
    Question(
        "delete",
        N_("Delete"),
        N_("Delete %(name)s?"),
        N_("The account and all that belongs to it is gone for good. What the audit log says of it stays."),
        N_("Delete for good"),
        _delete,
        MANAGE,
        frozenset({NAME}),
        danger=True,
        in_menu=False,
    ),
)


def open_to(actor: Actor, user: User, *, in_menu: bool = False) -> list[Question]:
    """What somebody may do for a person, and there is to do."""
    if not may_act_on(actor.permissions, user.facts.permissions):
        return []
    return [
        question
        for question in QUESTIONS
        if may(actor.permissions, question.any_of) and question.open_for(user) and (question.in_menu or not in_menu)
    ]


def _shown(question: Question) -> Callable[[Turn], Awaitable[web.StreamResponse]]:
    async def show(turn: Turn) -> web.StreamResponse:
        """The question."""
        user = await people.get(turn.services, turn.actor, turn.path["id"])
        require_over(turn.actor, user)
        return await _page(turn, question, user)

    return show


def _taken(question: Question) -> Callable[[Turn], Awaitable[web.StreamResponse]]:
    async def take(turn: Turn) -> web.StreamResponse:
        """Do it."""
        user = await people.get(turn.services, turn.actor, turn.path["id"])
        require_over(turn.actor, user)
        try:
            done = await question.act(turn, user)
        except Refused as refused:
            status, errors = refusal_of(refused)
            return await _page(turn, question, user, status, errors)
        except LastHolder:
            return await _page(turn, question, user, HTTPStatus.CONFLICT, {"": LAST})
        except Conflict as conflict:
            return await _page(turn, question, user, HTTPStatus.CONFLICT, {"": conflict.said})
        if done.secret is not None:
            await keep(turn, user.id, done.secret)
        return await turn.done(done.line, "/admin/users" if done.gone else f"/admin/users/{user.id}")

    return take


async def _page(
    turn: Turn, question: Question, user: User, status: int = HTTPStatus.OK, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    standing = (await turn.services.database.read.policies.read()).two_factor.enrolment
    return await turn.page(
        "console/question.html",
        status,
        question=question,
        user=user,
        whose=name_of(user),
        errors=errors or {},
        values=turn.form,
        code_asked_anyway=standing is Enrolment.WITH_CODE,
    )


DOORS = tuple(
    door
    for question in QUESTIONS
    for door in (
        Door("GET", question.path, _shown(question), question.any_of),
        Door("POST", question.path, _taken(question), question.any_of, grave=True),
    )
)
