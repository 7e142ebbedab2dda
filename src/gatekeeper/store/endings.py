"""Sessions that have ended, kept until they could not live any more: a Redis that lost its last second revives none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from gatekeeper.store.schema import endings

if TYPE_CHECKING:
    from gatekeeper.store.running import Runner


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one session, or (``session_id`` is ``None``) of all of a person's that began before ``valid_from``."""

    session_id: str | None
    user_id: str
    valid_from: float | None
    at: float


class Endings:
    """The endings of sessions, also of people who have been deleted since."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def end_session(self, session_id: str, user_id: str, keep_until: float) -> None:
        """Note the end of one session, until its absolute limit."""
        await self._add(session_id=session_id, user_id=user_id, keep_until=keep_until)

    async def end_user(self, user_id: str, valid_from: float, keep_until: float) -> None:
        """Note the end of all of a person's sessions that began before ``valid_from``."""
        await self._add(user_id=user_id, valid_from=valid_from, keep_until=keep_until)

    async def since(self, at: float) -> list[Ending]:
        """Endings noted since a time of the database's clock, the oldest first.

        One that was noted before ``at`` may be committed after it: reach back a little behind the last look.
        """
        columns = (endings.c.session_id, endings.c.user_id, endings.c.valid_from, endings.c.at)
        query = select(*columns).where(endings.c.at >= at).order_by(endings.c.at, endings.c.id)
        return [Ending(*tuple(row)) for row in await self._runner.rows(query)]

    async def purge(self, now: float) -> int:
        """Drop those that are past their keeping; how many those were."""
        return await self._runner.change(delete(endings).where(endings.c.keep_until < now))

    async def _add(self, **values: object) -> None:
        await self._runner.change(insert(endings).values(**values, at=func.clock_timestamp()))
