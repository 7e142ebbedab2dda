"""People together with what the policies make of them: whether a second step is asked for, when a password ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.domain.login import password_expires_at, password_owed
from gatekeeper.domain.model import TwoFactorMode
from gatekeeper.domain.two_factor import applies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.domain.model import TwoFactorPolicy, User
    from gatekeeper.flows.services import Services


@dataclass(frozen=True, slots=True)
class Portrait:
    """A person as administrators see them.

    ``change_required``: a new password is demanded, be it of this person, of everybody, or by its age.
    ``password_expires_at`` is ``None`` where passwords do not expire, or there is none.
    """

    user: User
    two_factor_required: bool
    change_required: bool
    has_password: bool
    password_expires_at: float | None


async def of(services: Services, users: Sequence[User], now: float) -> list[Portrait]:
    """The portraits of some people, under the policies as they stand; one look at the policies, one at their list."""
    read = services.database.read
    policies = await read.policies.read()
    mode = policies.two_factor.mode
    listed = await _listed_among(services, policies.two_factor, users)
    return [
        Portrait(
            user=user,
            two_factor_required=applies(mode, listed=user.id in listed),
            change_required=password_owed(user.facts, policies.password, now),
            has_password=user.facts.password_changed_at > 0,
            password_expires_at=(
                password_expires_at(user.facts, policies.password) if user.facts.password_changed_at > 0 else None
            ),
        )
        for user in users
    ]


async def _listed_among(services: Services, policy: TwoFactorPolicy, users: Sequence[User]) -> set[str]:
    """Which of these people are on the policy's list."""
    if policy.mode is TwoFactorMode.OFF or not policy.listed:
        return set()
    return await services.database.read.policies.listed_among([user.id for user in users])


async def of_one(services: Services, user: User, now: float) -> Portrait:
    """The portrait of one person."""
    return (await of(services, [user], now))[0]
