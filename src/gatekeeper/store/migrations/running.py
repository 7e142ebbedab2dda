"""Bring a database to the current schema, and say which one it has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.store.address import make_engine, read_address
from gatekeeper.store.failures import translated

if TYPE_CHECKING:
    from sqlalchemy import Connection

LOCK = 0x6761_7465
"""The advisory lock under which migrations run ("gate")."""

CONNECT_TIMEOUT = 5.0
INSUFFICIENT_PRIVILEGE = "42501"


class OutdatedSchema(GatekeeperError):
    """The database has another schema than this gatekeeper works with; ``found`` is ``None`` where it has none."""

    def __init__(self, found: str | None, expected: str) -> None:
        super().__init__(
            f"the database has schema {found or 'none'}, and this gatekeeper needs {expected}: run 'gatekeeper migrate'"
        )
        self.found = found
        self.expected = expected


class MigrationForbidden(GatekeeperError):
    """The database's user may not make tables in it."""

    def __init__(self) -> None:
        super().__init__(
            "the database's user may not make tables: make it the owner of the database, "
            "or GRANT USAGE, CREATE ON SCHEMA public TO it"
        )


def expected_schema() -> str:
    """The revision that this gatekeeper works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the package holds no revision")
    return head


async def current_schema(url: str, password: str | None = None) -> str | None:
    """The revision that a database has; ``None`` where it has none.

    Raises:
        Unavailable: the database does not answer.
        ValueError: the address is none.
    """
    engine = make_engine(
        read_address(url, password), pool_size=1, connect_timeout=CONNECT_TIMEOUT, command_timeout=CONNECT_TIMEOUT
    )
    try:
        with translated():
            async with engine.connect() as connection:
                return await connection.run_sync(_revision)
    finally:
        await engine.dispose()


async def migrate(url: str, password: str | None = None) -> str:
    """Bring a database to the current schema, in one transaction; whoever else migrates it meanwhile waits.

    Args:
        url: the address of the database; its user may make tables in it.
        password: the password as it is, if it is not in the address.

    Returns:
        The revision that the database has now.

    Raises:
        Unavailable: the database does not answer.
        OutdatedSchema: it has a schema that this gatekeeper does not know, of a newer one.
        MigrationForbidden: the user may not make tables.
        ValueError: the address is none.
    """
    engine = make_engine(
        read_address(url, password), pool_size=1, connect_timeout=CONNECT_TIMEOUT, command_timeout=None
    )
    try:
        with translated():
            async with engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                await connection.run_sync(_upgrade)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) == INSUFFICIENT_PRIVILEGE:
            raise MigrationForbidden from error
        raise
    finally:
        await engine.dispose()
    return expected_schema()


def _upgrade(connection: Connection) -> None:
    found, known = _revision(connection), _revisions()
    if found is not None and found not in known:
        raise OutdatedSchema(found, expected_schema())
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _revisions() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).parent)
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config
