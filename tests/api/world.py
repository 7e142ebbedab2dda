"""A gateway's flows and API over real engines, with a clock that tests move: people in it sign in by one line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gatekeeper import api
from gatekeeper.crypto.hashing import Hasher
from gatekeeper.crypto.keys import SecretKey
from gatekeeper.crypto.secretbox import SecretBox
from gatekeeper.crypto.tokens import Signer, digest, new_api_token, new_id, new_token
from gatekeeper.domain.lockout import address_delay, delay
from gatekeeper.domain.model import Method, NewUser, Permission, Proof, Session, Strength, User
from gatekeeper.flows.acting import Actor, command_line
from gatekeeper.flows.node import NodeState
from gatekeeper.flows.reader import SessionReader
from gatekeeper.flows.services import Services
from gatekeeper.manners import csrf
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
from gatekeeper.store.tokens import ApiToken

START = 1_800_000_000.0
PASSWORD = "Correct-Horse-9"
BASE = "/gatekeeper/api/v1"
EVERYTHING = frozenset(Permission)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class World:
    """The services, an HTTP client of the API, and the clock."""

    services: Services
    client: TestClient[web.Request, web.Application]
    clock: Clock
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def now(self) -> float:
        return self.clock.now

    @property
    def operator(self) -> Actor:
        return command_line()

    async def person(
        self,
        username: str,
        *permissions: Permission,
        strength: Strength | None = Strength.MEDIUM,
        changed_at: float | None = None,
        password_hash: str | None = "$argon2id$none",
        enrolled: bool = False,
        enabled: bool = True,
        **details: Any,
    ) -> User:
        """Somebody in the store, without the cost of hashing."""
        new = NewUser(
            id=new_id(),
            username=username,
            email=f"{username}@example.com",
            display_name=username.capitalize(),
            groups=("staff",),
            permissions=frozenset(permissions),
            created_at=self.now if changed_at is None else changed_at,
            enabled=enabled,
            password_hash=password_hash,
            password_strength=strength,
            **details,
        )
        async with self.services.database.transaction() as tables:
            await tables.users.add(new)
            if enrolled:
                await tables.authenticators.add(Authenticator(new_id(), new.id, "App", "sealed", self.now, 1))
        return await self.user(new.id)

    async def user(self, user_id: str) -> User:
        return await self.services.database.read.users.by_id(user_id)

    async def bearer(self, owner: User, *permissions: Permission, expires_at: float | None = None) -> dict[str, str]:
        """The headers of a token; without permissions named, it may do all that its owner may."""
        secret = new_api_token()
        token = ApiToken(
            id=new_id(),
            name="test",
            digest=digest(secret),
            owner_id=owner.id,
            permissions=frozenset(permissions or EVERYTHING),
            created_at=self.now,
            expires_at=expires_at,
        )
        async with self.services.database.transaction() as tables:
            await tables.tokens.add(token)
        return {"Authorization": f"Bearer {secret}"}

    async def session(self, owner: User, *, proved_ago: float = 0.0) -> tuple[Session, dict[str, str]]:
        """A session, and the headers by which its browser's page asks."""
        token = new_token()
        policies = await self.services.database.read.policies.applies_to(owner.id)
        at = self.now - proved_ago
        session = Session(
            id=digest(token),
            owner=owner.facts,
            created_at=self.now,
            expires_at=self.now + 43_200.0,
            last_seen_at=self.now,
            proofs=(Proof(Method.PASSWORD, at),),
            csrf_secret=new_token(),
            address="192.0.2.7",
            user_agent="Mozilla/5.0",
            scope_epoch=policies[0],
            two_factor_applies=policies[1],
        )
        await self.services.sessions.create(session)
        headers = {
            "Cookie": f"gatekeeper={token}",
            "X-CSRF-Token": csrf.session_token(self.services.signer, session),
        }
        return session, headers

    async def stands(self, session: Session) -> bool:
        """Whether a session is still let in."""
        return await self.services.reader.read(session.id, self.now) is not None

    async def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, json: Any = None, **more: Any
    ) -> Answer:
        """One call of the API."""
        if json is not None:
            more["json"] = json
        async with self.client.request(method, BASE + path, headers=headers or {}, **more) as response:
            text = await response.text()
            is_json = "json" in response.content_type and "ndjson" not in response.content_type
            body = await response.json(content_type=None) if is_json and text else None
            return Answer(response.status, body, response.headers, text)

    async def log(self, action: str) -> list[Any]:
        """The entries of an action, newest first."""
        return (await self.services.database.read.audit.search(action=action)).items


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    body: Any
    headers: Mapping[str, str]
    text: str

    @property
    def kind(self) -> str:
        """The word at the end of a problem's type."""
        return str(self.body["type"]).rpartition("#")[2]

    @property
    def fields(self) -> list[str]:
        """The fields that a problem names."""
        return [error["field"] for error in self.body.get("errors", [])]


@asynccontextmanager
async def open_world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    """A world, closed again afterwards."""
    clock = Clock()
    config: Any = SimpleNamespace(
        server=SimpleNamespace(public_url="http://127.0.0.1:8080", prefix="/gatekeeper"),
        session=SimpleNamespace(idle_timeout=1800.0, absolute_timeout=43_200.0),
        mail=None,
    )
    async with AsyncExitStack() as stack:
        database = Database.connect(database_url)
        stack.push_async_callback(database.close)
        redis = connect(redis_url)
        stack.push_async_callback(redis.aclose)
        bus = Bus(redis)
        sessions = Sessions(redis, bus, idle_timeout=1800.0)
        cache = SessionCache(sessions, bus)
        node = NodeState(database, sessions, bus, absolute_timeout=43_200.0, clock=clock)
        await node.start()
        listening = asyncio.create_task(bus.run())
        stack.push_async_callback(_cancelled, listening)
        hasher = Hasher(memory_kib=64, time_cost=1)
        stack.callback(hasher.close)
        key = SecretKey.generate()
        more = {"turns": _turns()} if "turns" in Services.__slots__ else {}
        services = Services(
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
            reader=SessionReader(cache, sessions, database, node, idle_timeout=1800.0),
            config=config,
            **more,
        )
        app = web.Application()
        api.setup(app, services, clock)
        client = TestClient(TestServer(app))
        await stack.enter_async_context(client)
        yield World(services, client, clock)


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    """A world of its own for each test."""
    async with open_world(database_url, redis_url) as opened:
        yield opened


def _turns() -> Any:
    from gatekeeper.flows.turns import Turns

    return Turns()


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
