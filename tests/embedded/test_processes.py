"""Processes are started apart from us, and ended by their handle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.embedded import processes
from gatekeeper.embedded.processes import Process, end_others, environment, running_in, runs_to_end, spawn, stop_child

GENTLE = (signal.SIGTERM, signal.SIGKILL)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "log"


async def test_a_child_lives_in_a_session_of_its_own_and_writes_to_the_log(log):
    child = spawn(["sh", "-c", "echo out; echo err >&2; umask; exec sleep 600"], log, stop_signal=signal.SIGTERM)
    try:
        assert os.getsid(child.pid) == child.pid
    finally:
        await stop_child(child, GENTLE)
    assert child.returncode == -signal.SIGTERM
    assert log.stat().st_mode & 0o777 == 0o600


async def test_whether_the_work_went_well_is_told(log):
    for command, well in (("true", True), ("false", False)):
        assert await runs_to_end(spawn([command], log, stop_signal=signal.SIGTERM), 10.0) is well


async def test_work_that_takes_too_long_is_ended(log):
    child = spawn(["sleep", "600"], log, stop_signal=signal.SIGTERM)
    assert not await runs_to_end(child, 0.05)
    assert child.returncode == -signal.SIGTERM


async def test_who_is_deaf_to_the_gentle_signal_gets_the_other(log, monkeypatch):
    monkeypatch.setattr(processes, "GENTLE_TIMEOUT", 0.1)
    child = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE)
    with child.stdout:
        assert child.stdout.readline() == b"deaf\n"
    assert await end_others([child.pid], GENTLE) == []
    assert child.wait() == -signal.SIGKILL


async def test_who_is_gone_needs_no_ending():
    child = subprocess.Popen(["true"])
    child.wait()
    assert await end_others([child.pid], GENTLE) == []
    with pytest.raises(ProcessLookupError):
        Process(child.pid)


def test_a_process_is_found_by_its_program_and_its_folder(tmp_path):
    child = subprocess.Popen(["sleep", "600"], cwd=tmp_path)
    try:
        program = Path(f"/proc/{child.pid}/exe").resolve().name
        assert running_in(tmp_path.resolve(), program) == [child.pid]
        assert running_in(tmp_path.resolve(), "postgres") == []
        assert running_in(tmp_path.resolve().parent, program) == []
    finally:
        child.kill()
        child.wait()


def test_settings_of_other_servers_do_not_reach_the_engines(monkeypatch):
    monkeypatch.setenv("PGDATA", "/elsewhere")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert "PGDATA" not in environment()
    assert environment()["LC_ALL"] == "C"


async def test_a_log_that_has_grown_is_set_aside(log, monkeypatch):
    monkeypatch.setattr(processes, "LOG_LIMIT", 10)
    log.write_text("more than ten bytes\n")
    await runs_to_end(spawn(["echo", "new"], log, stop_signal=signal.SIGTERM), 10.0)
    assert log.read_text() == "new\n"
    assert log.with_name("log.old").read_text() == "more than ten bytes\n"
