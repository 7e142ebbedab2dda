"""One PostgreSQL server on a Unix socket, its cluster in a folder of its own."""

from __future__ import annotations

import contextlib
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import asyncpg

from gatekeeper.embedded.errors import EngineError, tail
from gatekeeper.embedded.processes import end_others, running_in, runs_to_end, spawn
from gatekeeper.embedded.programs import PostgresPrograms, postgres_prefix
from gatekeeper.embedded.server import START_TIMEOUT, Server
from gatekeeper.embedded.sockets import listener

if TYPE_CHECKING:
    import subprocess

USER = "gatekeeper"
DATABASE = "gatekeeper"
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
CONNECT_TIMEOUT = 5.0

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "huge_pages": "off",
    "jit": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
# For data that may be lost with the machine: the tests'.
FORGETFUL = {"fsync": "off", "full_page_writes": "off"}


class PostgresServer(Server):
    """Starts and stops one cluster; ``folder`` holds it."""

    NAME = "PostgreSQL"
    # "Fast", "immediate" (safe: the log is replayed), and the end (PostgreSQL, "Shutting Down the Server").
    STOP_SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

    def __init__(
        self, programs: PostgresPrograms, folder: Path, sockets: Path, log: Path, *, durable: bool = True
    ) -> None:
        super().__init__(folder, sockets, log, durable=durable)
        self._programs = programs

    def url(self, database: str = DATABASE) -> str:
        """Return ``postgresql://gatekeeper@/<database>?host=<folder of the socket>&port=5432``."""
        return address(self._sockets, database)

    async def _spawn(self) -> subprocess.Popen[bytes]:
        prefix = postgres_prefix()
        await self._make_cluster(prefix)
        self._forget_stale_pid()
        settings = SETTINGS | ({} if self._durable else FORGETFUL) | {"unix_socket_directories": str(self._sockets)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        program: list[str | Path] = [self._programs.folder / "postgres", "-D", self._folder, *options]
        return spawn(program, self._log, stop_signal=signal.SIGINT, prefix=prefix)

    async def _end_leftover(self) -> None:
        await end_leftover(self._folder, self._sockets)

    async def _make_cluster(self, prefix: tuple[str, ...]) -> None:
        version = self._folder / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != str(self._programs.major):
                raise EngineError(
                    f"the data in {self._folder} are those of PostgreSQL {found}, and this is {self._programs.major}: "
                    f"dump them with the version that wrote them, and load them into a new data folder"
                )
            return
        # Made aside and renamed: an interrupted first start leaves nothing that looks like a cluster.
        unfinished = self._folder.with_name(self._folder.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        program = [
            self._programs.folder / "initdb",
            f"--pgdata={unfinished}",
            f"--username={USER}",
            "--auth=trust",
            "--no-instructions",
            *self._programs.locale_options,
            *(() if self._durable else ("--no-sync",)),
        ]
        child = spawn(program, self._log, stop_signal=signal.SIGTERM, prefix=prefix)
        if not await runs_to_end(child, START_TIMEOUT):
            shutil.rmtree(unfinished, ignore_errors=True)
            raise EngineError("PostgreSQL cannot make its data folder; the end of its log:", tail(self._log))
        unfinished.replace(self._folder)

    def _forget_stale_pid(self) -> None:
        # PostgreSQL believes the number alone, and a container gives out the same numbers again. That nobody serves
        # this cluster was found out before; its own check of the shared memory segment still stands.
        with contextlib.suppress(FileNotFoundError):
            (self._folder / "postmaster.pid").unlink()

    async def _answers(self) -> bool:
        try:
            await self._ensure_database()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    async def _ensure_database(self) -> None:
        if not (self._sockets / SOCKET).exists():
            raise FileNotFoundError(self._sockets / SOCKET)
        connection = await asyncpg.connect(self.url("postgres"), timeout=CONNECT_TIMEOUT)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()


def address(sockets: Path, database: str) -> str:
    """Return the address of a database, with the port: otherwise ``PGPORT`` of the environment would count."""
    return f"postgresql://{USER}@/{database}?host={quote(str(sockets))}&port={PORT}"


async def end_leftover(folder: Path, sockets: Path | None) -> None:
    """End the server that an earlier run left on the cluster in ``folder``; ``EngineError`` if it cannot be ended.

    It is known by its answer on its socket, which names the data folder that it serves; one that no longer answers, by
    its program and the folder that it works in.
    """
    pids = running_in(folder, "postgres")[:1]
    if sockets is not None and (pid := listener(sockets / SOCKET)) is not None and await _serves(sockets) == folder:
        pids = [pid]
    stubborn = await end_others(pids, PostgresServer.STOP_SIGNALS)
    # Orphans of a server that was killed itself only need to be told.
    stubborn += await end_others(running_in(folder, "postgres"), PostgresServer.STOP_SIGNALS[1:])
    if stubborn:
        raise EngineError(f"a PostgreSQL of an earlier run (process {stubborn[0]}) still uses {folder}")


async def _serves(sockets: Path) -> Path | None:
    try:
        connection = await asyncpg.connect(address(sockets, "postgres"), timeout=CONNECT_TIMEOUT)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    try:
        return Path(await connection.fetchval("SELECT current_setting('data_directory')"))
    finally:
        await connection.close()
