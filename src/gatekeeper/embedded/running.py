"""The engines that another process of gatekeeper runs: commands talk to those instead of starting their own."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.embedded import postgres, sockets, valkey

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a PostgreSQL and a Valkey answer."""

    database_url: str
    redis_url: str


def running(data: Path) -> Addresses | None:
    """Return the addresses of the engines that run on the data folder, or ``None`` if nobody runs any there.

    Somebody does if the folder's lock is held and both sockets answer.
    """
    folder = sockets.folder_of(data.resolve())
    if folder is None:
        return None
    answering = all(sockets.listener(folder / name) is not None for name in (postgres.SOCKET, valkey.SOCKET))
    if not answering or not _locked(data):
        return None
    return Addresses(postgres.address(folder, postgres.DATABASE), valkey.address(folder))


def _locked(data: Path) -> bool:
    try:
        file = os.open(data / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
