"""A driver's errors become ours: here, where the driver is called, and nowhere else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import asyncpg
import structlog
from sqlalchemy import exc

from gatekeeper.domain.errors import AlreadyExists, Conflict, GatekeeperError, NotFound, Refused, Unavailable
from gatekeeper.domain.wording import N_
from gatekeeper.store.types import MalformedId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = structlog.get_logger()

SERVICE = "PostgreSQL"

_AWAY = ("08", "28", "53", "57", "58", "3D", "XX", "25006")
"""SQLSTATE classes of a server that cannot serve: connection, login, resources, shutdown, system, no such database,
internal, and a standby that takes no writes."""

_RACE = ("40001", "40P01", "55P03")
_UNIQUE, _FOREIGN_KEY = "23505", "23503"
_UNSTORABLE = "22"

UNSTORABLE = N_("This has characters or values that cannot be stored.")


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
        raise _away(error) from error


def _meaning(error: Exception) -> GatekeeperError | None:
    """What an error of the driver is here; ``None`` for one that only a fault of ours explains."""
    driver = getattr(error, "orig", None) or error
    state = getattr(driver, "sqlstate", None) or ""
    rules: tuple[tuple[bool, Callable[[], GatekeeperError]], ...] = (
        (isinstance(driver, MalformedId), lambda: NotFound("this is not the id of anything")),
        (state in _RACE, lambda: Conflict(N_("Somebody else changed the same thing at the same time."))),
        (state == _FOREIGN_KEY, lambda: NotFound("what this belongs to does not exist")),
        (state == _UNIQUE, lambda: AlreadyExists(_field_of(driver))),
        (state.startswith(_UNSTORABLE) or _is_argument(driver), lambda: Refused("unstorable", UNSTORABLE)),
        (state.startswith(_AWAY) or _is_silent(error, state), lambda: _away(driver, state)),
    )
    return next((ours() for holds, ours in rules if holds), None)


def _away(driver: BaseException, state: str = "") -> Unavailable:
    log.warning("postgresql.away", error=type(driver).__name__, sqlstate=state)
    return Unavailable(SERVICE)


def _is_silent(error: Exception, state: str) -> bool:
    """Whether the connection failed, so that there is not even a code."""
    return not state and isinstance(error, (exc.DBAPIError, asyncpg.InterfaceError))


def _is_argument(driver: BaseException) -> bool:
    """Whether an argument could not even be sent."""
    causes = (driver, driver.__cause__)
    return any(isinstance(cause, (asyncpg.DataError, UnicodeError, OverflowError)) for cause in causes)


def _field_of(driver: BaseException) -> str:
    """The column that a unique key is about: ``tokens_digest_key`` is about ``digest``."""
    cause = driver.__cause__
    table = getattr(cause, "table_name", None) or ""
    name = (getattr(cause, "constraint_name", None) or "").removeprefix(f"{table}_")
    return name.removesuffix("_key").removesuffix("_canonical").replace("pkey", "id") or "value"
