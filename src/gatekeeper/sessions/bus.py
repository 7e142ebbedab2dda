"""The bus: messages between nodes over Redis pub/sub, and how far what they say can be relied upon.

The subscription is pinged twice a second on its own connection, in the order of the messages: an answer proves that
everything published before the ping was sent has arrived. So whoever keeps copies may rely on them for 1.5 seconds from
the sending of the last ping that was answered, and no longer.
"""

from __future__ import annotations

import asyncio
import math
from time import monotonic
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from gatekeeper.sessions.connection import TIMEOUT, answer
from gatekeeper.sessions.messages import (
    CHANNEL,
    Message,
    PoliciesChanged,
    SessionsChanged,
    SessionsEnded,
    decode,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection

__all__ = ["Bus", "Message", "PoliciesChanged", "SessionsChanged", "SessionsEnded"]

log = structlog.get_logger()

PING_EVERY = 0.5
TRUSTED_FOR = 1.5
RECONNECT_AFTER = 0.2


class Bus:
    """Publishes messages, hands those that come to the handlers, and knows whether it can be trusted.

    Attributes:
        trusted_until: the monotonic time up to which every message published before now is known to have arrived, or
            will be found missing. Read directly by the edge's cache, where a property would be felt.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._handlers: list[Callable[[Message], None]] = []
        self._lost_handlers: list[Callable[[], None]] = []
        self._trusting = False
        self.trusted_until = -math.inf

    @property
    def trusted(self) -> bool:
        """Whether what was learnt from the bus can be relied upon at this moment."""
        return monotonic() < self.trusted_until

    def subscribe(self, handler: Callable[[Message], None]) -> None:
        """Have every message handed to ``handler``, which must not wait."""
        self._handlers.append(handler)

    def on_trust_lost(self, handler: Callable[[], None]) -> None:
        """Have ``handler`` called when messages may have been missed."""
        self._lost_handlers.append(handler)

    async def publish(self, message: Message) -> None:
        """Tell every node, this one at once.

        Raises:
            Unavailable: Redis does not answer; the others have not heard.
        """
        self.deliver(message)
        await answer(self._redis.publish(CHANNEL, encode(message)))

    def deliver(self, message: Message) -> None:
        """Hand a message to this node's own handlers."""
        for handler in self._handlers:
            try:
                handler(message)
            except Exception:
                log.exception("bus.handler_failed")
                self._lose_trust()

    async def run(self) -> None:
        """Listen until cancelled; a connection that breaks or falls silent is replaced."""
        warned = False
        while True:
            try:
                await self._listen()
            except* (RedisError, OSError) as group:
                if self._trusting or not warned:
                    log.warning("bus.lost", reason=str(group.exceptions[0]))
                warned = True
            except* Exception:
                log.exception("bus.failed")
            finally:
                self._lose_trust()
            await asyncio.sleep(RECONNECT_AFTER)

    async def _listen(self) -> None:
        pool = self._redis.connection_pool
        connection: AbstractConnection = pool.connection_class(**pool.connection_kwargs)
        try:
            async with asyncio.timeout(TIMEOUT):
                await connection.connect()  # type: ignore[no-untyped-call]  # the driver does not say
                await connection.send_command("SUBSCRIBE", CHANNEL)
                await connection.read_response()
            await _until_one_fails(self._read(connection), self._ping(connection))
        finally:
            await connection.disconnect(nowait=True)

    async def _read(self, connection: AbstractConnection) -> None:
        while True:
            kind, *rest = await connection.read_response(timeout=math.inf, push_request=True)
            if kind == b"pong":
                self._answered(float(rest[0]))
            elif kind == b"message":
                self._arrived(rest[1])

    async def _ping(self, connection: AbstractConnection) -> None:
        began = monotonic()
        while True:
            await connection.send_command("PING", repr(monotonic()), check_health=False)
            await asyncio.sleep(PING_EVERY)
            if monotonic() >= max(self.trusted_until, began + TRUSTED_FOR):
                raise TimeoutError("no answer to a ping")

    def _answered(self, sent_at: float) -> None:
        until = sent_at + TRUSTED_FOR
        if self._trusting and not self.trusted:
            self._lose_trust()
        if not self._trusting:
            log.info("bus.trusted")
        self._trusting = True
        self.trusted_until = until

    def _arrived(self, text: bytes) -> None:
        try:
            message = decode(text)
        except ValueError:
            log.warning("bus.message_unknown")
            self._lose_trust()
        else:
            self.deliver(message)

    def _lose_trust(self) -> None:
        self.trusted_until = -math.inf
        if not self._trusting:
            return
        self._trusting = False
        for handler in self._lost_handlers:
            try:
                handler()
            except Exception:
                log.exception("bus.handler_failed")


async def _until_one_fails(*works: Coroutine[object, object, None]) -> None:
    """Do several things that have no end, until one fails.

    No task group: before Python 3.13 one that is ending because of an error loses a cancellation from outside.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
