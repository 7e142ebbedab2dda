"""One at a time: guesses at one name, and submissions of one attempt, wait for one another on this node.

Conditional updates keep the rules across nodes. Taking turns keeps a burst of parallel guesses from being judged
before the first of them is counted, and lets the second click on a button see what the first one did.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Turns:
    """Locks by name that exist only while somebody holds or awaits them."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def take(self, name: str) -> AsyncIterator[None]:
        """Wait until nobody else on this node holds the turn of this name, and hold it."""
        lock, users = self._locks.get(name, (asyncio.Lock(), 0))
        self._locks[name] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[name]
            if users == 1:
                del self._locks[name]
            else:
                self._locks[name] = (lock, users - 1)
