"""What people were told once: of each kind the latest, and what it was about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Text, and_, cast, extract, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from gatekeeper.store.schema import notices, users
from gatekeeper.store.types import Id, instant

if TYPE_CHECKING:
    from gatekeeper.store.running import Runner

Place = tuple[float, str]
"""Where a password stands in the order of their age: when it was changed, and whose it is."""

LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"


@dataclass(frozen=True, slots=True)
class Ending:
    """A password that ends soon: its place, and what its notice is about."""

    place: Place
    about: str


class Notices:
    """The latest of each kind that a person was told."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def about(self, user_id: str, kind: str) -> str | None:
        """What the latest notice of a kind was about; ``None`` where the person was told nothing of the kind."""
        mine = (notices.c.user_id == user_id, notices.c.kind == kind)
        told: str | None = await self._runner.value(select(notices.c.about).where(*mine))
        return told

    async def note(self, user_id: str, kind: str, about: str, now: float) -> bool:
        """Note that a person is told something; false if the latest of its kind was about the same already.

        Raises:
            NotFound: there is no such person.
        """
        statement = insert(notices).values(user_id=user_id, kind=kind, about=about, at=now)
        new = statement.excluded
        return bool(
            await self._runner.change(
                statement.on_conflict_do_update(
                    index_elements=["user_id", "kind"],
                    set_={"about": new.about, "at": new.at},
                    where=notices.c.about != new.about,
                )
            )
        )

    async def untold_of_expiry(
        self, kind: str, days: int, *, after: Place, changed_until: float, limit: int
    ) -> tuple[list[Ending], Place | None]:
        """Passwords that end soon and whose owners were not told, in the order in which they end.

        However many were told already, no more are looked at than so many: who wants all asks again from there.

        Args:
            kind: under which :meth:`note` keeps that they were told.
            days: for how many days a password is good.
            after: behind which to look; what was changed before has ended.
            changed_until: a younger one does not end soon.
            limit: how many to look at.

        Returns:
            Those passwords, and the last that was looked at; ``None`` where there are none behind it.
        """
        changed = users.c.password_changed_at
        order = (changed, users.c.id)
        some = (
            select(users.c.id, changed.label("changed_at"), func.row_number().over(order_by=order).label("number"))
            .where(users.c.password_hash.is_not(None), changed <= changed_until)
            .where(tuple_(*order) > tuple_(instant(after[0]), literal(after[1], Id)))
            .order_by(*order)
            .limit(limit)
            .subquery()
        )
        about = func.concat(cast(func.floor(extract("epoch", some.c.changed_at)), Text), f"+{days}")
        told = and_(notices.c.user_id == some.c.id, notices.c.kind == kind, notices.c.about == about)
        rows = await self._runner.rows(
            select(some, about.label("about"), notices.c.user_id.is_not(None).label("told"))
            .outerjoin_from(some, notices, told)
            .where(or_(notices.c.user_id.is_(None), some.c.number == limit))
            .order_by(some.c.number)
        )
        untold = [Ending((row.changed_at, row.id), row.about) for row in rows if not row.told]
        last = rows[-1] if rows and rows[-1].number == limit else None
        return untold, None if last is None else (last.changed_at, last.id)
