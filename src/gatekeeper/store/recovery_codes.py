"""Recovery codes: digests of the codes that stand in for a lost authenticator, each of them once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from gatekeeper.store.people import changed, locked_row
from gatekeeper.store.schema import recovery_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.domain.model import User
    from gatekeeper.store.running import Runner


class RecoveryCodes:
    """The recovery codes of people."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def replace(self, user_id: str, digests: Sequence[str]) -> User:
        """Give a person new codes, which they have not saved yet; the old ones are void.

        Raises:
            NotFound: there is no such person.
        """
        await locked_row(self._runner, user_id)
        await self._runner.change(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
        rows = [{"user_id": user_id, "digest": digest} for digest in dict.fromkeys(digests)]
        if rows:
            await self._runner.change(insert(recovery_codes), rows)
        return await changed(self._runner, user_id, {"recovery_codes_pending": bool(rows)})

    async def use(self, user_id: str, digest: str) -> bool:
        """Use a code up: of many at once, one succeeds."""
        mine = (recovery_codes.c.user_id == user_id, recovery_codes.c.digest == digest)
        unused = recovery_codes.c.used.is_(False)
        return bool(await self._runner.change(update(recovery_codes).where(*mine, unused).values(used=True)))

    async def left(self, user_id: str) -> int:
        """How many codes a person has not used."""
        unused = (recovery_codes.c.user_id == user_id, recovery_codes.c.used.is_(False))
        return int(await self._runner.value(select(func.count()).select_from(recovery_codes).where(*unused)))

    async def stand(self, user_id: str, digests: Sequence[str]) -> bool:
        """Whether all of these are a person's codes, used or not: later ones have not made them void."""
        mine = (recovery_codes.c.user_id == user_id, recovery_codes.c.digest.in_(digests))
        found = await self._runner.value(select(func.count()).select_from(recovery_codes).where(*mine))
        return int(found) == len(set(digests))

    async def confirm(self, user_id: str) -> User:
        """Note that the person has saved their codes.

        Raises:
            NotFound: there is no such person.
        """
        return await changed(self._runner, user_id, {"recovery_codes_pending": False})
