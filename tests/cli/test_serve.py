from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import write_config
from tests.databases import named

SECRET = "geheim"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*arguments: str, until: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command in a process of its own, once it has said something."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GATEKEEPER_TEST")}
    process = subprocess.Popen(
        [sys.executable, "-m", "gatekeeper", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if until in line:
                break
        else:
            assert process.stderr is not None
            pytest.fail(f"it ended with {process.wait()}: {process.stderr.read()}")
        yield process, said
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def status_of(url: str) -> int:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        with urllib.request.build_opener(Stay).open(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_the_gateway_says_where_it_listens_and_ends_when_told(tmp_path, database_url, redis_url):
    port = free_port()
    file = write_config(tmp_path, database_url, redis_url, port)
    with running("serve", "--config", str(file), until="listens") as (process, said):
        assert said == f"gatekeeper listens on 127.0.0.1:{port} for http://localhost:{port}\n"
        assert status_of(f"http://localhost:{port}/gatekeeper/login") == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("database", "redis", "name", "setting"),
    [
        (f"postgresql://u:{SECRET}@127.0.0.1:1/x", None, "PostgreSQL", "postgresql://u@127.0.0.1:1/x"),
        (None, f"redis://u:{SECRET}@127.0.0.1:1/0", "Redis", "redis://u@127.0.0.1:1/0"),
    ],
)
def test_an_unreachable_server_is_one_line_that_names_it(bare, tmp_path, request, database, redis, name, setting):
    database = database or request.getfixturevalue("database_url")
    redis = redis or request.getfixturevalue("redis_url")
    file = write_config(tmp_path, database, redis)
    for command in (["serve"], ["user", "list"]):
        ended = bare(*command, "--config", file)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.count("\n") == 1
        assert name in ended.err
        assert setting in ended.err
        assert SECRET not in ended.err


def test_an_old_schema_says_what_to_do_and_migrating_mends_it(bare, tmp_path, postgres_url, redis_url):
    import asyncio

    import asyncpg

    async def on_server(statement: str) -> None:
        connection = await asyncpg.connect(postgres_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    name = f"gatekeeper_old_{os.getpid()}"
    asyncio.run(on_server(f'CREATE DATABASE "{name}"'))
    try:
        empty = named(postgres_url, name)
        file = write_config(tmp_path, empty, redis_url)
        for command in (["serve"], ["user", "list"]):
            ended = bare(*command, "--config", file)
            assert ended.code == 1
            assert "gatekeeper migrate" in ended.err
        for _ in range(2):
            ended = bare("migrate", "--config", file)
            assert (ended.code, ended.err) == (0, "")
        assert bare("user", "list", "--config", file).code == 0
    finally:
        asyncio.run(on_server(f'DROP DATABASE "{name}" WITH (FORCE)'))


def test_a_port_that_is_taken_is_one_line(bare, tmp_path, database_url, redis_url):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = bare("serve", "--config", write_config(tmp_path, database_url, redis_url, port))
    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert f"127.0.0.1:{port}" in ended.err


def test_an_internal_port_that_is_taken_is_named_as_such(bare, tmp_path, database_url, redis_url, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("GATEKEEPER__SERVER__INTERNAL_LISTEN", place)
        ended = bare("serve", "--config", write_config(tmp_path, database_url, redis_url, free_port()))
    assert ended.code == 1
    assert ended.err == f"cannot use server.internal_listen = {place}: Address already in use\n"


def test_workers_that_keep_dying_end_the_parent(bare, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    file = write_config(tmp_path, f"postgresql://u:{SECRET}@127.0.0.1:1/x", "redis://127.0.0.1:1/0")
    ended = bare("serve", "--config", file, "--workers", "2")
    assert ended.code == 1
    assert "a worker ended 3 times" in ended.err
    assert SECRET not in ended.err


def test_several_workers_do_not_share_a_unix_socket(bare, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEKEEPER__SERVER__LISTEN", f"unix:{tmp_path}/s")
    ended = bare("serve", "--config", write_config(tmp_path, "postgresql://g@db/g", "redis://r"), "--workers", "2")
    assert ended.code == 1
    assert "server.listen" in ended.err


def children_of(process: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def listeners_on(port: int) -> set[str]:
    """The sockets that listen on a port of 127.0.0.1, by inode."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[1] == f"0100007F:{port:04X}" and row[3] == "0A"}


def is_listening(process: int, port: int) -> bool:
    found = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(str(descriptor.readlink()))
    return any(f"socket:[{inode}]" in found for inode in listeners_on(port))


def test_workers_share_the_port_and_a_dead_one_is_started_again(tmp_path, database_url, redis_url, monkeypatch):
    port = free_port()
    file = write_config(tmp_path, database_url, redis_url, port)
    monkeypatch.setenv("GATEKEEPER__SERVER__INTERNAL_LISTEN", f"127.0.0.1:{free_port()}")
    until = time.monotonic() + 90

    def wait_for_two(*, without: int = 0) -> list[int]:
        while True:
            assert time.monotonic() < until
            with contextlib.suppress(FileNotFoundError):
                children = children_of(process)
                listening = [child for child in children if child != without and is_listening(child, port)]
                if len(listening) == 2:
                    return listening
            time.sleep(0.05)

    with running("serve", "--config", str(file), "--workers", "2", until="2 workers") as (process, _):
        first, second = wait_for_two()
        assert status_of(f"http://localhost:{port}/gatekeeper/login") == 200
        os.kill(first, signal.SIGKILL)
        children = wait_for_two(without=first)
        assert second in children
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
        for child in children:
            with pytest.raises(ProcessLookupError):
                os.kill(child, 0)


def test_workers_end_with_their_parent_however_it_went(tmp_path, database_url, redis_url):
    file = write_config(tmp_path, database_url, redis_url, free_port())
    with running("serve", "--config", str(file), "--workers", "2", until="2 workers") as (process, _):
        until = time.monotonic() + 60
        while len(children := children_of(process)) < 2:
            time.sleep(0.05)
        process.kill()
        for child in children:
            while Path(f"/proc/{child}").exists():
                assert time.monotonic() < until
                time.sleep(0.05)
