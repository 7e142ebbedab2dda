"""Long work on much data beside the event loop, without stopping it: neither for a turn, nor to collect garbage.

A full pass of the collector stops everything for 300 ms where an import holds 100,000 people, and it comes again each
time that the heap has grown by a quarter.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TURN = 0.001
"""Seconds for which a thread keeps the interpreter while another wants it: a fifth of what is usual."""

NEVER = 1 << 30
_USUAL = gc.get_threshold()
_USUAL_TURN = sys.getswitchinterval()
_at_work: list[None] = []


@contextmanager
def working() -> Iterator[None]:
    """While threads gather much, for a minute or so: short turns, and no full passes of the collector."""
    _at_work.append(None)
    gc.set_threshold(*_USUAL[:2], NEVER)
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        _at_work.pop()
        if not _at_work:
            gc.set_threshold(*_USUAL)
            sys.setswitchinterval(_USUAL_TURN)


@contextmanager
def standing() -> Iterator[None]:
    """While much that was gathered is kept, for however long: the collector goes on, past what was there before."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
