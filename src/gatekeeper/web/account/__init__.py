"""One's own account: password, authenticators, recovery codes, where one is signed in, and what happened lately.

Whoever is signed in comes in, and each handler acts for the person of its session alone: an id in an address is looked
for among what is theirs, and where it is not, there is no such page. ``DOORS`` is all of it. What may be ended or
removed is asked about on a page of its own, which a script shows as a dialog over this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.web.account import (
    activity,
    authenticators,
    devices,
    overview,
    recovery_address,
    recovery_codes,
    sessions,
)
from gatekeeper.web.account.overview import elsewhere

if TYPE_CHECKING:
    from gatekeeper.web.inside import Door

__all__ = ["DOORS", "elsewhere"]

DOORS: tuple[Door, ...] = (
    *overview.DOORS,
    *authenticators.DOORS,
    *recovery_codes.DOORS,
    *recovery_address.DOORS,
    *sessions.DOORS,
    *devices.DOORS,
    *activity.DOORS,
)
