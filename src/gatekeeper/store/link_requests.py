"""Who asked for a link to a new password: names as they were typed, sealed, until a node has dealt with them.

Whoever asks is answered when the name lies here, before anybody has looked whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from gatekeeper.store.schema import link_requests
from gatekeeper.store.types import instant

if TYPE_CHECKING:
    from gatekeeper.store.running import Runner


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """A name that somebody typed, sealed, with the address and the number of the request in which they did.

    ``wishes`` are the languages that their browser asked for, in which its answer, the mail, is written.
    """

    sealed_name: str
    address: str
    request_id: str
    wishes: str
    at: float


class LinkRequests:
    """The requests that wait."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def add(self, request: LinkRequest) -> None:
        """Leave a request."""
        await self._runner.change(
            insert(link_requests).values(
                sealed_name=request.sealed_name,
                address=request.address,
                request_id=request.request_id,
                wishes=request.wishes,
                at=request.at,
            )
        )

    async def take(self) -> LinkRequest | None:
        """Take out the oldest request that no other node is dealing with; it is back if the transaction fails."""
        oldest = select(link_requests.c.id).order_by(link_requests.c.id).limit(1).with_for_update(skip_locked=True)
        taken = delete(link_requests).where(link_requests.c.id == oldest.scalar_subquery())
        row = await self._runner.row(taken.returning(*link_requests.c))
        if row is None:
            return None
        return LinkRequest(row.sealed_name, row.address, row.request_id, row.wishes, row.at)

    async def purge(self, before: float) -> int:
        """Drop requests that were left before a time; how many those were."""
        return await self._runner.change(delete(link_requests).where(link_requests.c.at < instant(before)))
