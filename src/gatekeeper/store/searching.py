"""Who is found by words, in the order of user names, without a look at everybody who has one of the words.

How many have a word decides the way, and PostgreSQL's statistics tell about how many without counting. The rarest word
leads: its names are read from the index, put in order, and the first few are looked up for the other words; only where
too few of those have them are the words brought together as a whole. Where each word is so common that reading all its
names would take long, the few whom a condition leaves lead, or the index in the order of names is walked until enough
are found. All of it reads indexes alone; the rows of people are read once it is known whose.

The statements leave the planner no choice that would depend on how common a word is: it plans them once for all words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement, Executable, and_, exists, func, literal_column, select, text, true
from sqlalchemy.ext.compiler import compiles

from gatekeeper.store.schema import user_words, users
from gatekeeper.store.words import LAST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import CTE, ColumnElement, Select, Subquery
    from sqlalchemy.sql.compiler import SQLCompiler

    from gatekeeper.store.running import Runner

FEW = 100_000
"""How many are still read whole: words that begin so, or people who meet conditions."""

FEW_TOGETHER = 75_000
"""How many words, counted over all that were asked for, are brought together without more ado."""

BLOCK = 512
"""How many names are looked up one by one."""

SAME = 4
"""How often one name comes in a block: once for each word of the person that begins so, which is hardly ever more."""

LOOKED_UP = 8
"""For how many names that are read in order there is time while one is looked up."""

_NAME = user_words.c.name
_BEGINNING = text("EXPLAIN (FORMAT JSON) SELECT FROM user_words WHERE word >= :begin AND word < :beyond")


async def names_found(
    runner: Runner, words: Sequence[str], conditions: Sequence[ColumnElement[bool]], after: str, count: int
) -> list[str]:
    """The first people who are found by all of some words.

    Args:
        runner: the database.
        words: beginnings of words, at least one.
        conditions: what is true of the rows of those wanted.
        after: the canonical name that theirs come after.
        count: how many at most.

    Returns:
        Their canonical user names, in order.
    """
    expected = {word: await _expected(runner, _BEGINNING, begin=word, beyond=word + LAST) for word in words}
    rarest_first = dict(sorted(expected.items(), key=lambda one: one[1]))
    search = _Search(runner, rarest_first, conditions, count)
    names = await search.run(after)
    return names[:count]


@dataclass(frozen=True, slots=True)
class _Search:
    """One search; ``words`` stand with how many there are, the rarest first."""

    runner: Runner
    words: dict[str, int]
    conditions: Sequence[ColumnElement[bool]]
    count: int

    async def run(self, after: str) -> list[str]:
        """The names that come after one; there may be more than asked for."""
        if min(self.words.values()) <= FEW:
            return await self._by_rarest(after)
        met = select(users.c.username_canonical.label("name")).where(*self.conditions)
        if self.conditions and await _expected(self.runner, _Plan(met)) <= FEW:
            return await self._by_conditions(met, after)
        return await self._by_walking(after)

    async def _by_rarest(self, after: str) -> list[str]:
        first, *others = self.words
        together = [expected for expected in self.words.values() if expected <= LOOKED_UP * self.words[first]]
        guessed = len(set(together)) == 1  # without statistics, PostgreSQL expects the same of every word
        if not guessed and sum(together) <= FEW_TOGETHER and not self.conditions:
            return await self._brought_together(after)
        size = max(BLOCK, SAME * self.count) if others or self.conditions else SAME * self.count
        block = _whole(select(_NAME).where(_begins(first), after < _NAME))
        names, last = await self._looked_up(block, size, others, self.conditions)
        if last is not None and len(names) < self.count:
            names += await self._brought_together(last)
        return names

    async def _by_conditions(self, met: Select[Any], after: str) -> list[str]:
        names: list[str] = []
        last: str | None = after
        size = max(BLOCK, self.count)
        while last is not None and len(names) < self.count:
            block = _whole(met.where(users.c.username_canonical > last))
            more, last = await self._looked_up(block, size, self.words, ())
            names += more
            size *= 8
        return names

    async def _by_walking(self, after: str) -> list[str]:
        names: list[str] = []
        last: str | None = after
        size = SAME * self.count if self.conditions else self.count
        has_all = and_(*(func.bool_or(_begins(word)) for word in self.words))
        while last is not None and len(names) < self.count:
            walked = select(_NAME).where(last < _NAME).group_by(_NAME).having(has_all).order_by(_NAME).limit(size)
            more, last = await self._looked_up(walked.subquery(), size, (), self.conditions)
            names += more
            size *= 8
        return names

    async def _looked_up(
        self, found: Subquery, size: int, words: Iterable[str], conditions: Sequence[ColumnElement[bool]]
    ) -> tuple[list[str], str | None]:
        """Those of the first names of a query that have the words too and meet the conditions.

        Returns:
            The names, and the last that was looked up; ``None`` where there are none behind it.
        """
        block = select(found.c.name).order_by(found.c.name).limit(size).cte()
        met = _meeting(_with(select(block.c.name).distinct(), block, words), block, conditions)
        names = select(func.array_agg(met.subquery().c.name)).scalar_subquery()
        last = select(func.max(block.c.name)).scalar_subquery()
        read = select(func.count()).select_from(block).scalar_subquery()
        row = await self.runner.row(select(names.label("names"), last.label("last"), read.label("read")))
        if row is None:
            return [], None
        return sorted(row.names or ()), row.last if row.read == size else None

    async def _brought_together(self, after: str) -> list[str]:
        """The first names that have all the words, by way of all names that have each, but for the most common."""
        first, *others = self.words
        most = LOOKED_UP * self.words[first]
        wanted = [
            _NAME.in_(select(_NAME).where(_begins(word), after < _NAME).correlate(None))
            for word in others
            if self.words[word] <= most
        ]
        whole = _whole(select(_NAME).where(_begins(first), after < _NAME, *wanted))
        met = _with(select(whole.c.name).distinct(), whole, (word for word in others if self.words[word] > most))
        met = _meeting(met, whole, self.conditions)
        return await self.runner.values(met.order_by(whole.c.name).limit(self.count))


class _Plan(Executable, ClauseElement):
    """How PostgreSQL would run a query."""

    inherit_cache = False

    def __init__(self, query: Select[Any]) -> None:
        self.query = query


@compiles(_Plan)
def _write(plan: _Plan, compiler: SQLCompiler, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(plan.query, **options)}"


async def _expected(runner: Runner, plan: Executable, **arguments: str) -> int:
    """About how many rows a query has, by what PostgreSQL knows."""
    explained: list[dict[str, Any]] = await runner.value(plan, arguments)
    return int(explained[0]["Plan"]["Plan Rows"])


def _with(query: Select[Any], names: CTE | Subquery, words: Iterable[str]) -> Select[Any]:
    """Those names of a query that have some words, looked up one by one (which ``LIMIT`` makes the only way)."""
    for word in words:
        found: Select[Any] = select(literal_column("1")).where(names.c.name == _NAME, _begins(word)).limit(1)
        query = query.join(found.lateral(), true())
    return query


def _meeting(query: Select[Any], names: CTE | Subquery, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Those names of a query whose people meet some conditions."""
    if not conditions:
        return query
    return query.where(exists(select(users.c.id).where(users.c.username_canonical == names.c.name, *conditions)))


def _begins(word: str) -> ColumnElement[bool]:
    """Whether a word begins so: a range of the index."""
    return and_(user_words.c.word >= word, user_words.c.word < word + LAST)


def _whole(query: Select[Any]) -> Subquery:
    """A query that is planned by itself, to be read to its end (``OFFSET 0`` keeps what is around out of it)."""
    return query.offset(literal_column("0")).subquery()
