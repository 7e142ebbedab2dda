"""Devices: browsers in which a person signed in before, some of which stand in for the code for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from gatekeeper.store.schema import devices
from gatekeeper.store.types import instant

if TYPE_CHECKING:
    from gatekeeper.store.running import Runner


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that a person is known in, with the address and ``User-Agent`` of its latest sign-in.

    It may stand in for the code until ``trusted_until``, which was promised at ``trusted_at`` under the policies'
    epoch ``trusted_epoch``; whether it still does is for ``domain.trust`` to say. All three are ``None`` where it was
    never trusted, or is not any more.
    """

    user_id: str
    digest: str
    first_seen_at: float
    last_seen_at: float
    trusted_until: float | None = None
    user_agent: str = ""
    address: str = ""
    trusted_at: float | None = None
    trusted_epoch: int | None = None


class Devices:
    """The devices of people."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def remember(self, user_id: str, digest: str, now: float, *, user_agent: str = "", address: str = "") -> None:
        """Note that a person signed in on a device; whether it is trusted stays as it is.

        Args:
            user_id: the person.
            digest: of the device's token.
            now: when.
            user_agent: how its browser calls itself.
            address: from where.

        Raises:
            NotFound: there is no such person.
        """
        statement = insert(devices).values(
            user_id=user_id,
            digest=digest,
            first_seen_at=now,
            last_seen_at=now,
            user_agent=user_agent,
            address=address,
        )
        new = statement.excluded
        await self._runner.change(
            statement.on_conflict_do_update(
                index_elements=["user_id", "digest"],
                set_={
                    "last_seen_at": func.greatest(devices.c.last_seen_at, new.last_seen_at),
                    "user_agent": new.user_agent,
                    "address": new.address,
                },
            )
        )

    async def trust(self, user_id: str, digest: str, now: float, until: float, epoch: int) -> None:
        """Let a device that is known stand in for the code.

        Args:
            user_id: whose device.
            digest: of the device's token.
            now: when that was asked for.
            until: until when.
            epoch: the policies' epoch under which it is allowed.
        """
        given = {"trusted_at": now, "trusted_until": until, "trusted_epoch": epoch}
        await self._runner.change(update(devices).where(*_one(user_id, digest)).values(**given))

    async def known(self, user_id: str, digest: str) -> Device | None:
        """A device as this person's; ``None`` if they never signed in on it."""
        row = await self._runner.row(select(devices).where(*_one(user_id, digest)))
        return None if row is None else Device(*tuple(row))

    async def trusted_of(self, user_id: str, now: float) -> list[Device]:
        """A person's devices that were promised to stand in for the code for some time yet, the latest used first.

        Pages ask ``flows.devices.trusted_of``, which leaves out those that the policy does not allow any more.
        """
        query = select(devices).where(devices.c.user_id == user_id, devices.c.trusted_until > instant(now))
        rows = await self._runner.rows(query.order_by(devices.c.last_seen_at.desc(), devices.c.digest))
        return [Device(*tuple(row)) for row in rows]

    async def untrust(self, user_id: str, digest: str) -> bool:
        """Let one of a person's devices stand in for the code no more; false if it did not."""
        trusted = (*_one(user_id, digest), devices.c.trusted_until.is_not(None))
        return bool(await self._runner.change(update(devices).where(*trusted).values(**_UNTRUSTED)))

    async def untrust_all(self, user_id: str) -> int:
        """Let none of a person's devices stand in for the code; how many did."""
        trusted = (devices.c.user_id == user_id, devices.c.trusted_until.is_not(None))
        return await self._runner.change(update(devices).where(*trusted).values(**_UNTRUSTED))

    async def forget_all(self, user_id: str) -> int:
        """Forget a person's devices; how many there were."""
        return await self._runner.change(delete(devices).where(devices.c.user_id == user_id))

    async def purge(self, before: float) -> int:
        """Forget devices that were last seen before a time; how many those were."""
        return await self._runner.change(delete(devices).where(devices.c.last_seen_at < before))


_UNTRUSTED: dict[str, Any] = {"trusted_at": None, "trusted_until": None, "trusted_epoch": None}


def _one(user_id: str, digest: str) -> tuple[ColumnElement[bool], ...]:
    return devices.c.user_id == user_id, devices.c.digest == digest
