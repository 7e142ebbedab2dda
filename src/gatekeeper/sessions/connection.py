"""The connection to Redis: short timeouts, one retry, and one error for everything that can go wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from gatekeeper.domain.errors import Unavailable

log = structlog.get_logger()

TIMEOUT = 1.0
"""Seconds that making a connection, and waiting for a free one, may take."""

DEADLINE = 1.5
"""Seconds that a command may take altogether, its connection and its retry included."""

CONNECTIONS = 64


def connect(url: str, password: str | None = None) -> Redis:
    """Return a client that connects when it is first needed.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        password: where the address names none.

    Raises:
        ValueError: this is no address of a Redis.
    """
    named = {} if password is None else {"password": password}
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=TIMEOUT,
        # The driver's own timeout around a write is asyncio.wait_for, which in Python 3.11 can swallow a cancellation:
        # a task that was told to stop would go on for ever. The deadline in `answer` bounds every command instead.
        socket_timeout=None,
        socket_connect_timeout=TIMEOUT,
        # A connection that the server closed is tried again, once and at once.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        protocol=2,
        driver_info=None,
        **named,
    )
    return Redis.from_pool(pool)


async def answer(command: Any) -> Any:
    """Wait for the answer to a command, which the driver types as anything at all; the caller says what it is.

    Raises:
        Unavailable: Redis is gone, frozen, starting, full, read-only, or refuses the command.
    """
    try:
        async with asyncio.timeout(DEADLINE):
            return await command
    except ResponseError as error:
        log.warning("redis.refused", reason=str(error))
        raise Unavailable("Redis") from error
    except (RedisError, OSError) as error:
        raise Unavailable("Redis") from error


async def check(redis: Redis) -> None:
    """See that Redis answers.

    Raises:
        Unavailable: it does not.
    """
    await answer(redis.ping())
