"""Data folders for the engines' tests, and processes that run engines on them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from gatekeeper.embedded import Engines
from gatekeeper.embedded.processes import running_in

SCRIPT = """
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
"""
# The engines of such a run outlive it, as where the system knows no death signal.
IMMORTAL = "import gatekeeper.embedded.processes as p; p._death_signal = lambda *_: (); p.PR_SET_PDEATHSIG = -1\n"
WRITE = (
    "r = Redis.from_url(engines.redis_url); await r.set('kept', 'kept'); await r.aclose(); "
    "c = await asyncpg.connect(engines.database_url); await c.execute('CREATE TABLE kept (value text)'); "
    "await c.execute(\"INSERT INTO kept VALUES ('kept')\"); await c.close(); "
)
HOLD = "print('up', flush=True); sys.stdin.read()"


class Lab:
    """What the tests of this folder do with engines."""

    def start(self, data: Path, body: str, *, immortal: bool = False) -> subprocess.Popen[str]:
        """Start a process that runs ``body`` while engines are up."""
        words = [sys.executable, "-c", (IMMORTAL if immortal else "") + SCRIPT.replace("{body}", body), str(data)]
        pipe = subprocess.PIPE
        return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def hold(self, data: Path, *, immortal: bool = False) -> subprocess.Popen[str]:
        """Start a process that writes to both engines and keeps them up until its input is closed."""
        process = self.start(data, WRITE + HOLD, immortal=immortal)
        assert process.stdout.readline() == "up\n"
        return process

    def run(self, data: Path, body: str) -> str:
        """Run ``body`` to its end while engines are up, and return what it printed."""
        process = self.start(data, body)
        said, faults = process.communicate(timeout=120)
        assert process.returncode == 0, faults
        return said.strip()

    def killed(self, data: Path, *, immortal: bool = False) -> list[int]:
        """Kill a process that holds engines with SIGKILL; return the engines that it ran."""
        process = self.hold(data, immortal=immortal)
        pids = self.running(data)
        process.kill()
        process.communicate()
        assert pids
        return pids

    def running(self, data: Path) -> list[int]:
        """Return the processes that work in the data folder."""
        data = data.resolve()
        return running_in(data / "postgresql", "postgres") + running_in(data / "valkey", "valkey-server")

    async def write(self, engines: Engines) -> None:
        """Write to both engines."""
        connection = await asyncpg.connect(engines.database_url)
        await connection.execute("CREATE TABLE kept (value text)")
        await connection.execute("INSERT INTO kept VALUES ('kept')")
        await connection.close()
        redis = Redis.from_url(engines.redis_url)
        await redis.set("kept", "kept")
        await redis.aclose()

    async def finds(self, engines: Engines) -> bool:
        """Tell whether both engines have what was written."""
        connection = await asyncpg.connect(engines.database_url)
        stored = await connection.fetchval("SELECT value FROM kept")
        await connection.close()
        redis = Redis.from_url(engines.redis_url, decode_responses=True)
        cached = await redis.get("kept")
        await redis.aclose()
        return (stored, cached) == ("kept", "kept")

    def wait_until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.01)


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab()


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder with a short path; pytest's own are too long for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="gk-"))
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def made(lab: Lab) -> Iterator[Path]:
    """A data folder whose first start is over, for tests that leave its data alone."""
    folder = Path(tempfile.mkdtemp(prefix="gk-"))
    lab.run(folder / "data", "pass")
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def copy(made: Path, data: Path) -> Path:
    """A copy of that data folder, for tests that write to it."""
    shutil.copytree(made, data)
    return data
