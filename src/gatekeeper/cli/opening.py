"""Opening the configuration and the stores for a command."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, TypeVar

from gatekeeper.cli.failures import Failure, Usage, unavailable
from gatekeeper.domain.errors import Unavailable
from gatekeeper.domain.names import canonical_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from gatekeeper.config import Config
    from gatekeeper.domain.model import User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

T = TypeVar("T")


def read_config(path: Path | None) -> Config:
    """The configuration that a command was told to use.

    Raises:
        ConfigFaults: it has faults.
        Usage: none was named.
    """
    from gatekeeper.config import load
    from gatekeeper.config.load import PREFIX

    if path is None and not any(name.startswith(PREFIX) for name in os.environ):
        raise Usage("which configuration? --config FILE, or GATEKEEPER_CONFIG in the environment")
    return load(path, os.environ)


def with_services(path: Path | None, work: Callable[[Services, Actor, float], Awaitable[T]]) -> T:
    """Run a flow as the command line, over the stores that a configuration names.

    Args:
        path: the configuration file.
        work: is given the services, who acts, and the time.
    """
    config = read_config(path)

    from gatekeeper.app import open_services
    from gatekeeper.cli.logs import only_what_is_fatal
    from gatekeeper.flows.acting import command_line

    only_what_is_fatal()

    async def run() -> T:
        async with open_services(config) as services:
            return await work(services, command_line(_whose()), time.time())

    try:
        return asyncio.run(run())
    except Unavailable as error:
        raise Failure(unavailable(error, config.storage)) from error


def _whose() -> str:
    import getpass

    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):
        return f"command line (user {os.getuid()})"


async def person(services: Services, name: str) -> User:
    """The person of a user name or an address, however it is spelt.

    Raises:
        Failure: there is none.
    """
    user = await services.database.read.users.by_login(canonical_name(name))
    if user is None:
        raise Failure(f"nobody is called {printable(name)}")
    return user


def printable(text: str) -> str:
    """What somebody typed, safe to show in a terminal."""
    return text if text.isprintable() else ascii(text)[1:-1]
