"""The names with which people sign in: user names and addresses together, each leading to one person at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from gatekeeper.domain.errors import AlreadyExists
from gatekeeper.store.schema import login_names
from gatekeeper.store.types import ids, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.store.running import Runner


async def claim(runner: Runner, user_id: str, fields: dict[str, str]) -> None:
    """Take names for a person; one that is theirs already stays so.

    Args:
        runner: a transaction.
        user_id: the person.
        fields: canonical names by the field that they come from.

    Raises:
        AlreadyExists: somebody else has one; it names the field.
    """
    names = sorted({(name, user_id) for name in fields.values()})
    taken = await claim_all(runner, names)
    for field, name in fields.items():
        if name not in taken:
            raise AlreadyExists(field)


async def claim_all(runner: Runner, names: Sequence[tuple[str, str]]) -> set[str]:
    """Take names for people; those of them that they have now.

    Args:
        runner: a transaction.
        names: pairs of a canonical name and a person, no name twice, in order (so that two at once do not deadlock).
    """
    asked = select(texts([name for name, _ in names]), ids([user_id for _, user_id in names]))
    statement = insert(login_names).from_select(["name", "user_id"], asked)
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"user_id": statement.excluded.user_id},
        where=login_names.c.user_id == statement.excluded.user_id,
    )
    return set(await runner.values(statement.returning(login_names.c.name)))


async def release(runner: Runner, user_id: str, name: str) -> None:
    """Give a name up."""
    await runner.change(delete(login_names).where(login_names.c.name == name, login_names.c.user_id == user_id))
