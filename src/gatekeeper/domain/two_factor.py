"""Whom two-step verification reaches: one rule, the same for ten users and for a million."""

from __future__ import annotations

from gatekeeper.domain.model import TwoFactorMode


def applies(mode: TwoFactorMode, *, listed: bool) -> bool:
    """Whether the policy reaches a person.

    Args:
        mode: off, everyone (except the listed), or the selected (only the listed).
        listed: whether the person is on the policy's list.
    """
    if mode is TwoFactorMode.EVERYONE:
        return not listed
    return mode is TwoFactorMode.SELECTED and listed
