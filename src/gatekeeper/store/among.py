"""Which rows are meant by a kind of people, under the policies as they stand; each has an index that finds the few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, false, not_, select, text

from gatekeeper.domain.among import Among
from gatekeeper.domain.model import Strength, TwoFactorMode
from gatekeeper.store.holders import ADMINISTRATES
from gatekeeper.store.schema import two_factor_people, users

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from gatekeeper.domain.model import Policies

UNENROLLED: ColumnElement[bool] = text("NOT enrolled")  # type: ignore[assignment]
LOCKED: ColumnElement[bool] = text("locked_at IS NOT NULL")  # type: ignore[assignment]
DISABLED: ColumnElement[bool] = text("NOT enabled")  # type: ignore[assignment]
CHANGE_REQUIRED: ColumnElement[bool] = text("change_required")  # type: ignore[assignment]
WITHOUT_PASSWORD: ColumnElement[bool] = text("password_hash IS NULL")  # type: ignore[assignment]


def condition(among: Among, policies: Policies) -> ColumnElement[bool]:
    """What is true of the rows of such people."""
    if among is Among.MUST_ENROL:
        return _must_enrol(policies.two_factor.mode)
    if among is Among.FALLS_SHORT:
        level = policies.password.strength
        below = [strength for strength in Strength if strength.rank < level.rank]
        return and_(users.c.password_hash.is_not(None), users.c.password_strength.in_(below)) if below else false()
    return {
        Among.WITHOUT_AUTHENTICATOR: UNENROLLED,
        Among.MUST_CHANGE: CHANGE_REQUIRED,
        Among.WITHOUT_PASSWORD: WITHOUT_PASSWORD,
        Among.LOCKED: LOCKED,
        Among.DISABLED: DISABLED,
        Among.ADMINISTRATORS: ADMINISTRATES,
    }[among]


def _must_enrol(mode: TwoFactorMode) -> ColumnElement[bool]:
    if mode is TwoFactorMode.OFF:
        return false()
    listed = users.c.id.in_(select(two_factor_people.c.user_id))
    return and_(UNENROLLED, users.c.enabled, listed if mode is TwoFactorMode.SELECTED else not_(listed))
