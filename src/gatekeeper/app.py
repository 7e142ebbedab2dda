"""The composition root: the only file that builds things and wires them together.

:func:`open_services` builds what the flows need, for a command as for the gateway; :class:`Gatekeeper` adds the edge
and the app to it. What is opened here is closed here, in the opposite order, whatever happens.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper import api, oidc
from gatekeeper import web as pages
from gatekeeper.crypto.hashing import Hasher
from gatekeeper.crypto.keys import AssertionSigner, load_secret_keys
from gatekeeper.crypto.secretbox import SecretBox
from gatekeeper.crypto.tokens import Signer
from gatekeeper.domain.errors import Unavailable
from gatekeeper.domain.lockout import address_delay, delay
from gatekeeper.edge.dialling import connect_to_app
from gatekeeper.edge.health import Health
from gatekeeper.edge.pages import RenderedPages
from gatekeeper.edge.server import Edge
from gatekeeper.embedded import Addresses, Engines, running
from gatekeeper.flows import forgotten
from gatekeeper.flows.node import NodeState
from gatekeeper.flows.postman import Postman
from gatekeeper.flows.reader import SessionReader
from gatekeeper.flows.reminders import Reminders
from gatekeeper.flows.services import Services
from gatekeeper.flows.signing_keys import signing_keys
from gatekeeper.mail.sending import Mailer
from gatekeeper.manners import static
from gatekeeper.manners.letters import Letters
from gatekeeper.manners.render import Renderer
from gatekeeper.sessions import connection
from gatekeeper.sessions.attempts import Attempts
from gatekeeper.sessions.bus import Bus
from gatekeeper.sessions.cache import SessionCache
from gatekeeper.sessions.drafts import Drafts
from gatekeeper.sessions.jobs import Jobs
from gatekeeper.sessions.once import Once
from gatekeeper.sessions.sessions import Sessions
from gatekeeper.sessions.throttle import Throttle
from gatekeeper.store.database import Database
from gatekeeper.store.migrations import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from gatekeeper.config import Config, StorageConfig

DAY = 86_400.0
PERSON_COUNTERS = 30 * DAY
ADDRESS_COUNTERS = DAY
KEPT_ALIVE = 3_600.0
"""Seconds for which the app keeps a connection that the edge does not use; the edge closes first."""


@asynccontextmanager
async def open_services(
    config: Config, *, clock: Callable[[], float] = time.time, own_engines: bool = False
) -> AsyncIterator[Services]:
    """Everything that the flows need, checked to answer.

    Embedded engines are started, and their database brought to the current schema, unless a running gateway has
    started them already; then those are used. With ``own_engines`` they are not: they would end with that gateway.

    Raises:
        Unavailable: PostgreSQL or Redis does not answer.
        OutdatedSchema: the database has another schema; ``gatekeeper migrate`` mends that.
        EngineError: an embedded engine does not start.
        DamagedKey: the secret key cannot be read.
    """
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(_engines(config.storage, own=own_engines))
        database = Database.connect(
            addresses.database_url, config.storage.database_password, pool_size=config.storage.pool_size
        )
        stack.push_async_callback(database.close)
        await database.check()
        redis = connection.connect(addresses.redis_url, config.storage.redis_password)
        stack.push_async_callback(redis.aclose)
        await connection.check(redis)
        keys = load_secret_keys(config.storage.secret_key_file, create=config.storage.creates_secret_key)
        hasher = Hasher()
        stack.callback(hasher.close)
        bus = Bus(redis)
        sessions = Sessions(redis, bus, idle_timeout=config.session.idle_timeout)
        cache = SessionCache(sessions, bus)
        node = NodeState(database, sessions, bus, absolute_timeout=config.session.absolute_timeout, clock=clock)
        await node.start()
        yield Services(
            database=database,
            sessions=sessions,
            attempts=Attempts(redis),
            throttle=Throttle(redis, delay, ttl=PERSON_COUNTERS),
            address_throttle=Throttle(redis, address_delay, ttl=ADDRESS_COUNTERS),
            once=Once(redis),
            drafts=Drafts(redis),
            jobs=Jobs(redis),
            bus=bus,
            cache=cache,
            hasher=hasher,
            box=SecretBox(keys),
            signer=Signer(keys[0].derive("signer")),
            node=node,
            reader=SessionReader(cache, sessions, database, node, idle_timeout=config.session.idle_timeout),
            config=config,
        )


@asynccontextmanager
async def _engines(storage: StorageConfig, *, own: bool) -> AsyncIterator[Addresses]:
    """Where PostgreSQL and Redis answer; those that the configuration does not name are embedded ones."""
    if storage.database is not None and storage.redis is not None:
        yield Addresses(storage.database, storage.redis)
        return
    if storage.data is None:
        raise ValueError("storage.data is needed where the database or Redis is an embedded one")
    found = None if own else running(storage.data)
    if found is not None:
        yield Addresses(storage.database or found.database_url, storage.redis or found.redis_url)
        return
    async with Engines.start(storage.data) as engines:
        if storage.database is None:
            await migrate(engines.database_url)
        yield Addresses(storage.database or engines.database_url, storage.redis or engines.redis_url)


def make_renderer(config: Config) -> Renderer:
    """What renders all pages: those of the app, and the few that the edge shows itself."""
    return Renderer(config.branding, config.server.prefix, config.branding.templates)


def make_app(services: Services, renderer: Renderer, *, clock: Callable[[], float] = time.time) -> web.Application:
    """The app: pages, API and keys, as the edge reaches it over socket pairs and tests reach it directly."""
    config = services.config
    app = web.Application(client_max_size=config.server.limits.app_body_bytes)
    app.on_response_prepare.append(_without_versions)
    static.setup(app, config.server.prefix, renderer)
    pages.setup(app, services, renderer, clock)
    api.setup(app, services, clock)
    oidc.setup(app, config.server.prefix, lambda: signing_keys(services.database, services.box, clock()))
    return app


async def _without_versions(_: web.Request, response: web.StreamResponse) -> None:
    """Say who answers without saying in which version, which helps attackers alone."""
    response.headers["Server"] = "gatekeeper"


class Gatekeeper:
    """A whole gateway in this process.

    Args:
        config: what the operator decided.
        clock: seconds since the epoch; tests move it.
        own_engines: whether embedded engines must be its own, not those of a gateway that runs on the same data.
    """

    def __init__(self, config: Config, *, clock: Callable[[], float] = time.time, own_engines: bool = False) -> None:
        self._config = config
        self._own_engines = own_engines
        self._clock = clock
        self._stack = AsyncExitStack()
        self._services: Services | None = None
        self._edge: Edge | None = None

    @property
    def services(self) -> Services:
        """What the flows need; there once the gateway has started."""
        if self._services is None:
            raise RuntimeError("the gateway has not started")
        return self._services

    async def start(self) -> None:
        """Open everything and listen.

        Raises:
            Unavailable, OutdatedSchema, EngineError, DamagedKey: as :func:`open_services`.
            OSError: the address cannot be listened on.
        """
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def stop(self) -> None:
        """Finish what is under way, then close everything."""
        if self._edge is not None:
            await self._edge.drain()
        await self._stack.aclose()

    async def _start(self) -> None:
        services = await self._stack.enter_async_context(
            open_services(self._config, clock=self._clock, own_engines=self._own_engines)
        )
        self._services = services
        self._run_along(services.bus.run())
        if self._config.mail is not None:
            services.node.also("links asked for", lambda: forgotten.answer(services, self._clock()))
        self._run_along(services.node.run())
        keys = await signing_keys(services.database, services.box, self._clock())
        renderer = make_renderer(self._config)
        postman = self._send_mail(services, renderer)
        runner = web.AppRunner(
            make_app(services, renderer, clock=self._clock),
            handle_signals=False,
            access_log=None,
            keepalive_timeout=KEPT_ALIVE,
            auto_decompress=False,
        )
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        if runner.server is None:
            raise RuntimeError("the app has not started")
        edge = Edge(
            self._config,
            cache=services.cache,
            reader=services.reader,
            policies=lambda: services.node.policies,
            sign=AssertionSigner(keys[0], self._config.server.issuer).sign,
            pages=RenderedPages(renderer),
            app=connect_to_app(runner.server),
            touch=services.sessions.touch,
            is_ended=services.node.is_ended,
            signer=services.signer,
            now=self._clock,
        )
        services.cache.on_dropped(edge.sessions_dropped)
        self._stack.push_async_callback(edge.close)
        listen = self._config.server.internal_listen
        if listen is not None:
            checks = {"PostgreSQL": services.database.check, "Redis": self._redis_answers}
            health = Health(edge, checks, postman)
            self._stack.push_async_callback(health.close)
            await health.start(listen)
        await edge.start()
        self._edge = edge

    def _send_mail(self, services: Services, renderer: Renderer) -> Postman | None:
        mail = self._config.mail
        if mail is None:
            return None
        mailer = Mailer(mail, self._config.server.public_host.host)
        letters = Letters(renderer, self._config, mail)
        postman = Postman(services.database, services.box, mailer, letters.write, clock=self._clock)
        self._run_along(postman.run())
        self._run_along(Reminders(services, clock=self._clock).run())
        return postman

    async def _redis_answers(self) -> None:
        if not self.services.bus.trusted:
            raise Unavailable("Redis")

    def _run_along(self, work: Coroutine[object, object, None]) -> None:
        """Run something beside the gateway until that stops."""
        task = asyncio.create_task(work)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._stack.push_async_callback(end)
