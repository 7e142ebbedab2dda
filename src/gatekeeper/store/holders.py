"""The last enabled person who may grant permissions keeps that permission, stays enabled and is not deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import any_, literal, select, text

from gatekeeper.domain.errors import LastHolder
from gatekeeper.domain.model import Permission
from gatekeeper.domain.wording import N_
from gatekeeper.store.schema import users
from gatekeeper.store.types import canonical_id

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from gatekeeper.store.running import Runner

ADMINISTRATES: ColumnElement[Any] = text("permissions <> '{}'")  # type: ignore[assignment]
"""Holds some permission: the condition of the index over the few who do."""


def holds(permission: Permission) -> ColumnElement[bool]:
    """Whether a person holds a permission."""
    return literal(permission.value) == any_(users.c.permissions)


async def keep_one_besides(runner: Runner, user_id: str) -> None:
    """Make sure that somebody else can grant permissions, until this transaction ends.

    Every enabled holder's row is locked, in one order. Of two transactions that take the last two from each other, the
    second waits here, sees what the first has left, and is refused.

    Raises:
        LastHolder: nobody else can.
        NotFound: the id is no id.
    """
    enabled_holders = (
        select(users.c.id)
        .where(ADMINISTRATES, holds(Permission.PERMISSIONS_GRANT), users.c.enabled)
        .order_by(users.c.id)
        .with_for_update(key_share=True)
    )
    holders = await runner.values(enabled_holders)
    if canonical_id(user_id) in holders and len(holders) == 1:
        raise LastHolder(N_("Nobody else could grant permissions."))
