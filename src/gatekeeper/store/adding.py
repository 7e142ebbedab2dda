"""New people, one or a million: a few statements for each batch, however many are in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from gatekeeper.domain.errors import AlreadyExists
from gatekeeper.domain.names import canonical_name
from gatekeeper.store.login_names import claim_all
from gatekeeper.store.schema import user_words, users
from gatekeeper.store.types import canonical_id
from gatekeeper.store.words import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.domain.model import NewUser
    from gatekeeper.store.running import Runner

BATCH = 1000


async def add_people(runner: Runner, new: Sequence[NewUser]) -> None:
    """Store people with their names and the words that find them.

    Raises:
        AlreadyExists: a user name or an address is somebody's already, among these or in the database.
    """
    for start in range(0, len(new), BATCH):
        await _add_batch(runner, new[start : start + BATCH])


async def _add_batch(runner: Runner, new: Sequence[NewUser]) -> None:
    owners = _owners(new)
    await runner.change(insert(users), [_row(person) for person in new])
    got = await claim_all(runner, sorted(owners.items()))
    for person in new:
        for field, name in _names(person).items():
            if name not in got:
                raise AlreadyExists(field)
    await runner.change(
        insert(user_words),
        [
            {"word": word, "user_id": person.id}
            for person in new
            for word in words_of(person.username, person.email, person.display_name)
        ],
    )


def _owners(new: Sequence[NewUser]) -> dict[str, str]:
    """Whose each name is to be.

    Raises:
        AlreadyExists: two of these people want one name.
    """
    owners: dict[str, str] = {}
    for person in new:
        for field, name in _names(person).items():
            if owners.setdefault(name, canonical_id(person.id)) != canonical_id(person.id):
                raise AlreadyExists(field)
    return owners


def _names(person: NewUser) -> dict[str, str]:
    return {"username": canonical_name(person.username), "email": canonical_name(person.email)}


def _row(person: NewUser) -> dict[str, Any]:
    has_password = person.password_hash is not None
    return {
        "id": person.id,
        "username": person.username,
        "username_canonical": canonical_name(person.username),
        "email": person.email,
        "email_canonical": canonical_name(person.email),
        "display_name": person.display_name,
        "groups": list(person.groups),
        "permissions": sorted(permission.value for permission in person.permissions),
        "enabled": person.enabled,
        "created_at": person.created_at,
        "password_hash": person.password_hash,
        "password_changed_at": person.created_at if has_password else None,
        "password_strength": person.password_strength,
        "change_required": person.change_required,
    }
