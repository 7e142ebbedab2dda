"""Starting an engine again that has ended unasked: killed for its memory, or crashed."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from gatekeeper.embedded.errors import EngineError

log = structlog.get_logger()

LOOK_EVERY = 0.25
LONGEST_WAIT = 30.0


class Engine(Protocol):
    """An engine that is kept running."""

    @property
    def runs(self) -> bool:
        """Whether its process lives."""

    async def restart(self) -> None:
        """End what is left of it, and start it on the same data and socket. Raises ``EngineError``."""


async def keep(name: str, engine: Engine) -> None:
    """Look after one engine until cancelled; one that does not start again is tried later and later.

    Args:
        name: for the log.
        engine: what has been started.
    """
    wait = LOOK_EVERY
    while True:
        await asyncio.sleep(wait)
        if engine.runs:
            wait = LOOK_EVERY
            continue
        log.error("embedded.ended", engine=name)
        try:
            await engine.restart()
        except (EngineError, OSError) as error:
            wait = min(2 * wait, LONGEST_WAIT)
            log.exception("embedded.does_not_start", engine=name, reason=str(error), again_in=wait)
        else:
            log.warning("embedded.started_again", engine=name)
