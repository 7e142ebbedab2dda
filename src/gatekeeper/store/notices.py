"""What people were told once: of each kind the latest, and what it was about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Text, and_, cast, extract, func, select
from sqlalchemy.dialects.postgresql import insert

from gatekeeper.store.people import people, user_of
from gatekeeper.store.schema import notices, users

if TYPE_CHECKING:
    from gatekeeper.domain.model import User
    from gatekeeper.store.running import Runner


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
        self, kind: str, days: int, *, changed_after: float, changed_until: float, limit: int
    ) -> list[tuple[User, str]]:
        """People whose password ends soon and who were not told of it, the nearest end first.

        Args:
            kind: under which :meth:`note` keeps that they were told.
            days: for how many days a password is good.
            changed_after: an older password has ended.
            changed_until: a younger one does not end soon.
            limit: how many at most.

        Returns:
            Each person, with what the notice is about: this password and this many days.
        """
        changed = users.c.password_changed_at
        about = func.concat(cast(func.floor(extract("epoch", changed)), Text), f"+{days}")
        told = and_(notices.c.user_id == users.c.id, notices.c.kind == kind, notices.c.about == about)
        query = (
            people()
            .add_columns(about.label("about"))
            .where(users.c.password_hash.is_not(None), changed > changed_after, changed <= changed_until)
            .where(users.c.enabled, ~select(notices.c.user_id).where(told).exists())
            .order_by(changed, users.c.id)
            .limit(limit)
        )
        return [(user_of(row), row.about) for row in await self._runner.rows(query)]
