"""What a refused form is answered with: a status, and sentences beside the fields."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.wording import NN_
from gatekeeper.flows.throttling import Throttled

if TYPE_CHECKING:
    from gatekeeper.domain.errors import Refused
    from gatekeeper.domain.wording import Text

WRONG = "wrong"
MINUTE = 60


class Errors(dict[str, str]):
    """What is wrong with a form, by field; ``""`` is the form as a whole.

    Attributes:
        wait: seconds until it may be sent again, where that is what is wrong.
    """

    wait: int | None = None


def refusal_of(error: Refused | Throttled) -> tuple[int, Errors]:
    """The status and the errors by field of a refused form; ``""`` is the form as a whole.

    401 for a wrong secret, 422 for what is missing or breaks a rule, 429 for too many failures.
    """
    if isinstance(error, Throttled):
        wait = max(1, math.ceil(error.seconds))
        errors = Errors({"": wait_text(wait)})
        errors.wait = wait
        return HTTPStatus.TOO_MANY_REQUESTS, errors
    status = HTTPStatus.UNAUTHORIZED if error.code == WRONG else HTTPStatus.UNPROCESSABLE_ENTITY
    return status, Errors({error.field or "": error.message})


def wait_text(seconds: int) -> Text:
    """What somebody reads who has to wait."""
    if seconds < MINUTE:
        return NN_(
            "There were too many wrong attempts. Wait %(num)s second, then try again.",
            "There were too many wrong attempts. Wait %(num)s seconds, then try again.",
            seconds,
        )
    return NN_(
        "There were too many wrong attempts. Wait %(num)s minute, then try again.",
        "There were too many wrong attempts. Wait %(num)s minutes, then try again.",
        math.ceil(seconds / MINUTE),
    )
