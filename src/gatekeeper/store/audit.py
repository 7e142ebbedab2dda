"""The audit log: who did what, on whom, when, from where, and how it ended. Rows are added and read, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, or_, select, text, tuple_

from gatekeeper.store.paging import Page, bounded, make_page, read_cursor
from gatekeeper.store.schema import audit
from gatekeeper.store.types import instant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sqlalchemy import ColumnElement, Row

    from gatekeeper.store.running import Runner

BATCH = 500
DAY = 86_400


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that happened. ``details`` is JSON; no secret is ever in it."""

    at: float
    actor_id: str | None
    actor_name: str
    action: str
    target_id: str | None = None
    target_name: str | None = None
    address: str = ""
    request_id: str = ""
    outcome: str = "done"
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRecord(AuditEntry):
    """An entry as it is kept, with the number that the log gave it."""

    id: int = 0


class Audit:
    """The log. What is written in a transaction stands or falls with it, so no change is without its entry."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def add(self, entry: AuditEntry) -> None:
        """Write an entry. What cannot be stored of what people typed is replaced; nothing keeps the entry out."""
        await self._runner.change(insert(audit).values(**_row_of(entry)))

    async def add_many(self, entries: Sequence[AuditEntry]) -> None:
        """Write many entries, as :meth:`add` writes one, with a few statements."""
        for start in range(0, len(entries), BATCH):
            rows = [_row_of(entry) for entry in entries[start : start + BATCH]]
            await self._runner.change(insert(audit), rows)

    async def search(
        self,
        user: str | None = None,
        action: str | None = None,
        since: float | None = None,
        cursor: str | None = None,
        limit: int = 50,
        *,
        outcome: str | None = None,
    ) -> Page[AuditRecord]:
        """Entries, the newest first.

        Args:
            user: the id of the person who acted, or on whom.
            action: what was done.
            since: not before this time.
            cursor: where the page before ended.
            limit: how many at most.
            outcome: how it ended.

        Raises:
            Refused: the cursor is none.
        """
        limit = bounded(limit)
        wanted: list[ColumnElement[bool]] = []
        if outcome is not None:
            wanted.append(audit.c.outcome == _storable(outcome))
            if outcome != _DONE:
                wanted.append(_NOT_DONE)
        if user is not None:
            person = str(_storable(user))
            wanted.append(or_(audit.c.actor_id == person, audit.c.target_id == person))
        if action is not None:
            wanted.append(audit.c.action == _storable(action))
        if since is not None:
            wanted.append(audit.c.at >= since)
        if cursor is not None:
            at, number = read_cursor(cursor, float, int)
            wanted.append(tuple_(audit.c.at, audit.c.id) < tuple_(instant(at), number))
        newest = select(audit).where(*wanted).order_by(audit.c.at.desc(), audit.c.id.desc())
        rows = await self._runner.rows(newest.limit(limit + 1))
        return make_page(rows, limit, _record_of, lambda row: (row.at, row.id))

    async def about(self, user_id: str, cursor: str | None = None, limit: int = 50) -> Page[AuditRecord]:
        """What happened to one person's account, whoever did it, the newest first.

        Args:
            user_id: the person.
            cursor: where the page before ended.
            limit: how many at most.

        Raises:
            Refused: the cursor is none.
        """
        limit = bounded(limit)
        wanted: list[ColumnElement[bool]] = [audit.c.target_id == user_id]
        if cursor is not None:
            at, number = read_cursor(cursor, float, int)
            wanted.append(tuple_(audit.c.at, audit.c.id) < tuple_(instant(at), number))
        newest = select(audit).where(*wanted).order_by(audit.c.at.desc(), audit.c.id.desc())
        rows = await self._runner.rows(newest.limit(limit + 1))
        return make_page(rows, limit, _record_of, lambda row: (row.at, row.id))

    async def find_deleted(self, name: str) -> str | None:
        """The id of the person with this user name who was deleted last; ``None`` where there was none."""
        newest = (
            select(audit.c.target_id)
            .where(audit.c.action == "user.delete", func.lower(audit.c.target_name) == func.lower(_storable(name)))
            .order_by(audit.c.at.desc(), audit.c.id.desc())
        )
        return await self._runner.value(newest.limit(1))  # type: ignore[no-any-return]

    async def count_daily(self, action: str, begins_at: float, days: int) -> list[int]:
        """How many entries of an action there are on each of some days that follow one another.

        Args:
            action: what was done.
            begins_at: when the first day begins.
            days: how many.
        """
        day = func.floor(func.extract("epoch", audit.c.at - instant(begins_at)) / DAY).label("day")
        ends_at = instant(begins_at + days * DAY)
        within = (audit.c.action == action, audit.c.at >= instant(begins_at), audit.c.at < ends_at)
        rows = await self._runner.rows(select(day, func.count().label("entries")).where(*within).group_by(day))
        counted = {int(row.day): int(row.entries) for row in rows}
        return [counted.get(at, 0) for at in range(days)]

    async def stream(self) -> AsyncIterator[AuditRecord]:
        """The whole log in the order in which it was written, read in batches."""
        last = 0
        while True:
            rows = await self._runner.rows(select(audit).where(audit.c.id > last).order_by(audit.c.id).limit(BATCH))
            for row in rows:
                yield _record_of(row)
            if len(rows) < BATCH:
                return
            last = rows[-1].id


_DONE = "done"
_NOT_DONE: ColumnElement[bool] = text("outcome <> 'done'")  # type: ignore[assignment]
"""The condition of the index over what failed or was refused."""

_TEXTS = ("actor_id", "actor_name", "action", "target_id", "target_name", "address", "request_id", "outcome")


def _storable(value: Any) -> Any:
    """The same without what PostgreSQL cannot hold: NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(str(key)): _storable(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_storable(part) for part in value]
    return value


def _row_of(entry: AuditEntry) -> dict[str, Any]:
    texts = {name: _storable(getattr(entry, name)) for name in _TEXTS}
    return {"at": entry.at, **texts, "details": _storable(dict(entry.details))}


def _record_of(row: Row[Any]) -> AuditRecord:
    return AuditRecord(at=row.at, **{name: getattr(row, name) for name in _TEXTS}, details=row.details, id=row.id)
