"""What is said when a request fails: the same words whether the edge says them or one of our pages does."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple

from gatekeeper.domain.redirects import HOME, safe_next
from gatekeeper.domain.wording import N_, Text

_PASSING = frozenset({500, 502, 503, 504})
"""What may be over when it is tried again."""
_ELSEWHERE = frozenset({400, 403, 404})
"""What is so of this address, and of others not."""


class Failure(NamedTuple):
    """A status: the word that programs go by (``manners.problems``), a title, and what to do about it."""

    kind: str
    title: Text
    text: Text


class WayOn(NamedTuple):
    """Where the button of an error page leads."""

    href: str
    label: Text


@dataclass(frozen=True, slots=True)
class Shown:
    """An error as a page shows it; ``action`` is its button, if it has one."""

    status: int
    title: str
    text: str
    request_id: str
    action: WayOn | None = None


FAILURES = {
    400: Failure(
        "bad-request",
        N_("This request cannot be read"),
        N_("Something in its address or in what was sent is malformed. Check the address, or go back and try again."),
    ),
    401: Failure("sign-in", N_("Sign in to go on"), N_("You are not signed in, or no longer.")),
    403: Failure("forbidden", N_("This is not permitted"), N_("Ask your administrator if you think that you should.")),
    404: Failure(
        "not-found",
        N_("There is nothing here"),
        N_("No part of this site has this address. Check it, or go back to where you came from."),
    ),
    405: Failure(
        "method-not-allowed",
        N_("This is not possible"),
        N_("That is not how this address is used. Go back to where you came from."),
    ),
    408: Failure("timeout", N_("The request took too long"), N_("It did not arrive in time. Try again.")),
    413: Failure("too-large", N_("That is too much"), N_("What was sent is larger than this page can take.")),
    415: Failure(
        "unsupported-media-type",
        N_("This form cannot be read"),
        N_("It was sent in a way that this page does not understand."),
    ),
    417: Failure(
        "expectation",
        N_("This expectation cannot be met"),
        N_("Your browser or program asked for something that is not done here."),
    ),
    421: Failure(
        "misdirected",
        N_("This host is not served here"),
        N_("Check the address: this server answers under other names."),
    ),
    431: Failure(
        "head-too-large",
        N_("The request is too large"),
        N_(
            "Your browser sent more cookies or a longer address than can be taken. Delete the cookies of this site in "
            "your browser's settings, then open it again."
        ),
    ),
    500: Failure("internal", N_("Something went wrong"), N_("It is our fault. Try again in a moment.")),
    502: Failure(
        "bad-gateway",
        N_("The service cannot be reached"),
        N_("The service behind this page does not answer properly. Try again in a moment."),
    ),
    503: Failure(
        "unavailable",
        N_("Not available at the moment"),
        N_("Try again in a few seconds. Nothing is lost, and nobody is signed out."),
    ),
    504: Failure(
        "gateway-timeout",
        N_("The service takes too long"),
        N_("The service behind this page did not answer in time. Try again in a moment."),
    ),
    505: Failure(
        "version",
        N_("This version of HTTP is not spoken here"),
        N_("Your browser or program speaks another one."),
    ),
}


def failure(status: int) -> Failure:
    """What a status says; one that has no words of its own says what its class does."""
    return FAILURES.get(status) or FAILURES[500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400]


def way_on(status: int, method: str, target: str) -> WayOn | None:
    """Where somebody can go from an error page, if anywhere.

    Args:
        status: of the error.
        method: of the request; what was sent by a form is not to be had again by a link.
        target: path and query of the request as sent; the page links to no other host, whatever stands there.
    """
    if method not in {"GET", "HEAD"}:
        return None
    if status in _PASSING:
        return WayOn(safe_next(target), N_("Try again"))
    if status in _ELSEWHERE and target != HOME:
        return WayOn(HOME, N_("Go to the start page"))
    return None
