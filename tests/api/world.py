"""A gateway's flows and API over real engines, with a clock that tests move: people in it sign in by one line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gatekeeper import api
from gatekeeper.crypto.tokens import digest, new_api_token, new_id, new_token
from gatekeeper.domain.model import Method, NewUser, Permission, Proof, Session, Strength, User
from gatekeeper.flows.acting import Actor, command_line
from gatekeeper.flows.services import Services
from gatekeeper.manners import csrf
from gatekeeper.store.authenticators import Authenticator
from gatekeeper.store.tokens import ApiToken
from tests.flows.world import Clock, open_services

START = 1_800_000_000.0
PASSWORD = "Correct-Horse-9"
BASE = "/gatekeeper/api/v1"
EVERYTHING = frozenset(Permission)


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
    clock = Clock(START)
    async with open_services(database_url, redis_url, clock) as services:
        app = web.Application()
        api.setup(app, services, clock)
        async with TestClient(TestServer(app)) as client:
            yield World(services, client, clock)


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    """A world of its own for each test."""
    async with open_world(database_url, redis_url) as opened:
        yield opened
