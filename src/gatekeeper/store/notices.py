"""What people were told once: of each kind the latest, and what it was about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from gatekeeper.store.schema import notices

if TYPE_CHECKING:
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
