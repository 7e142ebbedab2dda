"""API tokens: found by their digest, listed by their owner, gone when revoked."""

from __future__ import annotations

import pytest

from gatekeeper.domain.errors import AlreadyExists, NotFound
from gatekeeper.domain.model import Permission
from gatekeeper.store.database import Database
from gatekeeper.store.tokens import ApiToken
from tests.store.samples import NOBODY, new_id


async def add_token(database: Database, owner_id: str, digest: str, **changes) -> ApiToken:
    values = {"name": "ci", "permissions": frozenset({Permission.AUDIT_READ}), "created_at": 1.0, "expires_at": 9.5}
    token = ApiToken(id=new_id(), digest=digest, owner_id=owner_id, **{**values, **changes})
    async with database.transaction() as tables:
        await tables.tokens.add(token)
    return token


async def test_a_token_is_found_by_its_digest_and_id(database, anna):
    token = await add_token(database, anna.id, "d1")
    assert await database.read.tokens.by_digest("d1") == token
    assert await database.read.tokens.by_id(token.id) == token
    assert await database.read.tokens.by_digest("d2") is None


async def test_tokens_are_listed_the_newest_first(database, anna, add):
    other = await add("other")
    old = await add_token(database, anna.id, "d1", created_at=1.0)
    new = await add_token(database, anna.id, "d2", created_at=2.0, expires_at=None)
    others = await add_token(database, other.id, "d3", created_at=1.5)
    assert await database.read.tokens.of_owner(anna.id) == [new, old]
    assert await database.read.tokens.all() == [new, others, old]


async def test_the_last_use_never_moves_back(database, anna):
    token = await add_token(database, anna.id, "d1")
    async with database.transaction() as tables:
        await tables.tokens.used(token.id, 7.0)
        await tables.tokens.used(token.id, 5.0)
    assert (await database.read.tokens.by_id(token.id)).last_used_at == 7.0


async def test_a_revoked_token_is_gone(database, anna):
    token = await add_token(database, anna.id, "d1")
    async with database.transaction() as tables:
        await tables.tokens.revoke(token.id)
    assert await database.read.tokens.by_digest("d1") is None
    for missing in (token.id, NOBODY, "nonsense"):
        with pytest.raises(NotFound):
            async with database.transaction() as tables:
                await tables.tokens.revoke(missing)


async def test_tokens_go_with_their_owner(database, anna):
    await add_token(database, anna.id, "d1")
    async with database.transaction() as tables:
        await tables.users.delete(anna.id)
    assert await database.read.tokens.all() == []


async def test_a_token_has_an_owner_and_a_digest_of_its_own(database, anna):
    with pytest.raises(NotFound):
        await add_token(database, NOBODY, "d1")
    await add_token(database, anna.id, "d1")
    with pytest.raises(AlreadyExists) as refused:
        await add_token(database, anna.id, "d1")
    assert refused.value.field == "digest"
