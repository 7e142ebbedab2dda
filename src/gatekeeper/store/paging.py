"""Lists in pages: the next page begins after the last row of this one, wherever that row has gone meanwhile."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gatekeeper.domain.errors import Refused
from gatekeeper.domain.wording import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
R = TypeVar("R")

Key = str | int | float | None

MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list, and the cursor of what follows; ``None`` at its end."""

    items: list[T]
    next_cursor: str | None = None


def make_page(rows: Sequence[R], limit: int, item: Callable[[R], T], key: Callable[[R], tuple[Key, ...]]) -> Page[T]:
    """A page of rows that were asked for with one more than ``limit``, so that the end is known.

    Args:
        rows: at most ``limit`` + 1 rows.
        limit: how many the page holds.
        item: what the page shows of a row.
        key: where a row stands in the order.
    """
    shown = rows[:limit]
    more = len(rows) > limit
    return Page([item(row) for row in shown], write_cursor(key(shown[-1])) if more else None)


def bounded(limit: int) -> int:
    """A limit that is neither below 1 nor beyond what one answer should hold."""
    return max(1, min(limit, MAX_LIMIT))


def write_cursor(key: tuple[Key, ...]) -> str:
    """The place after a row, opaque to whoever carries it."""
    text = json.dumps(key, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The place that a cursor names.

    Args:
        cursor: what :func:`write_cursor` made.
        kinds: the type of each part; a whole number will do for a float.

    Raises:
        Refused: this is no cursor of this list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True).decode())
        return tuple(_as_kind(part, kind) for part, kind in zip(key, kinds, strict=True))
    except (ValueError, TypeError) as error:
        raise Refused("bad-cursor", N_("This cursor does not belong to this list."), "cursor") from error


def _as_kind(part: object, kind: type) -> object:
    if kind is float and type(part) is int:
        return float(part)
    if type(part) is not kind or (isinstance(part, str) and "\x00" in part):
        raise ValueError("not of this kind")
    return part
