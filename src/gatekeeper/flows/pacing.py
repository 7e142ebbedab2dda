"""Long work on much data beside the event loop, without stopping it: neither for a turn, nor to collect garbage.

A full pass of the collector stops everything for 300 ms where an import holds 100,000 people, and it comes again each
time that the heap has grown by a quarter.
"""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

STRETCH = 0.001
"""Seconds of work without a break. The interpreter alone would change threads five times less often."""

BREAK = 0.0002
"""Seconds of a break: long enough that whoever waits for the interpreter takes it."""

NEVER = 1 << 30
_USUAL = gc.get_threshold()
_growing: list[None] = []


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


@contextmanager
def growing() -> Iterator[None]:
    """While much is being gathered, for a minute or so: without full passes of the collector."""
    _growing.append(None)
    gc.set_threshold(*_USUAL[:2], NEVER)
    try:
        yield
    finally:
        _growing.pop()
        if not _growing:
            gc.set_threshold(*_USUAL)


@contextmanager
def standing() -> Iterator[None]:
    """While much that was gathered is kept, for however long: the collector goes on, past what was there before."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
