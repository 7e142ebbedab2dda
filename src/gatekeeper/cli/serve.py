"""``gatekeeper serve``."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from gatekeeper.cli.failures import Failure, reasons, unavailable
from gatekeeper.cli.opening import read_config
from gatekeeper.cli.options import ConfigFile  # noqa: TC001 - cyclopts reads annotations when it runs
from gatekeeper.cli.workers import is_worker, share_of, supervise, when_left_alone
from gatekeeper.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gatekeeper.app import Gatekeeper
    from gatekeeper.config import Config

Workers = Annotated[
    int, Parameter(validator=validators.Number(gte=1, lte=64), help="How many processes share the port.")
]


def serve(*, config: ConfigFile = None, workers: Workers = 1) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; then what is under way is finished first."""
    from gatekeeper.cli import logs

    found = read_config(config)
    logs.only_what_is_fatal()
    if workers > 1:
        supervise(found, workers)
    elif is_worker():
        run_gateway(share_of(found), quiet=True)
    else:
        run_gateway(found)


def run_gateway(
    config: Config,
    *,
    when_ready: Callable[[Gatekeeper], Awaitable[None]] | None = None,
    at_the_end: Callable[[], Awaitable[None]] | None = None,
    quiet: bool = False,
    clock: Callable[[], float] = time.time,
) -> None:
    """Run one gateway in this process until it is told to stop.

    Args:
        config: what the operator decided.
        when_ready: called once the gateway listens.
        at_the_end: called once it has stopped.
        quiet: whether the line that says so is left out.
        clock: seconds since the epoch.

    Raises:
        Failure: it cannot start.
    """
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_run(config, when_ready, quiet=quiet, clock=clock))
        finally:
            if at_the_end is not None:
                runner.run(_wait_for(at_the_end))


async def _run(
    config: Config,
    when_ready: Callable[[Gatekeeper], Awaitable[None]] | None,
    *,
    quiet: bool,
    clock: Callable[[], float],
) -> None:
    from gatekeeper.app import Gatekeeper
    from gatekeeper.cli import logs

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if is_worker():
        when_left_alone(stopped.set)
    gateway = Gatekeeper(config, clock=clock, own_engines=not is_worker())
    starting = asyncio.ensure_future(_start(gateway, config))
    waiting = asyncio.ensure_future(stopped.wait())
    await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting
        return
    waiting.cancel()
    await starting
    logs.configure(config.log)
    try:
        if when_ready is not None:
            await when_ready(gateway)
        if not quiet:
            print(f"gatekeeper listens on {config.server.listen} for {config.server.public_url}", flush=True)
        await stopped.wait()
    finally:
        await gateway.stop()


async def _wait_for(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def _start(gateway: Gatekeeper, config: Config) -> None:
    try:
        await gateway.start()
    except Unavailable as error:
        raise Failure(unavailable(error, config.storage)) from error
    except Exception as error:
        lines = reasons(error)
        if lines is None:
            raise
        if isinstance(error, OSError):
            what = f"use {error.filename}" if error.filename else f"listen on {config.server.listen}"
            raise Failure(f"cannot {what}: {error.strerror or error}") from error
        raise Failure(*lines) from error
