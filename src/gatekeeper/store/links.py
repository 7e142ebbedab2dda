"""One-time links: the digests of their tokens, whom they are for, and what they open. Each is used once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, func, insert, select

from gatekeeper.store.schema import one_time_links
from gatekeeper.store.types import instant

if TYPE_CHECKING:
    from gatekeeper.store.running import Runner


class Purpose(StrEnum):
    """What a link is for; one for another purpose opens nothing."""

    RESET = "reset"
    RECOVERY_ADDRESS = "recovery-address"


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was given out. ``address`` is where it was sent; ``None`` where an administrator handed it over."""

    digest: str
    user_id: str
    purpose: Purpose
    address: str | None
    created_at: float
    expires_at: float


class Links:
    """The links that have not been used."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def add(self, link: Link) -> None:
        """Store a link.

        Raises:
            NotFound: there is no such person.
        """
        await self._runner.change(
            insert(one_time_links).values(
                digest=link.digest,
                user_id=link.user_id,
                purpose=link.purpose.value,
                address=link.address,
                created_at=link.created_at,
                expires_at=link.expires_at,
            )
        )

    async def find(self, digest: str, purpose: Purpose, now: float) -> Link | None:
        """A link that may be used; looking uses nothing up."""
        row = await self._runner.row(select(one_time_links).where(*_good(digest, purpose, now)))
        return None if row is None else _link_of(row)

    async def use(self, digest: str, purpose: Purpose, now: float) -> Link | None:
        """Use a link up: of many at once, one gets it, and everybody else ``None``."""
        statement = delete(one_time_links).where(*_good(digest, purpose, now)).returning(*one_time_links.c)
        row = await self._runner.row(statement)
        return None if row is None else _link_of(row)

    async def count(self, user_id: str, purpose: Purpose, now: float) -> int:
        """How many links of a person were sent somewhere and may still be used."""
        sent = (
            *_of(user_id, purpose),
            one_time_links.c.address.is_not(None),
            one_time_links.c.expires_at > instant(now),
        )
        return int(await self._runner.value(select(func.count()).select_from(one_time_links).where(*sent)))

    async def drop(self, user_id: str, purpose: Purpose) -> int:
        """Void all links of a person for one purpose; how many there were."""
        return await self._runner.change(delete(one_time_links).where(*_of(user_id, purpose)))

    async def purge(self, now: float) -> int:
        """Drop links whose time is over; how many those were."""
        return await self._runner.change(delete(one_time_links).where(one_time_links.c.expires_at <= instant(now)))


def _good(digest: str, purpose: Purpose, now: float) -> tuple[ColumnElement[bool], ...]:
    found = one_time_links.c.digest == digest
    return found, one_time_links.c.purpose == purpose.value, one_time_links.c.expires_at > instant(now)


def _of(user_id: str, purpose: Purpose) -> tuple[ColumnElement[bool], ...]:
    return one_time_links.c.user_id == user_id, one_time_links.c.purpose == purpose.value


def _link_of(row: Any) -> Link:
    return Link(row.digest, row.user_id, Purpose(row.purpose), row.address, row.created_at, row.expires_at)
