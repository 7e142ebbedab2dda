"""One Valkey (or Redis) server on a Unix socket, with an append-only file."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gatekeeper.embedded.errors import EngineError
from gatekeeper.embedded.processes import end_others, running_in, spawn
from gatekeeper.embedded.server import Server
from gatekeeper.embedded.sockets import listener

if TYPE_CHECKING:
    import subprocess

SOCKET = "valkey.sock"
ANSWER_TIMEOUT = 5.0

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "loglevel": "notice",
    "logfile": "",
}


def address(folder: Path, database: int = 0) -> str:
    """Return the address of the server whose socket lies in ``folder``."""
    return f"unix://{quote(str(folder / SOCKET))}?db={database}"


class ValkeyServer(Server):
    """Starts and stops one server.

    ``program`` is ``valkey-server`` or ``redis-server`` (7.0 or newer); ``folder`` holds the append-only file, whose
    writing out ``durable=False`` leaves to the system.
    """

    NAME = "Valkey"
    STOP_SIGNALS = (signal.SIGTERM, signal.SIGKILL)  # SIGTERM writes the append-only file out

    def __init__(self, program: Path, folder: Path, sockets: Path, log: Path, *, durable: bool = True) -> None:
        super().__init__(folder, sockets, log, durable=durable)
        self._program = program

    def url(self, database: int = 0) -> str:
        """Return ``unix://<socket>?db=<database>``."""
        return address(self._sockets, database)

    async def _spawn(self) -> subprocess.Popen[bytes]:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        settings = SETTINGS | {"dir": str(self._folder), "unixsocket": str(self._sockets / SOCKET)}
        if not self._durable:
            settings["appendfsync"] = "no"
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return spawn([self._program, *options], self._log, stop_signal=signal.SIGTERM)

    async def _answers(self) -> bool:
        return await _serves(self._sockets) == self._folder

    async def _end_leftover(self) -> None:
        await end_leftover(self._folder, self._sockets)


async def end_leftover(folder: Path, sockets: Path | None) -> None:
    """End the server of the data in ``folder`` that an earlier run left behind; ``EngineError`` if it cannot be ended.

    It is known by its answer on its socket, which names the folder of its data; one that no longer answers, by its
    program and the folder that it works in. It writes its data out before it ends.
    """
    pids = running_in(folder, "valkey-server")
    if sockets is not None and (pid := listener(sockets / SOCKET)) is not None and await _serves(sockets) == folder:
        pids = [pid]
    if stubborn := await end_others(pids, ValkeyServer.STOP_SIGNALS):
        raise EngineError(f"a Valkey of an earlier run (process {stubborn[0]}) still uses {folder}")


async def _serves(sockets: Path) -> Path | None:
    client = Redis(
        unix_socket_path=str(sockets / SOCKET),
        socket_timeout=ANSWER_TIMEOUT,
        socket_connect_timeout=ANSWER_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    try:
        await client.ping()  # refused while the data are being read
        return Path(str((await client.config_get("dir"))["dir"]))
    except (RedisError, OSError):
        return None
    finally:
        await client.aclose()
