"""How many: people with an authenticator, passwords by level and by age. Who they are is asked elsewhere."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from gatekeeper.domain.model import Strength
from gatekeeper.store.schema import two_factor_people, users
from gatekeeper.store.types import instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from gatekeeper.store.running import Runner


@dataclass(frozen=True, slots=True)
class Headcount:
    """Some people: all of them, those who can sign in, and those of these who have an authenticator."""

    people: int
    enabled: int
    enrolled: int


class Statistics:
    """Counts over everybody, made for charts."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def everybody(self) -> Headcount:
        """All there are."""
        return await self._headcount(select(*_HEADCOUNT).select_from(users))

    async def listed(self) -> Headcount:
        """Those on the list beside the two-factor policy."""
        return await self._headcount(select(*_HEADCOUNT).select_from(two_factor_people.join(users)))

    async def by_strength(self) -> dict[Strength | None, int]:
        """How many people's passwords meet each level at most; ``None``: an imported hash tells no level yet."""
        query = select(users.c.password_strength, func.count().label("people")).where(*_CAN_SIGN_IN)
        rows = await self._runner.rows(query.group_by(users.c.password_strength))
        counted = {row.password_strength: int(row.people) for row in rows}
        return {level: counted.get(level, 0) for level in (*Strength, None)}

    async def changed_between(self, edges: Sequence[float]) -> list[int]:
        """How many people last changed their password between each two times that follow one another.

        Args:
            edges: times in rising order; the first of each two counts, the second does not.
        """
        if len(edges) < 2:  # noqa: PLR2004 - there is nothing between fewer
            return []
        changed = users.c.password_changed_at
        within = [
            func.count().filter(and_(changed >= instant(begin), changed < instant(end)))
            for begin, end in itertools.pairwise(edges)
        ]
        row = await self._runner.row(
            select(*within).where(*_CAN_SIGN_IN, changed >= instant(edges[0]), changed < instant(edges[-1]))
        )
        return [] if row is None else [int(count) for count in row]

    async def with_password(self) -> int:
        """How many people can sign in with a password."""
        return int(await self._runner.value(select(func.count()).select_from(users).where(*_CAN_SIGN_IN)))

    async def _headcount(self, query: Select[Any]) -> Headcount:
        row = await self._runner.row(query)
        return Headcount(0, 0, 0) if row is None else Headcount(*map(int, row))


_CAN_SIGN_IN: tuple[Any, ...] = (users.c.password_hash.is_not(None), users.c.enabled)
_HEADCOUNT: tuple[Any, ...] = (
    func.count(),
    func.count().filter(users.c.enabled),
    func.count().filter(and_(users.c.enabled, users.c.enrolled)),
)
