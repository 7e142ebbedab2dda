"""Whom two-step verification reaches: one rule, the same for ten users and for a million."""

from __future__ import annotations

from gatekeeper.domain.model import TwoFactorMode
from gatekeeper.domain.wording import N_

USUAL_NAME = N_("Authenticator app")
"""What an authenticator is called that was given no name: stored in English, said in the reader's language."""


def applies(mode: TwoFactorMode, *, listed: bool) -> bool:
    """Whether the policy reaches a person.

    Args:
        mode: off, everyone (except the listed), or the selected (only the listed).
        listed: whether the person is on the policy's list.
    """
    if mode is TwoFactorMode.EVERYONE:
        return not listed
    return mode is TwoFactorMode.SELECTED and listed
