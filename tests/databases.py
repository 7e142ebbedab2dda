"""Private databases for the tests of one process, lent one after the other.

To clone a database costs some 200 ms of a core, as PostgreSQL copies three hundred files; to delete the few rows that a
test wrote costs five. So a database is cleaned and lent again, unless the test changed more in it than rows.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from gatekeeper.store.migrations import migrate

SHAPE = """
SELECT md5(string_agg(shape, ',' ORDER BY shape)) FROM (
    SELECT 'class' || oid || ':' || xmin AS shape FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'column' || attrelid || ':' || attnum || ':' || a.xmin
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = attrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'constraint' || oid || ':' || xmin
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'function' || oid || ':' || xmin FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger' || oid || ':' || xmin FROM pg_trigger
    UNION ALL SELECT 'schema' || oid || ':' || xmin FROM pg_namespace
    UNION ALL SELECT 'setting' || setconfig::text FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'statistics' || starelid || ':' || staattnum
        FROM pg_statistic JOIN pg_class AS c ON c.oid = starelid WHERE relnamespace = 'public'::regnamespace
) AS shapes
"""
"""What a test leaves as it was if it changed rows alone: not the schema, nor a setting, nor what the planner knows."""

OTHERS = "pid <> pg_backend_pid() AND datname = current_database()"
PATIENCE = 10.0


@dataclass(frozen=True)
class Template:
    """The migrated database that others are cloned from, and the statements that bring a clone back to its rows."""

    name: str
    reset: str


class Databases:
    """The databases on one server. ``url`` is the address of one whose user may create others."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._template: Template | None = None
        self._clean: list[str] = []
        self._numbers = itertools.count()

    async def lend(self) -> Lent:
        """A database with the current schema and nothing in it."""
        if self._template is None:
            self._template = await self._make_template()
        name = self._clean.pop() if self._clean else await self._clone(self._template)
        connection = await asyncpg.connect(named(self._url, name))
        try:
            return Lent(self, name, await connection.fetchval(SHAPE))
        finally:
            await connection.close()

    async def take_back(self, name: str, shape: str) -> None:
        """Clean a database for the next test, or drop it if it has another shape than before."""
        if await self._cleaned(name, shape):
            self._clean.append(name)
        else:
            await self._drop(name)

    def address(self, name: str) -> str:
        return named(self._url, name)

    async def close(self) -> None:
        """Drop all that are not lent."""
        for name in (*self._clean, *(() if self._template is None else (self._template.name,))):
            await self._drop(name)

    async def _make_template(self) -> Template:
        name = f"gatekeeper_template_{os.getpid()}"
        await execute(self._url, f'CREATE DATABASE "{name}"')
        await migrate(self.address(name))
        connection = await asyncpg.connect(self.address(name))
        try:
            return Template(name, await reset_of(connection))
        finally:
            await connection.close()

    async def _clone(self, template: Template) -> str:
        name = f"gatekeeper_test_{os.getpid()}_{next(self._numbers)}"
        await execute(self._url, f'CREATE DATABASE "{name}" TEMPLATE "{template.name}" STRATEGY FILE_COPY')
        return name

    async def _drop(self, name: str) -> None:
        await execute(self._url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _cleaned(self, name: str, shape: str) -> bool:
        assert self._template is not None
        try:
            connection = await asyncpg.connect(self.address(name), command_timeout=PATIENCE)
        except (OSError, asyncpg.PostgresError):
            return False
        try:
            await connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS}")
            if await connection.fetchval(SHAPE) != shape:
                return False
            await connection.execute(self._template.reset)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        else:
            return True
        finally:
            await connection.close(timeout=PATIENCE)


@dataclass(frozen=True)
class Lent:
    """A database that one test has to itself."""

    databases: Databases
    name: str
    shape: str

    @property
    def url(self) -> str:
        return self.databases.address(self.name)

    async def give_back(self) -> None:
        await self.databases.take_back(self.name, self.shape)


async def reset_of(connection: asyncpg.Connection) -> str:
    """The statements that empty each table and put back the rows and the numbers that the migrations left."""
    statements = ["SET session_replication_role = replica"]
    for (table,) in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        statements.append(f'DELETE FROM "{table}"')
        rows = await connection.fetchval(f'SELECT json_agg(t)::text FROM "{table}" AS t')
        if rows is not None:
            literal = "'" + rows.replace("'", "''") + "'"
            found = f'json_populate_recordset(NULL::"{table}", {literal})'
            statements.append(f'INSERT INTO "{table}" OVERRIDING SYSTEM VALUE SELECT * FROM {found}')
    numbers = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
    for sequence, last in await connection.fetch(numbers):
        statements.append(f"SELECT setval('\"{sequence}\"', {last or 1}, {str(last is not None).lower()})")
    return "; ".join(statements)


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def named(url: str, database: str) -> str:
    """Return the address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
