"""Several gateways on one port: a parent that starts them, passes signals on, and gives up when they keep dying."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from gatekeeper.cli.failures import Failure, unavailable
from gatekeeper.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.config import Config

WORKER = "GATEKEEPER_WORKER"
"""Set in a worker's environment: it shares the port with others, and is silent about being ready."""

DEATHS = 3
SHORT_LIFE = 30.0
"""Seconds: a worker that ends sooner did not work at all; so many of those in a row, and the parent gives up."""


def is_worker() -> bool:
    """Whether this process is one of several that share a port."""
    return WORKER in os.environ


def share_of(config: Config) -> Config:
    """A worker's own configuration: it shares the port, and only the first one has the internal listener."""
    internal = config.server.internal_listen if os.environ[WORKER] == "0" else None
    return replace(config, server=replace(config.server, shared=True, internal_listen=internal))


def when_left_alone(callback: Callable[[], None]) -> None:
    """Call back, in the running loop, once the parent is gone, however it went: its end of our input closes then."""
    loop = asyncio.get_running_loop()
    source = sys.stdin.fileno()

    def look() -> None:
        if not os.read(source, 4096):
            loop.remove_reader(source)
            callback()

    loop.add_reader(source, look)


def supervise(config: Config, count: int) -> None:
    """Run ``count`` gateways until told to stop.

    Raises:
        Failure: they cannot share the address, or keep dying.
    """
    if config.server.listen.path is not None:
        raise Failure("server.listen: several workers share a port, not a Unix socket")
    try:
        asyncio.run(_supervise(config, count))
    except Unavailable as error:
        raise Failure(unavailable(error, config.storage)) from error


async def _supervise(config: Config, count: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        await _start_engines(config, stack)
        workers = [Worker(config, number) for number in range(count)]
        watching = [asyncio.ensure_future(worker.keep_alive()) for worker in workers]
        print(
            f"gatekeeper listens on {config.server.listen} for {config.server.public_url}, {count} workers", flush=True
        )
        waiting = asyncio.ensure_future(stopped.wait())
        await asyncio.wait([waiting, *watching], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        failed = [task for task in watching if task.done()]
        for task in watching:
            task.cancel()
        await asyncio.gather(*(worker.stop() for worker in workers))
        for task in failed:
            task.result()


async def _start_engines(config: Config, stack: AsyncExitStack) -> None:
    """Start the embedded engines here, where those are used: the workers find them running."""
    storage = config.storage
    if storage.data is None or (storage.database is not None and storage.redis is not None):
        return
    from gatekeeper.embedded import Engines
    from gatekeeper.store.migrations import migrate

    engines = await stack.enter_async_context(Engines.start(storage.data))
    if storage.database is None:
        await migrate(engines.database_url)


class Worker:
    """One gateway in a process of its own, started again when it dies."""

    def __init__(self, config: Config, number: int) -> None:
        self._config = config
        self._number = number
        self._process: asyncio.subprocess.Process | None = None

    async def keep_alive(self) -> None:
        """Run the gateway, again and again.

        Raises:
            Failure: it died too often in a short time.
        """
        deaths = 0
        while True:
            begun = time.monotonic()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "gatekeeper",
                "serve",
                *(() if self._config.path is None else ("--config", str(self._config.path))),
                stdin=asyncio.subprocess.PIPE,
                env={**os.environ, WORKER: str(self._number)},
            )
            code = await self._process.wait()
            deaths = deaths + 1 if time.monotonic() - begun < SHORT_LIFE else 0
            if deaths >= DEATHS:
                raise Failure(f"a worker ended {DEATHS} times soon after its start, at last with code {code}")

    async def stop(self) -> None:
        """Tell the gateway to finish, and wait for it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(self._config.server.limits.drain_timeout + 5.0):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
