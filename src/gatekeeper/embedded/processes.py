"""Starting an engine as a child in a session of its own, and ending one, child or not, gently first.

A child gets the signal of its own orderly shutdown when the thread that started it ends (``prctl(2)``,
``PR_SET_PDEATHSIG``), so that a killed gateway leaves no engine running. Start engines from a thread that lives as long
as they are needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
POLL = 0.01
GENTLE_TIMEOUT = 60.0
HARD_TIMEOUT = 10.0
LOG_LIMIT = 4 * 1024 * 1024
_LIBC = ctypes.CDLL(None)
# What the engines need of our environment; PGDATA, PGPORT and the like of the person who starts us must not reach them.
_INHERITED = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "TZ", "LANG")


def environment() -> dict[str, str]:
    """Return the environment that an engine runs in."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | {"LC_ALL": "C"}


def spawn(
    program: Sequence[str | Path], log: Path, *, stop_signal: signal.Signals, prefix: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start ``program`` in a session of its own, its output appended to ``log``.

    ``prefix`` are words such as ``unshare …`` that execute the program in their place. ``stop_signal`` is what the
    child is sent should we die first. A log that has grown past 4 MiB is set aside (``….old``) before.
    """
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_name(log.name + ".old"))
    parent = os.getpid()
    words = [*prefix, *_death_signal(prefix, stop_signal), *(os.fspath(word) for word in program)]

    def die_with_parent() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    with os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own words
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=environment(),
            start_new_session=True,
            umask=0o077,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it calls one function of libc, resolved before, and nothing else
        )


def _death_signal(prefix: Sequence[str], stop_signal: signal.Signals) -> tuple[str, ...]:
    # A new user namespace forgets the death signal: it must be asked for again inside.
    if not prefix or shutil.which("setpriv") is None:
        return ()
    return ("setpriv", f"--pdeathsig={stop_signal.name.removeprefix('SIG')}")


class Process:
    """A process by its handle, not by its number: what is signalled is what was looked at, or nobody."""

    def __init__(self, pid: int) -> None:
        """Take hold of ``pid``; ``ProcessLookupError`` if there is none."""
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def close(self) -> None:
        """Let go of the handle."""
        os.close(self._handle)

    def ended(self) -> bool:
        """Tell whether the process has ended; a child that has not been waited for counts as ended."""
        watcher = select.poll()
        watcher.register(self._handle, select.POLLIN)
        return bool(watcher.poll(0))

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if the process has ended."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    async def end(self, signals: Sequence[signal.Signals]) -> bool:
        """Send the signals one after another until it ends: after a minute the second, then one each ten seconds.

        Returns whether it has ended.
        """
        for number, seconds in zip(signals, (GENTLE_TIMEOUT, *[HARD_TIMEOUT] * len(signals)), strict=False):
            self.send(number)
            if await self.ends_within(seconds):
                return True
        return self.ended()

    async def ends_within(self, seconds: float) -> bool:
        """Wait for the end, at most ``seconds``, and tell whether it came."""
        deadline = time.monotonic() + seconds
        while not self.ended():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL)
        return True


async def stop_child(child: subprocess.Popen[bytes], signals: Sequence[signal.Signals]) -> None:
    """End a child with the signals, gentlest first, and collect its status."""
    if child.poll() is None:
        process = Process(child.pid)
        try:
            await process.end(signals)
        finally:
            process.close()
    child.wait()


async def runs_to_end(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait until a child has done its work, at most ``seconds``; tell whether it ended well. It is gone in any case."""
    process = Process(child.pid)
    try:
        await process.ends_within(seconds)
    finally:
        process.close()
        await stop_child(child, (signal.SIGTERM, signal.SIGKILL))
    return child.returncode == 0


async def end_others(pids: Sequence[int], signals: Sequence[signal.Signals]) -> list[int]:
    """End processes that are not our children, gentlest signal first; return those that still run."""
    ended = await asyncio.gather(*(_end_other(pid, signals) for pid in pids))
    return [pid for pid, gone in zip(pids, ended, strict=True) if not gone]


async def _end_other(pid: int, signals: Sequence[signal.Signals]) -> bool:
    try:
        process = Process(pid)
    except ProcessLookupError:
        return True
    try:
        return await process.end(signals)
    finally:
        process.close()


def running_in(folder: Path, program: str) -> list[int]:
    """Return the processes of ``program`` (the name of its file) whose working folder is ``folder``, oldest first.

    Both engines change into their data folder, so this finds one that no longer answers on its socket.
    """
    found = []
    for entry in Path("/proc").glob("[1-9]*"):
        with contextlib.suppress(OSError):
            file = (entry / "exe").readlink().name.removesuffix(" (deleted)")
            if file == program and (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
    return sorted(found)
