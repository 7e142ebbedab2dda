"""A migrated database on each server, emptied for each test, and people in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from gatekeeper.domain.model import User
from gatekeeper.store.database import Database
from gatekeeper.store.migrations import migrate
from tests.store.samples import new_user

AddUser = Callable[..., Awaitable[User]]

AS_NEW = """
    DELETE FROM users;
    DELETE FROM audit;
    DELETE FROM endings;
    DELETE FROM signing_keys;
    DELETE FROM outbox;
    DELETE FROM policies;
    INSERT INTO policies VALUES (1, 0, 0, 0, NULL, 7, 0, 0, NULL, 'off', 0, NULL, 'open');
"""


async def execute(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def store_url(postgres_url: str) -> Iterator[str]:
    """A database with the current schema; making one for each test would take most of the time."""
    name = f"gatekeeper_store_{os.getpid()}"
    url = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    asyncio.run(execute(postgres_url, f'CREATE DATABASE "{name}"'))
    asyncio.run(migrate(url))
    yield url
    asyncio.run(execute(postgres_url, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
async def emptied_url(store_url: str) -> str:
    """The address of a database with nothing in it but what the migrations put there."""
    await execute(store_url, AS_NEW)
    return store_url


@pytest.fixture
async def database(emptied_url: str) -> AsyncIterator[Database]:
    database = Database.connect(emptied_url)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def add(database: Database) -> AddUser:
    async def add(username: str, **changes: Any) -> User:
        async with database.transaction() as tables:
            return await tables.users.add(new_user(username, **changes))

    return add


@pytest.fixture
async def anna(add: AddUser) -> User:
    return await add("anna", display_name="Anna Rossi", groups=("staff", "sales"))
