"""Both engines of a data folder, under its lock, started again if they end unasked."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING, Self

from gatekeeper.embedded import postgres, sockets, valkey
from gatekeeper.embedded.errors import EngineError
from gatekeeper.embedded.keeping import keep
from gatekeeper.embedded.postgres import PostgresServer
from gatekeeper.embedded.processes import POLL
from gatekeeper.embedded.programs import embedded_postgres, embedded_valkey
from gatekeeper.embedded.valkey import ValkeyServer

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import TracebackType

POSTGRES_FOLDER = "postgresql"
VALKEY_FOLDER = "valkey"
LOCK_PATIENCE = 1.0


class Engines:
    """The running engines of one data folder: their addresses, and how to stop them. Made by :meth:`start`."""

    def __init__(self, lock: DataLock, database: PostgresServer, redis: ValkeyServer) -> None:
        self._lock = lock
        self._database = database
        self._redis = redis
        self._keepers = [
            asyncio.create_task(keep("PostgreSQL", database)),
            asyncio.create_task(keep("Valkey", redis)),
        ]

    @classmethod
    def start(cls, data: Path, *, durable: bool = True) -> Starting:
        """Start both engines on the data folder ``data``, which is made (mode 0700) if there is none.

        Use it as ``async with Engines.start(data) as engines``, or ``engines = await Engines.start(data)`` and later
        ``await engines.stop()``. Engines that a killed run left behind are ended first. ``durable=False`` gives up
        safety against a crash of the machine for speed, as tests want. Start from a thread that lives as long as the
        engines are needed: they end with it.

        Raises ``EngineError`` with a text for people: the extra is not installed, another gatekeeper uses the folder,
        root may not make a user namespace, an engine does not start (with the end of its log).
        """
        return Starting(data, durable=durable)

    @property
    def database_url(self) -> str:
        """The address of the database: ``postgresql://gatekeeper@/gatekeeper?host=<folder>&port=5432``.

        ``asyncpg.connect`` takes it as it is; for SQLAlchemy's asyncpg dialect only the scheme becomes
        ``postgresql+asyncpg://``. There is no password: the socket's folder lets nobody else in.
        """
        return self._database.url()

    @property
    def redis_url(self) -> str:
        """The address of Valkey for ``redis.from_url``: ``unix://<socket>?db=0``."""
        return self._redis.url()

    async def stop(self) -> None:
        """Stop both engines, with everything written out, remove the sockets and let go of the data folder."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        stopped = await asyncio.gather(self._database.stop(), self._redis.stop(), return_exceptions=True)
        self._lock.release()
        for result in stopped:
            if isinstance(result, BaseException):
                raise result


class Starting:
    """Engines about to be started: await it, or enter it."""

    def __init__(self, data: Path, *, durable: bool) -> None:
        self._data = data
        self._durable = durable
        self._engines: Engines | None = None

    def __await__(self) -> Generator[object, None, Engines]:
        return self._start().__await__()

    async def __aenter__(self) -> Engines:
        self._engines = await self._start()
        return self._engines

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engines is not None:
            await self._engines.stop()

    async def _start(self) -> Engines:
        programs, valkey_program = embedded_postgres(), embedded_valkey()
        with await DataLock.take(self._data) as lock:
            data, left = lock.folder, sockets.folder_of(lock.folder)
            await asyncio.gather(
                postgres.end_leftover(data / POSTGRES_FOLDER, left), valkey.end_leftover(data / VALKEY_FOLDER, left)
            )
            folder = sockets.make_folder(data)
            database = PostgresServer(
                programs, data / POSTGRES_FOLDER, folder, data / "postgresql.log", durable=self._durable
            )
            redis = ValkeyServer(
                valkey_program, data / VALKEY_FOLDER, folder, data / "valkey.log", durable=self._durable
            )
            await redis.start()
            try:
                await database.start()
            except BaseException:
                await redis.stop()
                raise
            lock.keep()
            return Engines(lock, database, redis)


class DataLock:
    """Holds a data folder for one gatekeeper (``flock(2)`` on ``<data>/lock``) until its block ends, or ``release``."""

    def __init__(self, folder: Path, file: int) -> None:
        self.folder = folder
        self._file = file
        self._keep = False

    @classmethod
    async def take(cls, data: Path) -> Self:
        """Take the folder ``data``, made with mode 0700 if there is none.

        Raises ``EngineError`` if another gatekeeper has it (one that is just ending is waited for, a moment), if its
        data are another user's, or if it cannot be used at all.
        """
        folder, file = cls._open(data)
        try:
            await cls._lock(folder, file)
        except BaseException:
            os.close(file)
            raise
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        return cls(folder, file)

    @staticmethod
    def _open(data: Path) -> tuple[Path, int]:
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = data.resolve()
            return folder, os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EngineError(f"the data folder {data} cannot be used: {error.strerror}") from error

    @staticmethod
    async def _lock(folder: Path, file: int) -> None:
        if (owner := os.fstat(file).st_uid) != os.geteuid():
            # Files that root makes here would shut the owner out.
            raise EngineError(f"the data in {folder} are those of the user {owner}: run gatekeeper as that user")
        deadline = time.monotonic() + LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    holder = os.pread(file, 32, 0).decode(errors="replace").strip() or "unknown"
                    raise EngineError(
                        f"the data folder {folder} is in use by another gatekeeper (process {holder})"
                    ) from None
            else:
                return
            await asyncio.sleep(POLL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._keep:
            self.release()

    def keep(self) -> None:
        """Hold the folder beyond the block."""
        self._keep = True

    def release(self) -> None:
        """Remove the sockets and let go of the folder; a second call does nothing."""
        if self._file < 0:
            return
        with contextlib.suppress(OSError):
            sockets.remove_folder(self.folder)
        os.close(self._file)
        self._file = -1
