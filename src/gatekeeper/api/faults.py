"""Errors as problems (RFC 9457): each kind of error has one status and one word, and names the fields it is about."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import structlog

from gatekeeper.api.asking import Forged, Unknown
from gatekeeper.api.reading import BadRequest
from gatekeeper.api.user_shapes import RejectedRow
from gatekeeper.domain.errors import (
    AlreadyExists,
    Conflict,
    GatekeeperError,
    LastHolder,
    NotFound,
    Refused,
    Unavailable,
)
from gatekeeper.domain.permissions import in_order
from gatekeeper.flows.acting import Forbidden, who_can_help
from gatekeeper.flows.imports import BadRows
from gatekeeper.flows.refusals import RefusedAll
from gatekeeper.flows.throttling import Throttled
from gatekeeper.manners.problems import problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from gatekeeper.flows.services import Services

log = structlog.get_logger()

RETRY_AFTER = "2"
CURSOR = "cursor"


async def answer_to(  # noqa: PLR0911 - one answer an error
    error: GatekeeperError, services: Services, *, login_url: str, versioned: bool = False
) -> web.Response:
    """The problem that an error is told as.

    Args:
        error: what was raised.
        services: to find out who could help.
        login_url: where people sign in.
        versioned: whether a conflict means that ``If-Match`` was stale.
    """
    match error:
        case Unknown():
            return _unknown(error, login_url)
        case Forbidden():
            return await forbidden(error, services)
        case Conflict() if versioned:
            detail = "This was changed in the meantime: read it again, and replace what you then see."
            faults = [("If-Match", "does not name the present version")]
            return _problem(412, "stale", detail, faults)
        case BadRows():
            rows = [RejectedRow.of(fault).model_dump() for fault in error.report.faults]
            detail = f"{len(rows)} rows cannot be imported, so none was."
            return problem(422, "bad-rows", "Rows cannot be imported", detail, errors=rows)
        case Unavailable():
            response = problem(503, "unavailable", "Not available just now", f"{error.service} does not answer.")
            response.headers["Retry-After"] = RETRY_AFTER
            return response
        case Throttled():
            response = problem(429, "throttled", "Too many wrong attempts", f"{error}.")
            response.headers["Retry-After"] = str(max(1, math.ceil(error.seconds)))
            return response
    return _simple(error)


async def forbidden(error: Forbidden, services: Services) -> web.Response:
    """403, saying who can help."""
    names = await who_can_help(services)
    asking = f" Ask {_either(names)}." if names and error.needed else ""
    needed = [permission.value for permission in in_order(error.needed)]
    return problem(403, "forbidden", "Not permitted", error.message + asking, permissions=needed, ask=list(names))


def recent_proof(login_url: str) -> web.Response:
    """403: the change is a grave one and the last proof too old."""
    detail = "Your last proof is older than ten minutes. Give your password again, then repeat this change."
    return problem(403, "recent-proof", "A recent proof is needed", detail, login_url=login_url)


def internal() -> web.Response:
    """500: a fault of ours, about which the caller is told nothing."""
    return problem(500, "internal", "Something went wrong", "The fault has been logged.")


def _unknown(error: Unknown, login_url: str) -> web.Response:
    response = problem(401, error.kind, TITLES[error.kind], error.detail, login_url=login_url)
    response.headers["WWW-Authenticate"] = 'Bearer realm="gatekeeper"'
    return response


def _simple(error: GatekeeperError) -> web.Response:
    match error:
        case BadRequest():
            answer = _problem(error.status, error.kind, error.detail, error.faults)
        case RefusedAll():
            answer = _refused(error.refusals)
        case Refused():
            answer = _refused([error])
        case AlreadyExists():
            answer = _problem(409, "already-exists", str(error), [(error.field, "is already taken")])
        case LastHolder():
            detail = "Nobody else can grant permissions, so this person keeps that permission and an open account."
            answer = _problem(409, "last-holder", detail)
        case Forged():
            answer = _problem(403, "csrf", str(error))
        case NotFound():
            answer = _problem(404, "not-found", str(error))
        case Conflict():
            answer = _problem(409, "conflict", str(error))
        case _:
            log.error("api.unforeseen", error=type(error).__name__)
            answer = internal()
    return answer


def _refused(refusals: Sequence[Refused]) -> web.Response:
    faults = [(refusal.field, refusal.message) for refusal in refusals]
    codes = [refusal.code for refusal in refusals]
    status = 400 if faults[0][0] == CURSOR else 422
    detail = " ".join(f"{field}: {message}" if field else message for field, message in faults)
    return _problem(status, "invalid", detail, faults, codes)


def _problem(
    status: int,
    kind: str,
    detail: str,
    faults: Sequence[tuple[str | None, str]] = (),
    codes: Sequence[str] = (),
) -> web.Response:
    members: dict[str, object] = {}
    if faults:
        errors: list[dict[str, str | None]] = [{"field": field, "message": message} for field, message in faults]
        for fault, code in zip(errors, codes, strict=False):
            fault["code"] = code
        members = {"field": faults[0][0], "errors": errors}
    return problem(status, kind, TITLES[kind], detail, **members)


def _either(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


TITLES = {
    "already-exists": "Already taken",
    "conflict": "Not possible as things stand",
    "csrf": "Not from a page of ours",
    "if-match": "If-Match is needed",
    "invalid": "A value that cannot be",
    "last-holder": "The last who can grant permissions",
    "malformed": "Not JSON",
    "media-type": "Of another type",
    "not-found": "Not found",
    "password-expired": "A new password is due",
    "second-factor": "Two-step verification is due",
    "sign-in": "Sign in",
    "stale": "It has changed in the meantime",
    "too-large": "Too large",
}
