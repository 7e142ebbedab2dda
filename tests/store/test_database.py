"""The database under faults: an error of ours in bounded time, and back by itself."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from gatekeeper.domain.errors import Conflict, Unavailable
from gatekeeper.embedded.postgres import PostgresServer
from gatekeeper.embedded.programs import embedded_postgres
from gatekeeper.store.database import Database
from gatekeeper.store.migrations import MigrationForbidden, current_schema, expected_schema, migrate
from gatekeeper.store.policies import PasswordPolicy
from tests.store.cable import Cable
from tests.store.samples import new_user

PASSWORD = "a#b%2F@c/d"
ESCAPED = "a%23b%252F%40c%2Fd"
TIMEOUT = 0.7
"""Seconds for an impatient database; it is used only where the server does not answer at all."""


@pytest.fixture
async def cable(emptied_url: str) -> AsyncIterator[Cable]:
    async with Cable(emptied_url) as cable:
        yield cable


@pytest.fixture
async def remote(cable: Cable) -> AsyncIterator[Database]:
    """The database at the other end of the cable."""
    database = Database.connect(cable.url, pool_size=4)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def patient(cable: Cable) -> AsyncIterator[Database]:
    """The same, with patience for a busy machine, where time is not what a test is about."""
    database = Database.connect(cable.url, pool_size=4, command_timeout=60.0, connect_timeout=60.0)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def impatient(cable: Cable) -> AsyncIterator[Database]:
    """The same, with little patience, and connected already."""
    database = Database.connect(cable.url, pool_size=4, command_timeout=TIMEOUT)
    try:
        await database.check()
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


async def count_at_once(database: Database, times: int) -> list[int]:
    return await asyncio.gather(*(database.read.users.count() for _ in range(times)))


async def test_a_current_database_passes_the_check(database):
    await database.check()


async def test_a_server_that_dies_is_unavailable_and_back_without_a_failed_request(patient, cable):
    await count_at_once(patient, 4)
    await cable.cut()
    for call in (patient.check, patient.read.users.count, patient.read.policies.read):
        with pytest.raises(Unavailable) as away:
            await call()
        assert away.value.service == "PostgreSQL"
    await cable.mend()
    assert await count_at_once(patient, 4) == [0, 0, 0, 0]
    async with patient.transaction() as tables:
        await tables.users.add(new_user("anna"))


async def test_connections_that_the_server_closed_meanwhile_cost_no_request(patient, cable, database):
    await count_at_once(patient, 4)
    end_all = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND datname = current_database()
    """
    async with database.transaction() as tables:
        await tables.users._runner.rows(text(end_all))
    await cable.all_closed()
    assert await count_at_once(patient, 4) == [0, 0, 0, 0]


async def test_a_frozen_server_is_unavailable_in_bounded_time_and_back_by_itself(impatient, remote, cable):
    cable.freeze()
    async with within(TIMEOUT + 6.0):
        results = await asyncio.gather(*(impatient.read.users.count() for _ in range(2)), return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable] * 2
        with pytest.raises(Unavailable):
            await remote.read.users.count()
    await cable.mend()
    assert await count_at_once(remote, 4) == [0, 0, 0, 0]


async def test_a_transaction_on_a_frozen_server_ends_in_bounded_time(impatient, cable):
    async def read() -> None:
        async with impatient.transaction() as tables:
            await tables.users.count()
            cable.freeze()
            await tables.users.count()

    async with within(TIMEOUT + 2.0):
        with pytest.raises(Unavailable):
            await read()
    await cable.mend()
    assert await impatient.read.users.count() == 0


async def test_a_commit_that_gets_no_answer_is_unavailable(impatient, cable, database):
    async def add() -> None:
        async with impatient.transaction() as tables:
            await tables.users.add(new_user("anna"))
            cable.freeze()

    async with within(TIMEOUT + 4.0):
        with pytest.raises(Unavailable):
            await add()
    await cable.mend()
    assert await database.read.users.count() in {0, 1}


async def test_a_pool_with_no_connection_free_is_unavailable_soon(emptied_url):
    database = Database.connect(emptied_url, pool_size=1)
    released = asyncio.Event()

    async def hold() -> None:
        async with database.transaction() as tables:
            await tables.users.count()
            await released.wait()

    holders = [asyncio.create_task(hold()) for _ in range(2)]
    try:
        async with within(4.0):
            with pytest.raises(Unavailable):
                await count_at_once(database, 2)
        released.set()
        await asyncio.gather(*holders)
        assert await database.read.users.count() == 0
    finally:
        released.set()
        await database.close()


async def test_a_cancelled_request_leaves_its_answer_to_nobody(database):
    runner = database._reads
    for _ in range(5):
        slow = asyncio.create_task(runner.value(text("SELECT 'stale' FROM pg_sleep(5)")))
        await asyncio.sleep(0.02)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
    async with within(2.0):
        assert set(await asyncio.gather(*(runner.value(text("SELECT 'fresh'")) for _ in range(12)))) == {"fresh"}


async def test_a_cancelled_transaction_leaves_nothing(database):
    entered = asyncio.Event()

    async def add() -> None:
        async with database.transaction() as tables:
            await tables.users.add(new_user("anna"))
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(add())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as tables:
        await tables.users.add(new_user("anna"))


async def test_errors_of_a_block_that_are_not_of_the_store_pass_as_they_are(database):
    for error in (TimeoutError(), OSError("Redis"), KeyError("x")):

        async def fail(error: Exception = error) -> None:
            async with database.transaction():
                raise error

        with pytest.raises(type(error)) as passed:
            await fail()
        assert passed.value is error


async def test_two_transactions_that_wait_for_each_other_end_in_a_conflict(database, anna, add):
    other = await add("other")
    both = asyncio.Barrier(2)

    async def change(first: str, second: str) -> bool:
        try:
            async with database.transaction() as tables:
                await tables.users.record_sign_in(first, 1.0)
                await both.wait()
                await tables.users.record_sign_in(second, 1.0)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(change(anna.id, other.id), change(other.id, anna.id))) == [False, True]


async def test_a_standby_that_takes_no_writes_is_unavailable(emptied_url):
    async def write(database: Database) -> None:
        async with database.transaction() as tables:
            await tables.users._runner.rows(text("SET TRANSACTION READ ONLY"))
            await tables.policies.set_password(PasswordPolicy(), None)

    database = Database.connect(emptied_url)
    try:
        with pytest.raises(Unavailable):
            await write(database)
    finally:
        await database.close()


@pytest.fixture
async def server() -> AsyncIterator[PostgresServer]:
    """A server of the test's own, to be stopped and started; over its port a password is asked for."""
    folder = Path(tempfile.mkdtemp(prefix="gatekeeper-"))
    (folder / "run").mkdir(mode=0o700)
    server = PostgresServer(embedded_postgres(), folder / "pg", folder / "run", folder / "log", durable=False)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def test_a_server_that_is_stopped_and_started_serves_on_by_itself(server):
    await migrate(server.url())
    database = Database.connect(server.url(), pool_size=3)
    try:
        assert await count_at_once(database, 3) == [0, 0, 0]
        await server.stop()
        with pytest.raises(Unavailable):
            await database.read.users.count()
        await server.start()
        assert await count_at_once(database, 3) == [0, 0, 0]
    finally:
        await database.close()


async def test_any_password_works_escaped_once_or_as_it_is(server):
    owner = await asyncpg.connect(server.url())
    try:
        await owner.execute(f"CREATE ROLE sesame LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE guest LOGIN")
        await owner.execute("CREATE DATABASE mail OWNER sesame")
        rules = Path(await owner.fetchval("SHOW hba_file"))
        rules.write_text("local all sesame scram-sha-256\n" + rules.read_text())
        await owner.execute("SELECT pg_reload_conf()")
    finally:
        await owner.close()
    socket = server.url("mail").partition("?")[2]
    escaped = f"postgresql://sesame:{ESCAPED}@/mail?{socket}"
    apart = f"postgresql://sesame@/mail?{socket}"

    assert await migrate(escaped) == expected_schema()
    assert await migrate(apart, PASSWORD) == expected_schema()
    for url, password in ((escaped, None), (apart, PASSWORD)):
        assert await current_schema(url, password) == expected_schema()
        database = Database.connect(url, password)
        await database.check()
        await database.close()
    for url, password in ((apart, "wrong"), (apart, None), (escaped.replace("25", ""), None)):
        with pytest.raises(Unavailable) as refused:
            await migrate(url, password)
        assert PASSWORD not in str(refused.value)
    with pytest.raises(Unavailable):
        await migrate(server.url("nowhere"))
    with pytest.raises(MigrationForbidden, match="owner of the database"):
        await migrate(server.url().replace("gatekeeper@", "guest@"))
