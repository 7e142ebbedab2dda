"""From the address of a database to connections: one place knows how an address is read.

An address is libpq's: ``postgresql://user:password@host:5432/name?sslmode=verify-full``, or with a socket's folder
``postgresql://user@/name?host=/run/postgresql``. A password in it is escaped once; given apart, it is taken as it is.
``statement_cache_size=0`` is for a PgBouncer in transaction mode in between: nothing is then prepared for later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

SCHEMES = ("postgresql", "postgres")
CACHE_SIZE = "statement_cache_size"
RECYCLE = 1800
POOL_WAIT = 2.0
DEFAULT_CACHE = 100


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is and how to speak to it. ``cache_size`` counts prepared statements for each connection."""

    dsn: str
    password: str | None
    cache_size: int

    @property
    def pooled_elsewhere(self) -> bool:
        """Whether each transaction may meet another server process (PgBouncer), so nothing outlives a transaction."""
        return self.cache_size == 0

    def __repr__(self) -> str:
        """Without the address: it may hold a password."""
        return "Address(…)"


def read_address(url: str, password: str | None = None) -> Address:
    """Take an address apart.

    Args:
        url: the address; a password in it is escaped once.
        password: the password as it is; it goes before one in the address.

    Raises:
        ValueError: this is no address of a PostgreSQL; the message does not repeat it.
    """
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        cache = [int(value) for name, value in options if name == CACHE_SIZE]
        _ = parts.port
    except ValueError:
        raise ValueError("this is not the address of a PostgreSQL database") from None
    if parts.scheme.partition("+")[0] not in SCHEMES or parts.fragment:
        raise ValueError("the address of a PostgreSQL database begins with postgresql:// and has no # unescaped")
    query = urlencode([(name, value) for name, value in options if name != CACHE_SIZE])
    dsn = f"{SCHEMES[0]}://{parts.netloc}{parts.path}" + (f"?{query}" if query else "")
    return Address(dsn, password, max(0, cache[-1]) if cache else DEFAULT_CACHE)


def make_engine(
    address: Address, *, pool_size: int, connect_timeout: float, command_timeout: float | None
) -> AsyncEngine:
    """Build an engine whose pool notices by itself, without a round trip, that the server has closed a connection.

    Args:
        address: where the database is.
        pool_size: connections kept; as many again for moments.
        connect_timeout: seconds in which a connection must stand.
        command_timeout: seconds in which a statement must end; ``None`` for as long as it takes.
    """

    async def connect() -> Any:
        return await asyncpg.connect(
            address.dsn,
            password=address.password,
            timeout=connect_timeout,
            command_timeout=command_timeout,
            statement_cache_size=address.cache_size,
            server_settings={"application_name": "gatekeeper"},
        )

    arguments: dict[str, Any] = {"async_creator_fn": connect, "prepared_statement_cache_size": address.cache_size}
    if address.pooled_elsewhere:
        arguments["prepared_statement_name_func"] = str
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args=arguments,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_WAIT,
        pool_recycle=RECYCLE,
        pool_use_lifo=True,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, record: object, proxy: object) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    if connection.driver_connection.is_closed():
        raise DisconnectionError
