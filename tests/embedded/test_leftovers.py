"""What a killed gatekeeper leaves is ended, and what was written is there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator

import pytest

from gatekeeper.embedded import Engines
from gatekeeper.embedded.processes import running_in


def test_a_killed_gatekeeper_leaves_no_engine_running(copy, lab):
    assert lab.killed(copy)
    lab.wait_until(lambda: not lab.running(copy))


async def test_what_was_written_before_the_kill_is_there_after_it(copy, lab):
    lab.killed(copy)
    async with Engines.start(copy, durable=False) as engines:
        assert await lab.finds(engines)


async def test_a_leftover_that_answers_is_ended_and_its_data_taken_over(copy, lab):
    left = lab.killed(copy, immortal=True)
    assert set(left) & set(lab.running(copy))
    async with Engines.start(copy, durable=False) as engines:
        assert not set(left) & set(lab.running(copy))
        assert await lab.finds(engines)
    assert lab.running(copy) == []


async def test_a_frozen_leftover_is_ended_by_force(copy, monkeypatch, lab):
    for name in (
        "processes.GENTLE_TIMEOUT",
        "processes.HARD_TIMEOUT",
        "postgres.CONNECT_TIMEOUT",
        "valkey.ANSWER_TIMEOUT",
    ):
        monkeypatch.setattr(f"gatekeeper.embedded.{name}", 0.5)
    left = lab.killed(copy, immortal=True)
    for pid in left:
        os.kill(pid, signal.SIGSTOP)
    async with Engines.start(copy, durable=False):
        assert not set(left) & set(lab.running(copy))


async def test_a_leftover_on_a_long_path_is_found_by_its_private_sockets(made, tmp_path, lab):
    data = tmp_path / ("long " * 20).strip() / "data"
    shutil.copytree(made, data)
    left = lab.killed(data, immortal=True)
    private = (data / "run").readlink()
    async with Engines.start(data, durable=False):
        assert not set(left) & set(lab.running(data))
        assert not private.exists()


async def test_a_killed_postgresql_is_started_anew(copy, lab):
    left = lab.killed(copy, immortal=True)
    postmaster = running_in(copy.resolve() / "postgresql", "postgres")[0]
    os.kill(postmaster, signal.SIGKILL)
    async with Engines.start(copy, durable=False) as engines:
        assert not set(left) & set(lab.running(copy))
        assert await lab.finds(engines)


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


async def test_a_copied_data_folder_keeps_its_hands_off_the_sockets_of_the_first(made, tmp_path, lab):
    first, second = (tmp_path / ("long " * 20).strip() / name for name in ("first", "second"))
    shutil.copytree(made, first)
    async with Engines.start(first, durable=False) as engines:
        await lab.write(engines)
        second.mkdir(mode=0o700)
        (second / "run").symlink_to((first / "run").readlink())
        async with Engines.start(second, durable=False):
            assert await lab.finds(engines)
        assert await lab.finds(engines)
