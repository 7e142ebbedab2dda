"""Devices: browsers in which a person signed in before, some of which stand in for the code for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from gatekeeper.store.schema import devices

if TYPE_CHECKING:
    from gatekeeper.store.running import Runner


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that a person is known in, with the address and ``User-Agent`` of its latest sign-in.

    ``trusted_until`` of ``None``: it never stands in for the code.
    """

    user_id: str
    digest: str
    first_seen_at: float
    last_seen_at: float
    trusted_until: float | None
    user_agent: str = ""
    address: str = ""


class Devices:
    """The devices of people."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def remember(self, user_id: str, digest: str, now: float, trusted_until: float | None = None) -> None:
        """Note that a person signed in on a device.

        Args:
            user_id: the person.
            digest: of the device's token.
            now: when.
            trusted_until: until when it stands in for the code; ``None`` leaves what stands.

        Raises:
            NotFound: there is no such person.
        """
        statement = insert(devices).values(
            user_id=user_id, digest=digest, first_seen_at=now, last_seen_at=now, trusted_until=trusted_until
        )
        new = statement.excluded
        await self._runner.change(
            statement.on_conflict_do_update(
                index_elements=["user_id", "digest"],
                set_={
                    "last_seen_at": func.greatest(devices.c.last_seen_at, new.last_seen_at),
                    "trusted_until": func.coalesce(new.trusted_until, devices.c.trusted_until),
                },
            )
        )

    async def known(self, user_id: str, digest: str) -> Device | None:
        """A device as this person's; ``None`` if they never signed in on it."""
        query = select(devices).where(devices.c.user_id == user_id, devices.c.digest == digest)
        row = await self._runner.row(query)
        return None if row is None else Device(*tuple(row))

    async def forget_all(self, user_id: str) -> int:
        """Forget a person's devices; how many there were."""
        return await self._runner.change(delete(devices).where(devices.c.user_id == user_id))

    async def untrust_all(self, user_id: str) -> int:
        """Let none of a person's devices stand in for the code; how many did."""
        trusted = (devices.c.user_id == user_id, devices.c.trusted_until.is_not(None))
        return await self._runner.change(update(devices).where(*trusted).values(trusted_until=None))

    async def purge(self, before: float) -> int:
        """Forget devices that were last seen before a time; how many those were."""
        return await self._runner.change(delete(devices).where(devices.c.last_seen_at < before))
