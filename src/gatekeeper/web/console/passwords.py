"""*Password management*: expiry, reuse, strength and two-step verification, each change reviewed before it is applied.

What was entered is kept (``passwords_drafts``), shown with what it would do (``passwords_review``), and then applied
under the version that was seen (``passwords_apply``), by the same flows as the API's.
"""

from __future__ import annotations

from gatekeeper.web.console import passwords_apply as applying
from gatekeeper.web.console import passwords_lists as lists
from gatekeeper.web.console import passwords_people as people
from gatekeeper.web.console import passwords_review as review
from gatekeeper.web.console.passwords_page import ADDRESS, show
from gatekeeper.web.inside import Door
from gatekeeper.web.menu import PASSWORD_MANAGEMENT

_MOST_FIELDS = 2100
_LARGEST = 128 * 1024
"""A form of two-step verification holds two lists of a thousand ids at most."""

DOORS = (
    Door("GET", ADDRESS, show, PASSWORD_MANAGEMENT),
    Door("POST", f"{ADDRESS}/rules", review.take_rules, PASSWORD_MANAGEMENT, shown_at=ADDRESS),
    Door(
        "POST",
        f"{ADDRESS}/two-step",
        review.take_two_step,
        PASSWORD_MANAGEMENT,
        shown_at=ADDRESS,
        most_fields=_MOST_FIELDS,
        largest=_LARGEST,
    ),
    Door("GET", review.REVIEW, review.show, PASSWORD_MANAGEMENT),
    Door("GET", f"{review.REVIEW}/people", review.show_people, PASSWORD_MANAGEMENT),
    Door("POST", f"{ADDRESS}/apply", applying.apply, PASSWORD_MANAGEMENT, grave=True, shown_at=ADDRESS),
    Door("GET", f"{ADDRESS}/require-change", applying.ask_everybody, PASSWORD_MANAGEMENT),
    Door("POST", f"{ADDRESS}/require-change", applying.demand, PASSWORD_MANAGEMENT, grave=True),
    Door("GET", f"{people.PEOPLE}/search", people.search, PASSWORD_MANAGEMENT),
    Door("GET", people.PEOPLE, people.show, PASSWORD_MANAGEMENT),
    Door("POST", people.PEOPLE, people.change, PASSWORD_MANAGEMENT, grave=True),
    Door("GET", lists.ENROLMENT, lists.enrolment, PASSWORD_MANAGEMENT),
    Door("GET", lists.SHORT, lists.short, PASSWORD_MANAGEMENT),
    Door("GET", lists.UNKNOWN, lists.unknown, PASSWORD_MANAGEMENT),
)
