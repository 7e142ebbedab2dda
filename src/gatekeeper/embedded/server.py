"""What every engine has in common: a child process on a data folder and a socket, started, watched and stopped."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from gatekeeper.embedded.errors import EngineError, tail
from gatekeeper.embedded.processes import POLL, stop_child

if TYPE_CHECKING:
    import signal
    import subprocess
    from collections.abc import Sequence
    from pathlib import Path

START_TIMEOUT = 120.0  # a crash's log may have to be replayed first


class Server(ABC):
    """Starts and stops one engine.

    Args:
        folder: holds its data, and is made at the first start.
        sockets: an existing folder of mode 0700.
        log: is appended to.
        durable: ``False`` gives up safety against a crash of the machine for speed.
    """

    NAME: ClassVar[str]
    STOP_SIGNALS: ClassVar[Sequence[signal.Signals]]

    def __init__(self, folder: Path, sockets: Path, log: Path, *, durable: bool = True) -> None:
        self._folder = folder.resolve()
        self._sockets = sockets
        self._log = log
        self._durable = durable
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    async def _spawn(self) -> subprocess.Popen[bytes]:
        """Make what it needs, and its process."""

    @abstractmethod
    async def _answers(self) -> bool:
        """Whether it answers on its socket, ready to work."""

    @abstractmethod
    async def _end_leftover(self) -> None:
        """End what is left of an earlier one on the same data; ``EngineError`` if it cannot be ended."""

    async def start(self) -> None:
        """Start it and wait until it answers; ``EngineError`` otherwise."""
        self._child = child = await self._spawn()
        try:
            await self._wait_for(child)
        except BaseException:
            await self.stop()
            raise

    @property
    def runs(self) -> bool:
        """Whether its process lives."""
        return self._child is not None and self._child.poll() is None

    async def restart(self) -> None:
        """Start an engine again that has ended unasked; ``EngineError`` if it does not."""
        await self._end_leftover()
        await self.start()

    async def stop(self) -> None:
        """End it, if it runs, with everything written out."""
        child, self._child = self._child, None
        if child is not None:
            await stop_child(child, self.STOP_SIGNALS)

    async def _wait_for(self, child: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not await self._answers():
            if child.poll() is not None:
                raise EngineError(f"{self.NAME} does not start; the end of its log:", tail(self._log))
            if time.monotonic() > deadline:
                raise EngineError(f"{self.NAME} does not answer; the end of its log:", tail(self._log))
            await asyncio.sleep(POLL)
