"""What a refused form is answered with: a status, and sentences beside the fields."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.flows.throttling import Throttled
from gatekeeper.web.pages import wait_text

if TYPE_CHECKING:
    from gatekeeper.domain.errors import Refused

WRONG = "wrong"


def refusal_of(error: Refused | Throttled) -> tuple[int, dict[str, str]]:
    """The status and the errors by field of a refused form; ``""`` is the form as a whole.

    401 for a wrong secret, 422 for what is missing or breaks a rule, 429 for too many failures.
    """
    if isinstance(error, Throttled):
        text = f"There were too many wrong attempts. Wait {wait_text(error.seconds)}, then try again."
        return HTTPStatus.TOO_MANY_REQUESTS, {"": text}
    status = HTTPStatus.UNAUTHORIZED if error.code == WRONG else HTTPStatus.UNPROCESSABLE_ENTITY
    return status, {error.field or "": error.message}
