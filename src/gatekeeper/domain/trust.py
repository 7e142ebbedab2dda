"""Trusted devices: for how long one stands in for the code, whatever it was promised when it was trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper.domain.model import Policies

DAY = 86_400.0


def trusted_until(given_at: float | None, promised: float | None, epoch: int | None, policies: Policies) -> float:
    """Until when a device stands in for the code; 0 where it never does.

    A policy with fewer days shortens what was promised, one with more lengthens nothing. Once an administrator has
    withdrawn trusted devices, what was promised before is void, also if they are allowed again.

    Args:
        given_at: when the person trusted the device; ``None`` where they did not.
        promised: until when, by the policy of that time.
        epoch: the policies' epoch at that time.
        policies: the policies in force.
    """
    days = policies.two_factor.trusted_devices_days
    if days is None or given_at is None or promised is None or epoch is None or epoch < policies.trust_epoch:
        return 0.0
    return min(promised, given_at + days * DAY)
