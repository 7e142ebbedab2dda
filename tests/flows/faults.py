"""Stores that fail at the n-th thing that is asked of them, and go on failing until they are mended."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from gatekeeper.domain.errors import Unavailable
from gatekeeper.flows.services import Services

REDIS = ("sessions", "attempts", "throttle", "address_throttle", "once")
POSTGRESQL = ("database",)


@dataclass
class Fault:
    """When a store fails.

    Attributes:
        at: the number of the first call that fails, from 0; ``None`` while nothing does.
        late: whether that call was carried out all the same, and only its answer was lost.
        calls: how many there were.
        away: whether it fails now.
        met: whether it ever did.
    """

    at: int | None = None
    late: bool = False
    calls: int = 0
    away: bool = False
    met: bool = False

    def begin(self) -> None:
        if self.away or (self.calls == self.at and not self.late):
            self._fail()

    def end(self) -> None:
        self.calls += 1
        if self.calls - 1 == self.at:
            self._fail()

    def mend(self) -> None:
        self.at, self.away = None, False

    def _fail(self) -> None:
        self.away = self.met = True
        raise Unavailable("the store")


class Failing:
    """Any part of a store whose calls may fail."""

    def __init__(self, whole: Any, fault: Fault) -> None:
        self._whole = whole
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        if not inspect.iscoroutinefunction(found):
            return found if callable(found) else Failing(found, self._fault)

        async def call(*args: Any, **named: Any) -> Any:
            self._fault.begin()
            result = await found(*args, **named)
            self._fault.end()
            return result

        return call


class FailingDatabase(Failing):
    """PostgreSQL: a transaction is one call, which is carried out when it is committed."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        self._fault.begin()
        async with self._whole.transaction() as tables:
            yield tables
        self._fault.end()


def failing(services: Services, store: tuple[str, ...], fault: Fault) -> Services:
    """The same services over one store that fails."""
    kind = FailingDatabase if store is POSTGRESQL else Failing
    return replace(services, **{name: kind(getattr(services, name), fault) for name in store})
