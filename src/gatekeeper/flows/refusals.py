"""Several reasons at once why what was asked cannot be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.errors import GatekeeperError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence


class RefusedAll(GatekeeperError):
    """Rules say no, each with its own field and message: ``refusals`` holds them all."""

    def __init__(self, refusals: Sequence[Refused]) -> None:
        super().__init__("; ".join(refusal.message for refusal in refusals))
        self.refusals = tuple(refusals)


def raise_all(refusals: Sequence[Refused]) -> None:
    """Raise every refusal together; none, nothing.

    Raises:
        RefusedAll: there is one at least.
    """
    if refusals:
        raise RefusedAll(refusals)
