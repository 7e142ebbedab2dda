"""Who may do what, and to whom.

A permission is held or not; there are no roles above them. Three rules bind what is held to what may be done: nobody
acts on a person who holds a permission that they lack themselves; a token never holds more than its owner holds now;
and whoever may grant permissions may grant each of them (that is what granting is), so at least one person always can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.model import Permission

if TYPE_CHECKING:
    from collections.abc import Iterable

ALL = frozenset(Permission)
NOTHING: frozenset[Permission] = frozenset()


def may(held: frozenset[Permission], any_of: Iterable[Permission]) -> bool:
    """Whether one of the permissions that open a call is held; a call that names none is open to everybody known.

    >>> may(frozenset({Permission.AUDIT_READ}), {Permission.AUDIT_READ, Permission.USERS_MANAGE})
    True
    """
    needed = frozenset(any_of)
    return not needed or bool(needed & held)


def lacking(actor: frozenset[Permission], target: frozenset[Permission]) -> frozenset[Permission]:
    """What keeps one person from acting on another: the permissions that only the other one holds."""
    return target - actor


def may_act_on(actor: frozenset[Permission], target: frozenset[Permission]) -> bool:
    """Whether somebody may act on a person: only where that person holds nothing that they lack themselves."""
    return not lacking(actor, target)


def effective(
    owner: frozenset[Permission], token: frozenset[Permission], *, owner_enabled: bool
) -> frozenset[Permission]:
    """What a token holds: never more than its owner holds now, and nothing once the owner is disabled."""
    return owner & token if owner_enabled else NOTHING


def excess(held: frozenset[Permission], wanted: frozenset[Permission]) -> frozenset[Permission]:
    """What a new token may not be given, because whoever makes it does not hold it."""
    return wanted - held


def lost(before: frozenset[Permission], after: frozenset[Permission]) -> frozenset[Permission]:
    """What a change of permissions takes away; where it takes anything, the person's sessions end."""
    return before - after


def in_order(permissions: Iterable[Permission]) -> list[Permission]:
    """Permissions in the order in which the contract lists them."""
    held = frozenset(permissions)
    return [permission for permission in Permission if permission in held]
