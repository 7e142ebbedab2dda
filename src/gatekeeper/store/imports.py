"""Imports take turns at writing: two that want the same names would only wait for each other, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

if TYPE_CHECKING:
    from gatekeeper.store.running import Runner

LOCK = 0x696D7074
"""The advisory lock of whoever writes an import ("impt"); it ends with the transaction."""


class Imports:
    """The turn to write an import."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def take_turn(self) -> bool:
        """Take the turn until the transaction ends; false while another import has it, on whatever node."""
        return bool(await self._runner.value(select(func.pg_try_advisory_xact_lock(LOCK))))
