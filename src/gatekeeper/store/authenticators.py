"""Authenticators: the sealed secrets from which the codes of two-step verification come."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, false, insert, select, update

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.two_factor import USUAL_NAME
from gatekeeper.store.devices import Devices
from gatekeeper.store.people import changed, locked_row
from gatekeeper.store.schema import authenticators, recovery_codes
from gatekeeper.store.types import is_id

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row

    from gatekeeper.store.running import Runner


@dataclass(frozen=True, slots=True)
class Authenticator:
    """One enrolled app. ``last_counter`` is the time step of the last code that was taken (RFC 6238 §5.2).

    ``last_used_at`` is ``None`` until a code of it was taken at a sign-in.
    """

    id: str
    user_id: str
    name: str
    sealed_secret: str
    created_at: float
    last_counter: int = -1
    last_used_at: float | None = None


class Authenticators:
    """The authenticators of people. A person's ``enrolled`` follows from them, in the same transaction."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def add(self, authenticator: Authenticator) -> None:
        """Enrol one; what was owed and a code for enrolling are settled with it.

        Raises:
            NotFound: there is no such person.
        """
        await locked_row(self._runner, authenticator.user_id)
        await self._runner.change(insert(authenticators).values(**asdict(authenticator)))
        settled: dict[str, Any] = {
            "enrolled": True,
            "two_factor_owed_since": None,
            "enrolment_code_digest": None,
            "enrolment_code_required": False,
        }
        await changed(self._runner, authenticator.user_id, settled)

    async def of_user(self, user_id: str) -> list[Authenticator]:
        """A person's authenticators, the oldest first."""
        query = select(authenticators).where(authenticators.c.user_id == user_id)
        rows = await self._runner.rows(query.order_by(authenticators.c.created_at, authenticators.c.id))
        return [_authenticator_of(row) for row in rows]

    async def held(self, user_id: str) -> list[Authenticator]:
        """As :meth:`of_user`, and nobody else adds or removes one of them before this transaction ends.

        Raises:
            NotFound: there is no such person.
        """
        await locked_row(self._runner, user_id)
        return await self.of_user(user_id)

    async def use_counter(self, authenticator_id: str, counter: int, now: float) -> bool:
        """Take a code's time step, if no later or equal one was taken: of many at once, one succeeds."""
        unused = (authenticators.c.id == authenticator_id, authenticators.c.last_counter < counter)
        taken = update(authenticators).where(*unused).values(last_counter=counter, last_used_at=now)
        return bool(await self._runner.change(taken))

    async def rename(self, user_id: str, authenticator_id: str, name: str) -> None:
        """Give one of a person's another name.

        Raises:
            NotFound: this person has none with this id.
        """
        if not await self._runner.change(
            update(authenticators).where(*_one(user_id, authenticator_id)).values(name=name)
        ):
            raise NotFound("there is no such authenticator")

    async def remove(self, user_id: str, authenticator_id: str) -> None:
        """Remove one of a person's; with the last one the recovery codes go too.

        Raises:
            NotFound: this person has none with this id.
        """
        await locked_row(self._runner, user_id)
        if not await self._runner.change(delete(authenticators).where(*_one(user_id, authenticator_id))):
            raise NotFound("there is no such authenticator")
        if not await self._runner.value(select(exists().where(authenticators.c.user_id == user_id))):
            await self._forget_factor(user_id)

    async def remove_all(self, user_id: str) -> int:
        """Remove a person's authenticators and recovery codes; how many authenticators there were.

        Raises:
            NotFound: there is no such person.
        """
        await locked_row(self._runner, user_id)
        removed = await self._runner.change(delete(authenticators).where(authenticators.c.user_id == user_id))
        await self._forget_factor(user_id)
        return removed

    async def _forget_factor(self, user_id: str) -> None:
        await self._runner.change(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
        await Devices(self._runner).untrust_all(user_id)
        await changed(self._runner, user_id, {"enrolled": False, "recovery_codes_pending": False})


def _one(user_id: str, authenticator_id: str) -> tuple[ColumnElement[bool], ...]:
    """One authenticator, if it is this person's. What is no id is nobody's."""
    mine = authenticators.c.user_id == user_id
    return (mine, authenticators.c.id == authenticator_id) if is_id(authenticator_id) else (mine, false())


def _authenticator_of(row: Row[Any]) -> Authenticator:
    authenticator = Authenticator(*tuple(row))
    return replace(authenticator, name=USUAL_NAME) if authenticator.name == USUAL_NAME else authenticator
