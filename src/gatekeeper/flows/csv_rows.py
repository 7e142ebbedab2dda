"""Reading people out of a CSV file, whatever program wrote it: any separator, any line end, with or without BOM."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import Refused
from gatekeeper.domain.wording import N_
from gatekeeper.flows.refusals import raise_all

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = ("username", "email", "display_name", "password", "password_hash", "groups", "enabled")
NEEDED = ("username", "email")
SEPARATORS = ",;\t"
GROUP_SEPARATORS = "|,;"
LONGEST_FIELD = 10_000
_YES = {"", "1", "true", "yes", "y", "on"}
_NO = {"0", "false", "no", "n", "off"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be taken: its line in the file (the heading is line 1), its column, the reason."""

    line: int
    message: str
    field: str | None = None
    username: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file, by column; columns that the file lacks are empty."""

    line: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups, separated by ``|``, ``,`` or ``;`` within their column."""
        text = self["groups"]
        for separator in GROUP_SEPARATORS:
            text = text.replace(separator, "\n")
        return tuple(name.strip() for name in text.split("\n") if name.strip())

    @property
    def enabled(self) -> bool | None:
        """Whether the account is open; empty means yes, ``None`` that the word is not understood."""
        word = self["enabled"].strip().casefold()
        return True if word in _YES else False if word in _NO else None


def read_rows(content: bytes) -> list[Row | Fault]:
    """The rows of a file, in order; a row that is not one (too many fields) is a fault.

    Raises:
        Refused: the file as a whole cannot be read: not UTF-8, or empty (field ``file``).
        RefusedAll: its heading has unknown columns, or lacks needed ones (field ``file``).
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Refused(
            "not-utf-8", N_("The file is not UTF-8 (line %(line)s): save it as UTF-8.", line=line), "file"
        ) from None
    heading = next((line for line in text.splitlines() if line.strip()), "")
    if not heading:
        raise Refused("empty", N_("The file is empty."), "file")
    separator = max(SEPARATORS, key=heading.count)
    previous = csv.field_size_limit(LONGEST_FIELD)
    try:
        return list(_rows(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)))
    finally:
        csv.field_size_limit(previous)


def _rows(reader: Iterator[list[str]]) -> Iterator[Row | Fault]:
    columns: list[str] | None = None
    while True:
        line = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Fault(line, N_("This is not a row of CSV: %(reason)s.", reason=str(error)))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = _columns(cells)
        elif len(cells) > len(columns):
            yield Fault(
                line,
                N_("There are %(fields)s fields, but %(columns)s columns.", fields=len(cells), columns=len(columns)),
            )
        else:
            yield Row(line, dict(zip(columns, cells, strict=False)))


def _columns(cells: list[str]) -> list[str]:
    names = [cell.strip().casefold().replace(" ", "_").replace("-", "_") for cell in cells]
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults = [
        *(
            Refused(
                "unknown-column",
                N_("There is no column “%(name)s”; known: %(known)s.", name=name, known=", ".join(COLUMNS)),
                "file",
            )
            for name in unknown
        ),
        *(Refused("missing-column", N_("The column “%(name)s” is missing.", name=name), "file") for name in missing),
        *(
            Refused("column-twice", N_("The column “%(name)s” is there twice.", name=name), "file")
            for name in twice
            if name in COLUMNS
        ),
    ]
    raise_all(faults)
    return names
