"""What a command shows: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


WIDE = 10_000


def print_json(value: object) -> None:
    """Print a value as JSON, for programs."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print a table, or a sentence where it has no rows."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*headings, box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for row in rows:
        table.add_row(*(escape(visible(cell)) for cell in row))
    if not table.rows:
        print(empty)
        return
    # A pipe has no width: nothing is folded there.
    Console(width=None if sys.stdout.isatty() else WIDE, soft_wrap=False).print(table)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print names and values, one pair a line."""
    pairs = [(name, visible(value)) for name, value in facts]
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        print(f"{name:<{width}}  {value}".rstrip())


def moment(at: float | None, never: str = "-") -> str:
    """A time as people read it, in UTC."""
    return never if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def yes_no(value: bool) -> str:  # noqa: FBT001 - the value that is shown
    """Yes or no."""
    return "yes" if value else "no"


def visible(text: str) -> str:
    """A text as it is shown: it cannot move the cursor, colour anything or forge a line."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
