"""How a statement is run: alone, on a connection of its own, or among others in a transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from gatekeeper.domain.errors import GatekeeperError, Unavailable
from gatekeeper.store.failures import translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from sqlalchemy import CursorResult, Executable, Row
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None

T = TypeVar("T")


class Runner(ABC):
    """Runs statements; every error comes out as one of ``domain.errors`` (see ``failures.translated``)."""

    @abstractmethod
    async def _run(self, statement: Executable, parameters: Parameters, take: Callable[[CursorResult[Any]], T]) -> T:
        """Run one statement and take from its result what is wanted."""

    async def rows(self, statement: Executable, parameters: Parameters = None) -> Sequence[Row[Any]]:
        """All rows of the answer."""
        return await self._run(statement, parameters, lambda result: result.all())

    async def row(self, statement: Executable, parameters: Parameters = None) -> Row[Any] | None:
        """The first row of the answer; ``None`` if there is none."""
        return await self._run(statement, parameters, lambda result: result.first())

    async def value(self, statement: Executable, parameters: Parameters = None) -> Any:
        """The first column of the first row; ``None`` if there is none."""
        return await self._run(statement, parameters, lambda result: result.scalar())

    async def values(self, statement: Executable, parameters: Parameters = None) -> list[Any]:
        """The first column of every row."""
        return await self._run(statement, parameters, lambda result: list(result.scalars()))

    async def change(self, statement: Executable, parameters: Parameters = None) -> int:
        """Run a statement for what it does; the number of rows that it touched."""
        return await self._run(statement, parameters, lambda result: result.rowcount)


class Reads(Runner):
    """Each statement on a connection of its own, outside any transaction. It refuses to write."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def _run(self, statement: Executable, parameters: Parameters, take: Callable[[CursorResult[Any]], T]) -> T:
        if getattr(statement, "is_dml", False):
            raise RuntimeError("whoever writes opens a transaction: async with database.transaction()")
        async with borrowed(self._engine) as connection:
            return await run_on(connection, statement, parameters, take)


class Transaction(Runner):
    """Statements among others, on the one connection of a transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def _run(self, statement: Executable, parameters: Parameters, take: Callable[[CursorResult[Any]], T]) -> T:
        return await run_on(self._connection, statement, parameters, take)


@asynccontextmanager
async def borrowed(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection of the pool; what was not committed is rolled back when it goes back.

    Raises:
        Unavailable: none could be had. Errors of the block pass as they are.
    """
    with translated():
        connection = await engine.connect()
    try:
        yield connection
    except BaseException:
        with suppress(GatekeeperError), translated():
            await connection.close()
        raise
    else:
        with translated():
            await connection.close()


async def run_on(
    connection: AsyncConnection, statement: Executable, parameters: Parameters, take: Callable[[CursorResult[Any]], T]
) -> T:
    """Run a statement on a connection. One that did not answer in time is cut, and never goes back to the pool."""
    try:
        with translated():
            return take(await connection.execute(statement, parameters))
    except Unavailable:
        await cut(connection)
        raise


async def cut(connection: AsyncConnection) -> None:
    """End a connection at once, without a word to a server that may not listen."""
    with suppress(GatekeeperError), translated():
        if not connection.closed and not connection.invalidated:
            raw = await connection.get_raw_connection()
            if raw.driver_connection is not None:
                raw.driver_connection.terminate()
            await connection.invalidate()
