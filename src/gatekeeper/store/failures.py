"""A driver's errors become ours: here, where the driver is called, and nowhere else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import asyncpg
import structlog
from sqlalchemy import exc

from gatekeeper.domain.errors import AlreadyExists, Conflict, GatekeeperError, NotFound, Refused, Unavailable
from gatekeeper.store.types import MalformedId

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger()

SERVICE = "PostgreSQL"

_AWAY = ("08", "28", "53", "57", "58", "3D", "XX", "25006")
"""SQLSTATE classes of a server that cannot serve: connection, login, resources, shutdown, system, no such database,
internal, and a standby that takes no writes."""

_RACE = ("40001", "40P01", "55P03")
_UNIQUE, _FOREIGN_KEY = "23505", "23503"
_UNSTORABLE = "22"


@contextmanager
def translated() -> Iterator[None]:
    """Run a call of the driver; what it raises comes out as an error of ``domain.errors``.

    Raises:
        Unavailable: the server cannot be reached, is too slow, or cannot serve.
        Conflict: two transactions were in each other's way, and this one gave up.
        NotFound: the row that another belongs to does not exist; or an id was no id.
        AlreadyExists: a value that must be unique is taken.
        Refused: a text that PostgreSQL cannot store.
    """
    try:
        yield
    except (exc.StatementError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        ours = _meaning(error)
        if ours is None:
            raise
        raise ours from error
    except (OSError, TimeoutError, exc.TimeoutError, exc.DisconnectionError, exc.InvalidRequestError) as error:
        if isinstance(error, exc.InvalidRequestError) and "closed" not in str(error):
            raise
        log.warning("postgresql.away", error=type(error).__name__)
        raise Unavailable(SERVICE) from error


def _meaning(error: Exception) -> GatekeeperError | None:
    driver = getattr(error, "orig", None) or error
    if isinstance(driver, MalformedId):
        return NotFound("this is not the id of anything")
    state = getattr(driver, "sqlstate", None) or ""
    if state in _RACE:
        return Conflict("somebody else changed the same thing at the same time")
    if state == _FOREIGN_KEY:
        return NotFound("what this belongs to does not exist")
    if state == _UNIQUE:
        return AlreadyExists(_field_of(driver))
    if state.startswith(_UNSTORABLE) or isinstance(driver, UnicodeError):
        return Refused("unstorable", "This has characters or values that cannot be stored.")
    if not state and isinstance(error, exc.DBAPIError) and _is_argument(driver):
        return Refused("unstorable", "This has characters or values that cannot be stored.")
    if state.startswith(_AWAY) or (not state and isinstance(error, (exc.DBAPIError, asyncpg.InterfaceError))):
        log.warning("postgresql.away", error=type(driver).__name__, sqlstate=state)
        return Unavailable(SERVICE)
    return None


def _is_argument(driver: BaseException) -> bool:
    """Whether asyncpg itself could not encode an argument."""
    return isinstance(driver.__cause__, asyncpg.DataError) or isinstance(driver, asyncpg.DataError)


def _field_of(driver: BaseException) -> str:
    """The column that a unique key is about: ``tokens_digest_key`` is about ``digest``."""
    cause = driver.__cause__
    table = getattr(cause, "table_name", None) or ""
    name = (getattr(cause, "constraint_name", None) or "").removeprefix(f"{table}_")
    return name.removesuffix("_key").removesuffix("_canonical").replace("pkey", "id") or "value"
