"""The flows over real engines, with people in the store and a clock that stands still until it is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyotp

from gatekeeper.config import Config, RouteConfig, ServerConfig, SessionConfig, StorageConfig, Upstream
from gatekeeper.config.model import MailConfig, MailServer, Sender
from gatekeeper.crypto.hashing import Hasher
from gatekeeper.crypto.keys import SecretKey
from gatekeeper.crypto.secretbox import SecretBox
from gatekeeper.crypto.tokens import Signer, new_id
from gatekeeper.domain.access import SECOND_FACTOR
from gatekeeper.domain.addresses import authority
from gatekeeper.domain.lockout import address_delay, delay
from gatekeeper.domain.model import (
    Client,
    Enrolment,
    NewUser,
    PasswordPolicy,
    Strength,
    TwoFactorMode,
    TwoFactorPolicy,
    User,
)
from gatekeeper.flows.node import NodeState
from gatekeeper.flows.reader import SessionReader
from gatekeeper.flows.services import Services
from gatekeeper.flows.two_factor import seal_context
from gatekeeper.sessions.attempts import Attempts
from gatekeeper.sessions.bus import Bus
from gatekeeper.sessions.cache import SessionCache
from gatekeeper.sessions.connection import connect
from gatekeeper.sessions.drafts import Drafts
from gatekeeper.sessions.jobs import Jobs
from gatekeeper.sessions.once import Once
from gatekeeper.sessions.sessions import Sessions
from gatekeeper.sessions.throttle import Throttle
from gatekeeper.store.authenticators import Authenticator
from gatekeeper.store.database import Database

START = 1_800_000_000.123_456_7
PASSWORD = "Gatekeeper-1"
OTHER = "Something-Else-2"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
DAY = 86_400.0
SESSION = SessionConfig()
HOME = Client("192.0.2.1", "Test browser", "request-1")
AWAY = Client("198.51.100.7", "Another browser", "request-2")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> float:
        self.now += seconds
        return self.now


@dataclass
class World:
    """The services, the clock, and shortcuts to people and policies."""

    services: Services
    clock: Clock

    @property
    def now(self) -> float:
        return self.clock.now

    async def person(
        self,
        username: str = "anna",
        password: str | None = PASSWORD,
        *,
        strength: Strength | None = Strength.ADVANCED,
        password_hash: str | None = None,
        secret: str | None = None,
        **details: Any,
    ) -> User:
        """Somebody who can sign in, with an authenticator if a secret is given."""
        if password_hash is None and password is not None:
            password_hash = await self.services.hasher.hash(password)
        new = NewUser(
            id=new_id(),
            username=username,
            email=f"{username}@example.com",
            display_name=username.capitalize(),
            groups=(),
            permissions=frozenset(),
            created_at=self.now,
            password_hash=password_hash,
            password_strength=strength,
            **details,
        )
        async with self.services.database.transaction() as tables:
            await tables.users.add(new)
        if secret is not None:
            await self.enrol(new.id, secret)
        return await self.user(new.id)

    async def enrol(self, user_id: str, secret: str = SECRET) -> None:
        """Give a person an authenticator behind their back."""
        sealed = self.services.box.seal(secret, seal_context(user_id))
        async with self.services.database.transaction() as tables:
            await tables.authenticators.add(Authenticator(new_id(), user_id, "App", sealed, self.now))

    async def user(self, user_id: str) -> User:
        return await self.services.database.read.users.by_id(user_id)

    async def password_policy(self, **changes: Any) -> None:
        """Change the password policy, and have this node know of it."""
        async with self.services.database.transaction() as tables:
            await tables.policies.set_password(PasswordPolicy(**changes), None)
        await self.services.node.refresh()

    async def two_factor(
        self, mode: TwoFactorMode = TwoFactorMode.EVERYONE, enrolment: Enrolment = Enrolment.OPEN, **changes: Any
    ) -> None:
        """Change the two-factor policy, and have this node know of it."""
        async with self.services.database.transaction() as tables:
            await tables.policies.set_two_factor(TwoFactorPolicy(mode=mode, enrolment=enrolment, **changes), [], None)
        await self.services.node.refresh()

    async def log(self, action: str) -> list[Any]:
        """The audit entries of an action, newest first."""
        return list((await self.services.database.read.audit.search(action=action)).items)

    def code(self, secret: str = SECRET) -> str:
        """The code that an authenticator shows now."""
        return pyotp.TOTP(secret).at(self.now)


def make_config(public_url: str = "http://127.0.0.1:8080") -> Config:
    """A configuration with a webmail, and a vault that asks for a code in the session."""
    upstream = Upstream("http", "127.0.0.1", 9000)
    scheme, _, host = public_url.partition("://")
    return Config(
        server=ServerConfig(
            public_url=public_url, public_host=authority(host), scheme="https" if scheme == "https" else "http", port=0
        ),
        storage=StorageConfig(secret_key_file=Path("/nowhere")),
        session=SESSION,
        routes=(
            RouteConfig("webmail", upstream),
            RouteConfig("vault", upstream, path="/vault", access=SECOND_FACTOR),
            RouteConfig("lists", upstream, host="lists.example.com"),
        ),
    )


def with_mail(**changes: Any) -> Config:
    """The same, with a mail server; ``changes`` are those of ``[mail]``."""
    mail = MailConfig(MailServer("localhost", 25), Sender("", "no-reply@example.com"))
    return replace(make_config(), mail=replace(mail, **changes))


@asynccontextmanager
async def open_services(
    database_url: str, redis_url: str, clock: Clock, config: Config | None = None
) -> AsyncIterator[Services]:
    """What the flows need, closed again afterwards."""
    async with AsyncExitStack() as stack:
        database = Database.connect(database_url)
        stack.push_async_callback(database.close)
        redis = connect(redis_url)
        stack.push_async_callback(redis.aclose)
        bus = Bus(redis)
        sessions = Sessions(redis, bus, idle_timeout=SESSION.idle_timeout)
        cache = SessionCache(sessions, bus)
        node = NodeState(database, sessions, bus, absolute_timeout=SESSION.absolute_timeout, clock=clock)
        await node.start()
        listening = asyncio.create_task(bus.run())
        stack.push_async_callback(_cancelled, listening)
        hasher = Hasher(memory_kib=64, time_cost=1)
        stack.callback(hasher.close)
        key = SecretKey.generate()
        yield Services(
            database=database,
            sessions=sessions,
            attempts=Attempts(redis),
            throttle=Throttle(redis, delay),
            address_throttle=Throttle(redis, address_delay),
            once=Once(redis),
            drafts=Drafts(redis),
            jobs=Jobs(redis),
            bus=bus,
            cache=cache,
            hasher=hasher,
            box=SecretBox([key]),
            signer=Signer(key.derive("signer")),
            node=node,
            reader=SessionReader(cache, sessions, database, node, idle_timeout=SESSION.idle_timeout),
            config=config or make_config(),
        )


@asynccontextmanager
async def open_world(database_url: str, redis_url: str, config: Config | None = None) -> AsyncIterator[World]:
    """A world, closed again afterwards."""
    clock = Clock()
    async with open_services(database_url, redis_url, clock, config) as services:
        yield World(services, clock)


def on_device(cookie: str, client: Client = AWAY) -> Client:
    """The same client with a device cookie."""
    return replace(client, device=cookie)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
