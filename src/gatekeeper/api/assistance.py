"""Helping one person: passwords, lost telephones, closed names, and their sessions."""

from __future__ import annotations

from gatekeeper.api.endpoints import Call, Endpoint, Reply
from gatekeeper.api.shapes import ReasonBody
from gatekeeper.api.user_shapes import (
    EnrolmentCode,
    GivenPasswordBody,
    OneTimeLink,
    ResetBody,
    SessionList,
    SessionShape,
)
from gatekeeper.domain.model import Permission
from gatekeeper.flows import assistance, ending, given_passwords, links

MANAGE = (Permission.USERS_MANAGE,)
RESET = (Permission.USERS_RESET_TWO_FACTOR,)


async def reset_two_factor(call: Call) -> Reply:
    """Remove a person's authenticators; the next sign-in enrols anew."""
    body: ResetBody = call.body
    code = await assistance.reset_two_factor(
        call.services, call.actor, call.path["id"], body.reason, call.now, enrolment=body.enrolment
    )
    return Reply(EnrolmentCode(enrolment_code=code))


async def enrolment_code(call: Call) -> Reply:
    """A one-time code for a first enrolment."""
    code = await assistance.enrolment_code(call.services, call.actor, call.path["id"], call.body.reason, call.now)
    return Reply(EnrolmentCode(enrolment_code=code))


async def one_time_link(call: Call) -> Reply:
    """A link to a new password, for who has no other way back in."""
    link = await links.create(call.services, call.actor, call.path["id"], call.body.reason, call.now)
    return Reply(OneTimeLink(link=link, expires_at=call.now + links.LIFETIME))


async def unlock(call: Call) -> Reply:
    """Open a name that was closed after wrong guesses."""
    await assistance.unlock(call.services, call.actor, call.path["id"], call.body.reason, call.now)
    return Reply()


async def set_password(call: Call) -> Reply:
    """Give a person a password."""
    body: GivenPasswordBody = call.body
    await given_passwords.set_password(
        call.services, call.actor, call.path["id"], body.new_password, must_change=body.must_change, now=call.now
    )
    return Reply()


async def require_change(call: Call) -> Reply:
    """Ask one person for a new password, now."""
    await given_passwords.require_change(call.services, call.actor, call.path["id"], call.now)
    return Reply()


async def sign_out(call: Call) -> Reply:
    """End all of a person's sessions."""
    await ending.sign_out(call.services, call.actor, call.path["id"], call.now)
    return Reply()


async def sessions(call: Call) -> Reply:
    """A person's sessions."""
    found = await ending.list_sessions(call.services, call.actor, call.path["id"], call.now)
    return Reply(SessionList(items=[SessionShape.of(session, call.actor.session_id) for session in found]))


async def end_session(call: Call) -> Reply:
    """End one of a person's sessions."""
    await ending.end_one(call.services, call.actor, call.path["id"], call.path["session"], call.now)
    return Reply()


ENDPOINTS = (
    Endpoint(
        "POST",
        "/users/{id}/reset-two-factor",
        reset_two_factor,
        "Remove a person's authenticators and end their sessions; the next sign-in enrols anew",
        any_of=RESET,
        body=ResetBody,
        answer=EnrolmentCode,
        grave=True,
    ),
    Endpoint(
        "POST",
        "/users/{id}/enrolment-code",
        enrolment_code,
        "Make the one-time code without which a person's first enrolment does not open",
        any_of=RESET,
        body=ReasonBody,
        answer=EnrolmentCode,
        grave=True,
    ),
    Endpoint(
        "POST",
        "/users/{id}/one-time-link",
        one_time_link,
        "Make a link by which a person chooses a new password, once, within 30 minutes; it is shown this once",
        any_of=MANAGE,
        body=ReasonBody,
        answer=OneTimeLink,
        grave=True,
    ),
    Endpoint(
        "POST",
        "/users/{id}/unlock",
        unlock,
        "Open a name that was closed after too many wrong guesses",
        any_of=MANAGE,
        body=ReasonBody,
        status=204,
        grave=True,
    ),
    Endpoint(
        "POST",
        "/users/{id}/password",
        set_password,
        "Give a person a password; their sessions end",
        any_of=MANAGE,
        body=GivenPasswordBody,
        status=204,
        grave=True,
    ),
    Endpoint(
        "POST",
        "/users/{id}/require-password-change",
        require_change,
        "Ask one person for a new password, now",
        any_of=MANAGE,
        status=204,
        grave=True,
    ),
    Endpoint(
        "POST",
        "/users/{id}/sign-out",
        sign_out,
        "End all sessions of a person",
        any_of=MANAGE,
        status=204,
        grave=True,
    ),
    Endpoint("GET", "/users/{id}/sessions", sessions, "A person's sessions", any_of=MANAGE, answer=SessionList),
    Endpoint(
        "DELETE",
        "/users/{id}/sessions/{session}",
        end_session,
        "End one session of a person",
        any_of=MANAGE,
        status=204,
        grave=True,
    ),
)
