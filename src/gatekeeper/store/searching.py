"""Who is found by words, in the order of user names, without a look at everybody who has one of the words.

How many have a word decides the way, and PostgreSQL's statistics tell about how many without counting. The rarest word
leads: its names are read from the index, put in order, and the first few are looked up for the other words; only where
too few of those have them are the words brought together as a whole. Where each word is so common that reading all its
names would take long, the few whom a condition leaves lead, or the index in the order of names is walked until enough
are found. All of it reads indexes alone; the rows of people are read once it is known whose.

The statements leave the planner no choice that would depend on how common a word is: it plans them once for all words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement, Executable, and_, exists, func, literal_column, select, true
from sqlalchemy.ext.compiler import compiles

from gatekeeper.store.schema import user_words, users
from gatekeeper.store.words import LAST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement, Select, Subquery
    from sqlalchemy.sql.compiler import SQLCompiler

    from gatekeeper.store.running import Runner

FEW = 100_000
"""How many are still read whole: words that begin so, or people who meet conditions."""

BLOCK = 2_048
"""How many names are looked up one by one."""

SAME = 4
"""How often one name comes in a block: once for each word of the person that begins so, which is hardly ever more."""

_NAME = user_words.c.name


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
    expected = {word: await _expected(runner, select(_NAME).where(_begins(word))) for word in words}
    ordered = sorted(words, key=lambda word: expected[word])
    if expected[ordered[0]] <= FEW:
        return await _by_rarest(runner, ordered, conditions, after, count)
    met = select(users.c.username_canonical.label("name")).where(*conditions)
    if conditions and await _expected(runner, met) <= FEW:
        return await _by_conditions(runner, met, ordered, after, count)
    return await _by_walking(runner, ordered, conditions, after, count)


class _Plan(Executable, ClauseElement):
    """How PostgreSQL would run a query."""

    inherit_cache = False

    def __init__(self, query: Select[Any]) -> None:
        self.query = query


@compiles(_Plan)
def _write(plan: _Plan, compiler: SQLCompiler, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(plan.query, **options)}"


async def _expected(runner: Runner, query: Select[Any]) -> int:
    """About how many rows a query has, by what PostgreSQL knows."""
    (plan,) = await runner.value(_Plan(query))
    return int(plan["Plan"]["Plan Rows"])


async def _by_rarest(
    runner: Runner, words: Sequence[str], conditions: Sequence[ColumnElement[bool]], after: str, count: int
) -> list[str]:
    first, *others = words
    size = max(BLOCK, SAME * count) if others or conditions else SAME * count
    block = _whole(select(_NAME).where(_begins(first), after < _NAME))
    names, last = await _looked_up(runner, block, size, others, conditions)
    if last is not None and len(names) < count:
        names += await _brought_together(runner, words, conditions, last, count)
    return names[:count]


async def _by_conditions(runner: Runner, met: Select[Any], words: Sequence[str], after: str, count: int) -> list[str]:
    names: list[str] = []
    last: str | None = after
    size = max(BLOCK, count)
    while last is not None and len(names) < count:
        more, last = await _looked_up(runner, _whole(met.where(users.c.username_canonical > last)), size, words, ())
        names += more
        size *= 8
    return names[:count]


async def _by_walking(
    runner: Runner, words: Sequence[str], conditions: Sequence[ColumnElement[bool]], after: str, count: int
) -> list[str]:
    names: list[str] = []
    last: str | None = after
    size = SAME * count if conditions else count
    while last is not None and len(names) < count:
        walked = select(_NAME).where(last < _NAME).group_by(_NAME).order_by(_NAME).limit(size)
        block = walked.having(and_(*(func.bool_or(_begins(word)) for word in words))).subquery()
        more, last = await _looked_up(runner, block, size, (), conditions)
        names += more
        size *= 8
    return names[:count]


async def _looked_up(
    runner: Runner, found: Subquery, size: int, words: Sequence[str], conditions: Sequence[ColumnElement[bool]]
) -> tuple[list[str], str | None]:
    """Those of the first names of a query that have the words too and meet the conditions.

    Returns:
        The names, and the last that was looked up; ``None`` where there are none behind it.
    """
    block = select(found.c.name).order_by(found.c.name).limit(size).cte()
    met = select(block.c.name).distinct()
    for word in words:
        met = met.join(_has(block, word), true())
    if conditions:
        met = met.where(exists(select(users.c.id).where(users.c.username_canonical == block.c.name, *conditions)))
    names = select(func.array_agg(met.subquery().c.name)).scalar_subquery()
    last = select(func.max(block.c.name)).scalar_subquery()
    read = select(func.count()).select_from(block).scalar_subquery()
    row = await runner.row(select(names.label("names"), last.label("last"), read.label("read")))
    if row is None:
        return [], None
    return sorted(row.names or ()), row.last if row.read == size else None


async def _brought_together(
    runner: Runner, words: Sequence[str], conditions: Sequence[ColumnElement[bool]], after: str, count: int
) -> list[str]:
    """The first names that have all the words, by way of all that have each."""
    first, *others = words
    wanted = [_NAME.in_(select(_NAME).where(_begins(word)).correlate(None)) for word in others]
    if conditions:
        wanted.append(_NAME.in_(select(users.c.username_canonical).where(*conditions)))
    whole = _whole(select(_NAME).where(_begins(first), after < _NAME, *wanted))
    return await runner.values(select(whole.c.name).distinct().order_by(whole.c.name).limit(count))


def _has(block: CTE, word: str) -> Any:
    """Whether a name has a word, looked up for each (which ``LIMIT`` makes the only way)."""
    return select(literal_column("1")).where(block.c.name == _NAME, _begins(word)).limit(1).lateral()


def _begins(word: str) -> ColumnElement[bool]:
    """Whether a word begins so: a range of the index."""
    return and_(user_words.c.word >= word, user_words.c.word < word + LAST)


def _whole(query: Select[Any]) -> Subquery:
    """A query that is planned by itself, to be read to its end (``OFFSET 0`` keeps what is around out of it)."""
    return query.offset(literal_column("0")).subquery()
