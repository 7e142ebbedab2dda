"""A gateway in a process of its own, as ``gatekeeper serve`` runs it, by a clock that a test moves.

Tests move the time by months, and a process has no other hand on its clock than the one it is given. So this gives
``run_gateway``, which is what ``serve`` calls and which takes the clock as an argument as everything below it does,
one that reads how far ahead it is from a file. Nothing is replaced, and the gateway knows of no test.

The processes are forked from one that has imported everything and done nothing since: importing takes seconds of a
core, and there are two processes for each test.
"""

from __future__ import annotations

import asyncio
import mmap
import multiprocessing
import struct
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from gatekeeper.cli import logs
from gatekeeper.cli.serve import run_gateway
from gatekeeper.config import load
from tests.e2e.process import PATIENCE, ready

AHEAD = struct.Struct("=d")
"""How many seconds a clock is ahead of the machine's, as its file says it."""

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "gatekeeper.app", "uvloop"])


class Node:
    """One gateway; told to end, and killed if need be, when the block ends or it does not start.

    Args:
        config: its configuration file.
        clock: the file of its clock.
        environ: the settings that stand in its environment.
    """

    def __init__(self, config: Path, *, clock: Path, environ: Mapping[str, str]) -> None:
        self._config = config
        self._process = FORKS.Process(target=serve, args=(config, clock, dict(environ)), daemon=True)

    async def __aenter__(self) -> Self:
        self._process.start()
        try:
            await ready(self._config, self._process.is_alive)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        self._process.terminate()
        await asyncio.to_thread(self._process.join, PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def serve(config: Path, clock: Path, environ: Mapping[str, str]) -> None:
    """What the process does."""
    logs.only_what_is_fatal()
    run_gateway(load(config, environ), clock=clock_of(clock), quiet=True)


def clock_of(path: Path) -> Callable[[], float]:
    """The machine's time and what the file says to add to it, looked at each time: a mapping costs no call."""
    with path.open("rb") as file:
        ahead = mmap.mmap(file.fileno(), AHEAD.size, prot=mmap.PROT_READ)
    return lambda: time.time() + float(AHEAD.unpack(ahead)[0])
