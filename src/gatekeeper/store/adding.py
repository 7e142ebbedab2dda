"""New people, one or a million: a few statements for each batch, however many are in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from gatekeeper.domain.errors import AlreadyExists
from gatekeeper.domain.names import canonical_name
from gatekeeper.store.login_names import claim_all
from gatekeeper.store.schema import user_words, users
from gatekeeper.store.types import canonical_id, texts
from gatekeeper.store.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatekeeper.domain.model import NewUser
    from gatekeeper.store.running import Runner

BATCH = 500


async def add_people(runner: Runner, new: Sequence[NewUser]) -> None:
    """Store people with their names and the words that find them.

    Raises:
        AlreadyExists: a user name or an address is somebody's already, among these or in the database.
    """
    for start in range(0, len(new), BATCH):
        await _add_batch(runner, new[start : start + BATCH])


async def _add_batch(runner: Runner, new: Sequence[NewUser]) -> None:
    names = [_names(person) for person in new]
    owners = _owners(new, names)
    await runner.change(insert(users), [_row(person, own) for person, own in zip(new, names, strict=True)])
    got = await claim_all(runner, sorted(owners.items()))
    for own in names:
        for field, name in own.items():
            if name not in got:
                raise AlreadyExists(field)
    await add_words(
        runner,
        {
            own["username"]: words_of(person.username, person.email, person.display_name)
            for person, own in zip(new, names, strict=True)
        },
    )


async def add_words(runner: Runner, found_by: Mapping[str, set[str]]) -> None:
    """Let people be found by words: the words of each, by their canonical user names."""
    rows = [(word, name) for name, words in found_by.items() for word in words]
    asked = select(texts([word for word, _ in rows]), texts([name for _, name in rows]))
    await runner.change(insert(user_words).from_select(["word", "name"], asked))


def _owners(new: Sequence[NewUser], names: Sequence[dict[str, str]]) -> dict[str, str]:
    """Whose each name is to be.

    Args:
        new: the people.
        names: the names of each, by field.

    Raises:
        AlreadyExists: two of these people want one name.
    """
    owners: dict[str, str] = {}
    for person, own in zip(new, names, strict=True):
        owner = canonical_id(person.id)
        for field, name in own.items():
            if owners.setdefault(name, owner) != owner:
                raise AlreadyExists(field)
    return owners


def _names(person: NewUser) -> dict[str, str]:
    return {"username": canonical_name(person.username), "email": canonical_name(person.email)}


def _row(person: NewUser, names: dict[str, str]) -> dict[str, Any]:
    has_password = person.password_hash is not None
    return {
        "id": person.id,
        "username": person.username,
        "username_canonical": names["username"],
        "email": person.email,
        "email_canonical": names["email"],
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
