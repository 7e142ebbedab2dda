"""Long work in a thread beside the event loop, without holding the interpreter longer than requests may wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

STRETCH = 0.001
"""Seconds of work without a break. The interpreter alone would change threads five times less often."""

BREAK = 0.0002
"""Seconds of a break: long enough that whoever waits for the interpreter takes it."""


def gently(items: Iterable[T]) -> Iterator[T]:
    """The same items, with a break for other threads now and then. For a thread's own work, never for the event loop.

    >>> list(gently("abc"))
    ['a', 'b', 'c']
    """
    ends = time.perf_counter() + STRETCH
    for item in items:
        if time.perf_counter() > ends:
            time.sleep(BREAK)
            ends = time.perf_counter() + STRETCH
        yield item
