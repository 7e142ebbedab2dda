"""A person's row: how it is read, and how a change of what sessions know of them is written.

Whatever changes ``OwnerFacts`` goes through :func:`change_facts`: it raises the version and leaves a row in
``owner_changes``, in the same transaction, so that the change reaches the person's sessions even where the process
dies in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import OwnerFacts, Permission, User
from gatekeeper.store.schema import owner_changes, users

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row, Select

    from gatekeeper.store.running import Runner

PERSON = [column for column in users.c if column.name != "password_hash"]
"""What is read of a person; the hash is read by ``passwords`` alone."""

_KNOWN = frozenset(Permission)


def facts_of(row: Row[Any]) -> OwnerFacts:
    """What sessions know of a person. A permission that this version does not know is left out."""
    return OwnerFacts(
        user_id=row.id,
        username=row.username,
        email=row.email,
        display_name=row.display_name,
        groups=tuple(row.groups),
        permissions=frozenset(Permission(name) for name in row.permissions if name in _KNOWN),
        enabled=row.enabled,
        password_changed_at=row.password_changed_at or 0.0,
        password_strength=row.password_strength,
        change_required=row.change_required,
        enrolled=row.enrolled,
        recovery_codes_pending=row.recovery_codes_pending,
        version=row.facts_version,
        language=row.language,
    )


def user_of(row: Row[Any]) -> User:
    """A person as they are kept."""
    return User(
        facts=facts_of(row),
        created_at=row.created_at,
        recovery_email=row.recovery_email,
        recovery_email_confirmed=row.recovery_email_confirmed,
        last_sign_in_at=row.last_sign_in_at,
        locked_at=row.locked_at,
        sessions_valid_from=row.sessions_valid_from or 0.0,
        two_factor_owed_since=row.two_factor_owed_since,
        enrolment_code_digest=row.enrolment_code_digest,
        enrolment_code_required=row.enrolment_code_required,
        wishes=row.wishes,
    )


def people() -> Select[Any]:
    """A query for people; ``user_of`` reads its rows."""
    return select(*PERSON)


async def locked_row(runner: Runner, user_id: str) -> Row[Any]:
    """A person's row, which nobody else changes before this transaction ends.

    Raises:
        NotFound: there is no such person.
    """
    row = await runner.row(people().where(users.c.id == user_id).with_for_update(key_share=True))
    if row is None:
        raise NotFound("there is no such person")
    return row


async def change_facts(
    runner: Runner, user_id: str, values: dict[str, Any], *conditions: ColumnElement[bool]
) -> User | None:
    """Change what sessions know of a person, raise its version, and note that their sessions must hear of it.

    Args:
        runner: a transaction.
        user_id: the person.
        values: columns of ``users`` and what they become.
        conditions: what must still be so; otherwise nothing changes.

    Returns:
        The person as they are now; ``None`` where there is none, or a condition no longer holds.
    """
    statement = (
        update(users)
        .where(users.c.id == user_id, *conditions)
        .values(**values, facts_version=users.c.facts_version + 1)
        .returning(*PERSON)
    )
    row = await runner.row(statement)
    if row is None:
        return None
    note = insert(owner_changes).values(user_id=user_id, version=row.facts_version, at=func.clock_timestamp())
    await runner.change(
        note.on_conflict_do_update(
            index_elements=["user_id"], set_={"version": note.excluded.version, "at": note.excluded.at}
        )
    )
    return user_of(row)


async def changed(runner: Runner, user_id: str, values: dict[str, Any]) -> User:
    """As :func:`change_facts`, for a change that depends on nothing.

    Raises:
        NotFound: there is no such person.
    """
    user = await change_facts(runner, user_id, values)
    if user is None:
        raise NotFound("there is no such person")
    return user
