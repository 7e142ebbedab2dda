"""The database: reads one by one, writes in transactions, and what is kept in it, by kind."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from gatekeeper.domain.errors import Unavailable
from gatekeeper.store.address import make_engine, read_address
from gatekeeper.store.audit import Audit
from gatekeeper.store.authenticators import Authenticators
from gatekeeper.store.devices import Devices
from gatekeeper.store.endings import Endings
from gatekeeper.store.failures import translated
from gatekeeper.store.imports import Imports
from gatekeeper.store.link_requests import LinkRequests
from gatekeeper.store.links import Links
from gatekeeper.store.migrations import OutdatedSchema, expected_schema
from gatekeeper.store.notices import Notices
from gatekeeper.store.outbox import Outbox
from gatekeeper.store.passwords import Passwords
from gatekeeper.store.policies import PoliciesTable
from gatekeeper.store.recovery_codes import RecoveryCodes
from gatekeeper.store.running import Reads, Transaction, borrowed, cut
from gatekeeper.store.signing_keys import SigningKeys
from gatekeeper.store.statistics import Statistics
from gatekeeper.store.tokens import Tokens
from gatekeeper.store.users import Users

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncEngine

    from gatekeeper.store.running import Runner

log = structlog.get_logger()

POOL_SIZE = 10
CONNECT_TIMEOUT = 2.0
COMMAND_TIMEOUT = 5.0
ANALYZE_TIMEOUT = 60.0


class Tables:
    """All that is kept, by kind, over one way of running statements."""

    def __init__(self, runner: Runner) -> None:
        self.users = Users(runner)
        self.passwords = Passwords(runner)
        self.authenticators = Authenticators(runner)
        self.recovery_codes = RecoveryCodes(runner)
        self.policies = PoliciesTable(runner)
        self.audit = Audit(runner)
        self.tokens = Tokens(runner)
        self.devices = Devices(runner)
        self.links = Links(runner)
        self.link_requests = LinkRequests(runner)
        self.notices = Notices(runner)
        self.endings = Endings(runner)
        self.signing_keys = SigningKeys(runner)
        self.statistics = Statistics(runner)
        self.outbox = Outbox(runner)
        self.imports = Imports(runner)


class Database:
    """A PostgreSQL with the current schema. Made by :meth:`connect`; it connects when it is first asked something.

    Attributes:
        read: what is kept, each read on its own.
        posted: set whenever a transaction of this node has left mail in the outbox; who sends it clears it.
    """

    def __init__(self, engine: AsyncEngine, *, pooled_elsewhere: bool) -> None:
        self._engine = engine
        reading = engine if pooled_elsewhere else engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reads = Reads(reading)
        self.read = Tables(self._reads)
        self.posted = asyncio.Event()

    @classmethod
    def connect(
        cls,
        url: str,
        password: str | None = None,
        *,
        pool_size: int = POOL_SIZE,
        connect_timeout: float = CONNECT_TIMEOUT,
        command_timeout: float = COMMAND_TIMEOUT,
    ) -> Database:
        """Take an address; nothing is sent yet.

        Args:
            url: ``postgresql://user:password@host/name``; with ``statement_cache_size=0`` behind a PgBouncer.
            password: the password as it is, if it is not in the address.
            pool_size: connections kept.
            connect_timeout: seconds in which a connection must stand.
            command_timeout: seconds in which a statement must end.

        Raises:
            ValueError: the address is none; the message does not repeat it.
        """
        address = read_address(url, password)
        engine = make_engine(
            address, pool_size=pool_size, connect_timeout=connect_timeout, command_timeout=command_timeout
        )
        return cls(engine, pooled_elsewhere=address.pooled_elsewhere)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tables]:
        """A transaction: all of it is kept when the block ends, none of it if the block raises.

        Raises:
            Unavailable: PostgreSQL does not answer; when it went away at the very end, it is not known which.
        """
        async with borrowed(self._engine) as connection:
            tables = Tables(Transaction(connection))
            yield tables
            try:
                with translated():
                    await connection.commit()
            except Unavailable:
                await cut(connection)
                raise
            if tables.outbox.added:
                self.posted.set()

    async def analyze(self) -> None:
        """Have PostgreSQL see now what is common among people and what is not, and so how it best finds them.

        It looks by itself, some minutes after many have come. Whether it can look now makes no difference to anybody
        but who searches until then, so that it cannot is no error.
        """
        try:
            async with borrowed(self._engine) as connection:
                with translated():
                    raw = await connection.get_raw_connection()
                    driver: Any = raw.driver_connection
                    await driver.execute("ANALYZE users, login_names, user_words", timeout=ANALYZE_TIMEOUT)
        except Unavailable as error:
            log.warning("database.not_analyzed", reason=str(error))

    async def check(self) -> None:
        """See whether PostgreSQL answers and has the current schema.

        Raises:
            Unavailable: it does not answer.
            OutdatedSchema: its schema is another one.
        """
        try:
            found = await self._reads.value(text("SELECT version_num FROM alembic_version"))
        except ProgrammingError:
            found = None
        if found != expected_schema():
            raise OutdatedSchema(found, expected_schema())

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
