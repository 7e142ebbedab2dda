"""Migrations: one transaction under a lock, from any folder, to exactly the schema that the code expects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from gatekeeper.domain.errors import NotFound, Unavailable
from gatekeeper.store.address import make_engine, read_address
from gatekeeper.store.database import Database
from gatekeeper.store.migrations import OutdatedSchema, current_schema, expected_schema, migrate, running
from gatekeeper.store.schema import metadata
from gatekeeper.store.words import words_of


async def execute(url: str, statement: str):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


@pytest.fixture
async def empty_url(postgres_url: str) -> AsyncIterator[str]:
    name = "gatekeeper_unmigrated"
    await execute(postgres_url, f'CREATE DATABASE "{name}"')
    yield urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    await execute(postgres_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_nodes_that_start_at_once_migrate_once(empty_url):
    assert await current_schema(empty_url) is None
    assert set(await asyncio.gather(*(migrate(empty_url) for _ in range(4)))) == {expected_schema()}
    assert await current_schema(empty_url) == expected_schema()
    assert await migrate(empty_url) == expected_schema()


async def test_the_revisions_make_what_the_code_expects(store_url):
    engine = make_engine(read_address(store_url), pool_size=1, connect_timeout=5.0, command_timeout=30.0)

    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_server_default": True}), metadata)

    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []
    finally:
        await engine.dispose()


async def test_people_of_the_first_schema_are_found_by_the_same_words(empty_url):
    engine = make_engine(read_address(empty_url), pool_size=1, connect_timeout=5.0, command_timeout=30.0)

    def to_the_first(connection):
        config = running._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    async with engine.begin() as connection:
        await connection.run_sync(to_the_first)
    await engine.dispose()
    await execute(
        empty_url,
        """
        INSERT INTO users (id, username, username_canonical, email, email_canonical, display_name, created_at)
        VALUES (gen_random_uuid(), 'Anna', 'anna', 'anna@example.com', 'anna@example.com', 'Anna Rossi', now())
        """,
    )
    words = "ARRAY['anna', 'anna@example.com', 'example.com', 'com', 'rossi']"
    await execute(empty_url, f"INSERT INTO user_words SELECT unnest({words}), id FROM users")
    await migrate(empty_url)
    kept = await execute(empty_url, "SELECT name, word FROM user_words")
    assert {(row["name"], row["word"]) for row in kept} == {
        ("anna", word) for word in words_of("anna", "anna@example.com", "Anna Rossi")
    }


async def test_a_migration_that_fails_leaves_nothing_behind(empty_url):
    await execute(empty_url, "CREATE TABLE signing_keys (x int)")
    with pytest.raises(Exception, match="signing_keys"):
        await migrate(empty_url)
    tables = await execute(empty_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert [row["tablename"] for row in tables] == ["signing_keys"]


async def test_a_database_without_the_current_schema_is_not_served(empty_url):
    database = Database.connect(empty_url)
    try:
        with pytest.raises(OutdatedSchema, match="gatekeeper migrate") as outdated:
            await database.check()
        assert (outdated.value.found, outdated.value.expected) == (None, expected_schema())
        await migrate(empty_url)
        await database.check()
        await execute(empty_url, "UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(OutdatedSchema):
            await database.check()
        with pytest.raises(OutdatedSchema):
            await migrate(empty_url)
    finally:
        await database.close()


async def test_a_server_that_is_not_there_is_unavailable():
    for call in (migrate, current_schema):
        with pytest.raises(Unavailable):
            await call("postgresql://u:p@127.0.0.1:1/db")


@pytest.fixture
async def guarded_url(empty_url: str, postgres_url: str) -> AsyncIterator[str]:
    """The same database, whose owner must give the password ``a#b%2F@c/d``."""
    ((place,),) = await execute(postgres_url, "SHOW hba_file")
    rules = Path(place)
    if not rules.exists():
        pytest.skip("the rules of another machine's server are not ours to change")
    before = rules.read_text()
    await execute(postgres_url, "DROP ROLE IF EXISTS guarded")
    await execute(postgres_url, "CREATE ROLE guarded LOGIN PASSWORD 'a#b%2F@c/d'")
    await execute(postgres_url, "ALTER DATABASE gatekeeper_unmigrated OWNER TO guarded")
    rules.write_text(f"local all guarded scram-sha-256\n{before}")
    await execute(postgres_url, "SELECT pg_reload_conf()")
    yield empty_url.replace("//gatekeeper@", "//guarded@")
    rules.write_text(before)
    await execute(postgres_url, "SELECT pg_reload_conf()")


async def test_any_password_works_escaped_once_or_as_it_is(guarded_url):
    async with asyncio.timeout(10):
        while True:  # until the server has read its rules
            if await is_refused(guarded_url, "a#b/@c/d"):
                break
            await asyncio.sleep(0.02)
    escaped = guarded_url.replace("guarded@", "guarded:a%23b%252F%40c%2Fd@")
    for url, password in ((escaped, None), (guarded_url, "a#b%2F@c/d")):
        assert await migrate(url, password) == expected_schema()
        database = Database.connect(url, password)
        await database.check()
        await database.close()


async def is_refused(url: str, password: str) -> bool:
    try:
        await current_schema(url, password)
    except Unavailable:
        return True
    return False


async def test_the_current_schema_works_behind_a_pooler(emptied_url):
    database = Database.connect(f"{emptied_url}&statement_cache_size=0")
    try:
        await migrate(f"{emptied_url}&statement_cache_size=0")
        await database.check()
        assert await database.read.users.count() == 0
        with pytest.raises(NotFound):
            await database.read.users.by_id("x")
        prepared = await database._reads.values(_prepared_statements())
        assert prepared == []
    finally:
        await database.close()


def _prepared_statements():
    from sqlalchemy import text

    return text("SELECT name FROM pg_prepared_statements")
