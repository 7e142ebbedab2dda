"""The pairs that sign assertions: made once, kept sealed in PostgreSQL, the same on every node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.crypto.keys import SigningKey
from gatekeeper.domain.errors import AlreadyExists

if TYPE_CHECKING:
    from gatekeeper.crypto.secretbox import SecretBox
    from gatekeeper.store.database import Database

CONTEXT = "signing key"


async def signing_keys(database: Database, box: SecretBox, now: float) -> list[SigningKey]:
    """The pairs, the one to sign with first; the first node to ask makes one.

    Raises:
        Unavailable: PostgreSQL does not answer.
        Damaged: a pair cannot be opened with this node's secret key.
    """
    if not await database.read.signing_keys.all():
        await _make_first(database, box, now)
    stored = await database.read.signing_keys.all()
    newest_first = sorted(stored, key=lambda key: (-key.created_at, key.kid))
    return [SigningKey.from_pem(box.open(key.sealed_pem, CONTEXT)) for key in newest_first]


async def _make_first(database: Database, box: SecretBox, now: float) -> None:
    """Several nodes may do this at once: all of their pairs are kept, and all are published."""
    key = SigningKey.generate()
    try:
        async with database.transaction() as tables:
            await tables.signing_keys.add(key.kid, box.seal(key.to_pem(), CONTEXT), now)
    except AlreadyExists:
        return
