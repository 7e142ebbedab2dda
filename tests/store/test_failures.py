"""A driver's errors become ours, each as what it means to a caller; a fault of our own stays what it is."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import exc

from gatekeeper.domain.errors import AlreadyExists, Conflict, NotFound, Refused, Unavailable
from gatekeeper.store.failures import translated
from gatekeeper.store.types import MalformedId


class FromDriver(Exception):
    """An error as SQLAlchemy's dialect raises it."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("x")
        self.sqlstate = sqlstate


def wrapped(sqlstate: str | None, cause: Exception | None = None) -> exc.DBAPIError:
    driver = FromDriver(sqlstate)
    driver.__cause__ = cause
    return exc.DBAPIError("SELECT secret", None, driver)


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (ConnectionRefusedError(), Unavailable),
        (FileNotFoundError(), Unavailable),
        (TimeoutError(), Unavailable),
        (exc.TimeoutError(), Unavailable),
        (exc.DisconnectionError(), Unavailable),
        (asyncpg.CannotConnectNowError("x"), Unavailable),
        (asyncpg.InvalidPasswordError("x"), Unavailable),
        (asyncpg.InterfaceError("connection is closed"), Unavailable),
        (asyncpg.TooManyConnectionsError("x"), Unavailable),
        (asyncpg.DiskFullError("x"), Unavailable),
        (asyncpg.ReadOnlySQLTransactionError("x"), Unavailable),
        (asyncpg.InvalidCatalogNameError("x"), Unavailable),
        (asyncpg.DeadlockDetectedError("x"), Conflict),
        (asyncpg.SerializationError("x"), Conflict),
        (asyncpg.ForeignKeyViolationError("x"), NotFound),
        (asyncpg.CharacterNotInRepertoireError("x"), Refused),
        (exc.StatementError("x", "SELECT", None, MalformedId()), NotFound),
        (wrapped("57P01"), Unavailable),
        (wrapped(None), Unavailable),
        (wrapped(None, asyncpg.DataError("x")), Refused),
        (wrapped("40P01"), Conflict),
    ],
    ids=repr,
)
def test_what_the_driver_says_becomes_ours(error, ours):
    with pytest.raises(ours) as raised, translated():
        raise error
    assert raised.value.__cause__ is error
    assert "secret" not in str(raised.value)


def test_a_taken_value_is_named_by_its_column():
    cause = asyncpg.UniqueViolationError("x")
    cause.table_name, cause.constraint_name = "tokens", "tokens_digest_key"
    with pytest.raises(AlreadyExists) as taken, translated():
        raise wrapped("23505", cause)
    assert taken.value.field == "digest"


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), exc.InvalidRequestError("misuse"), wrapped("42601")])
def test_a_fault_of_our_own_stays_what_it_is(error):
    with pytest.raises(type(error)) as raised, translated():
        raise error
    assert raised.value is error


def test_what_succeeds_passes():
    with translated():
        pass
