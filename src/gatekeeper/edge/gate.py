"""The question before every request: a head in, ``Forward`` or ``Answer`` out. Any error on the way is a refusal.

For a session in the cache nothing here waits; for others the decision is a coroutine. The gate never touches a
connection: whoever asked does what it says.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

import structlog

from gatekeeper.config.model import OWN_PATHS
from gatekeeper.domain import background
from gatekeeper.domain.access import ALLOWED_UNKNOWN, Allow, Kind, Verdict, decide
from gatekeeper.domain.addresses import Authority, MalformedHost, authority, is_origin_of
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.login import owed, owed_until
from gatekeeper.domain.one_origin import worker_reaches
from gatekeeper.domain.paths import AmbiguousPath, split_target
from gatekeeper.domain.routing import APP, Own, Router, UnknownHost
from gatekeeper.edge.answers import Answer, Answers
from gatekeeper.edge.head import Request, fault_of
from gatekeeper.edge.own_cookies import OwnCookies
from gatekeeper.edge.peers import Peer, RequestIds, View
from gatekeeper.edge.renewal import Renewals
from gatekeeper.edge.ways import ASSERTION_REUSED_FOR, Prepared, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from gatekeeper.config import Config
    from gatekeeper.domain.model import Policies, Session
    from gatekeeper.edge.upstream import Pool

log = structlog.get_logger()

_KEEP_ALIVE = (b"keep-alive",)
_MOST_REMEMBERED = 8_192
PUBLIC_PATIENCE = 0.25
"""Seconds that a public route waits to know who is asking: it is open to everybody, Redis or not."""
_LONGEST_PATH_REMEMBERED = 256


class Cache(Protocol):
    """This node's copies of sessions (``sessions.cache.SessionCache``)."""

    def get(self, id: str) -> Session | None:  # noqa: A002 - the name that it has there
        """A copy that is known to be current, or ``None``."""


class Reader(Protocol):
    """Reads sessions afresh (``flows.reader.SessionReader``)."""

    async def read(self, session_id: str, now: float) -> Session | None:
        """The session as it stands. Raises ``Unavailable``."""


class Forward:
    """A request that is let through.

    Attributes:
        pool: where it goes.
        head: what the upstream gets, but for the framing of the body and the empty line.
        session: whose it is; ``None`` where nobody is known, and for our own pages, which see to that themselves.
        private: whether the answer is for one person's eyes, since a session was sent.
        own: whether it goes to our own pages.
        bodyless: whether its body is left out.
    """

    __slots__ = ("bodyless", "head", "own", "pool", "private", "session")

    def __init__(
        self, pool: Pool, head: bytes, session: Session | None, *, private: bool, own: bool, bodyless: bool = False
    ) -> None:
        self.pool = pool
        self.head = head
        self.session = session
        self.private = private
        self.own = own
        self.bodyless = bodyless


class Gate:
    """Decides about requests.

    Args:
        config: routes, hosts, prefix, trusted proxies, limits.
        cache: sessions that this node has copies of.
        reader: reads the others.
        policies: those in force.
        answers: writes refusals.
        ways: the routes.
        app: the pool of connections to our own pages.
        touch: writes down that a session was used (``sessions.Sessions.touch``).
        is_ended: whether a session is known to have ended, whatever Redis says.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        config: Config,
        cache: Cache,
        reader: Reader,
        policies: Callable[[], Policies],
        answers: Answers,
        *,
        ways: Iterable[Way],
        app: Pool,
        touch: Callable[[str, float], Coroutine[object, object, None]],
        is_ended: Callable[[Session], bool] = lambda _: False,
        now: Callable[[], float] = time.time,
    ) -> None:
        server = config.server
        self.ids = RequestIds()
        self.answers = answers
        self._server = server
        self._cache = cache
        self._reader = reader
        self._policies = policies
        self._app = app
        self._is_ended = is_ended
        self._now = now
        self._head_bytes = server.limits.head_bytes
        self._own_cookies = OwnCookies(server.cookies)
        self._renewals = Renewals(touch, config.session.idle_timeout)
        self._ways = tuple(ways)
        self._router: Router[Way] = Router(
            self._ways, hosts=server.public_hosts, prefix=server.prefix, own_paths=OWN_PATHS
        )
        self._places: dict[tuple[str, bytes], Way | Own | None] = {}

    def judge(self, request: Request, peer: Peer) -> Forward | Answer | Coroutine[object, object, Forward | Answer]:
        """Decide about a request, at once if that is possible."""
        request_id = self.ids.next()
        if request.sifted is None:
            fault = fault_of(request, self._head_bytes)
            if fault is not None:
                return self.answers.fault(fault, request, request_id.decode())
        try:
            return self._judge(request, peer, request_id)
        except (AmbiguousPath, MalformedHost) as error:
            return self.answers.error(400, request, request_id.decode(), str(error), closes=True)
        except UnknownHost as error:
            return self.answers.error(421, request, request_id.decode(), str(error), closes=True)
        except Exception:
            log.exception("gate.failed", request_id=request_id.decode())
            return self.answers.error(500, request, request_id.decode(), closes=True)

    def _judge(  # noqa: PLR0911 - each return is one way out of the gate
        self, request: Request, peer: Peer, request_id: bytes
    ) -> Forward | Answer | Coroutine[object, object, Forward | Answer]:
        view = peer.view(request)
        target = request.target
        plain = target[:1] == b"/" and b"#" not in target
        path = target.partition(b"?")[0] if plain else _unfold(request)
        way = self._way(view.host, path)
        if view.request_id is not None:
            request_id = view.request_id
        if way is APP:
            return self._own(request, view, request_id)
        if way is None:
            return self.answers.error(404, request, request_id.decode(), "no route has this path")
        sifted = request.sifted
        if sifted is None:
            refused = self._seams(request, view, path, request_id)
            if refused is not None:
                return refused
            session_id = self._own_cookies.take(request)
        else:
            session_id = sifted.session_id if sifted.known else self._own_cookies.learn(sifted)
        if session_id is None:
            return self._without_session(way, request, view, request_id)
        session = self._cache.get(session_id)
        if session is None:
            return self._read(way, session_id, request, view, request_id)
        prepared = way.prepared.get(session_id)
        now = self._now()
        if prepared is None or not self._stands(prepared, session, now):
            return self._decide_cached(way, session, request, view, request_id, now)
        if self._is_ended(session):
            return self._read(way, session_id, request, view, request_id)
        if now >= prepared.renew_at:
            self._renew(way, prepared, request.target, now)
        return self._forward(way, request, view, request_id, session, prepared.lines)

    def _way(self, host: str, path: bytes) -> Way | Own | None:
        """The router's answer, remembered; what it refuses is asked again."""
        key = (host, path)
        try:
            return self._places[key]
        except KeyError:
            way = self._router.match(host, path)
        if len(path) <= _LONGEST_PATH_REMEMBERED:
            if len(self._places) >= _MOST_REMEMBERED:
                self._places.clear()
            self._places[key] = way
        return way

    def _own(self, request: Request, view: View, request_id: bytes) -> Forward | Answer:
        if request.wants_websocket or request.service_worker:
            return self.answers.error(403, request, request_id.decode(), "our own pages do without this")
        request.drop_hops()
        request.unsift()
        for value in request.cookies:
            request.lines += (b"\r\nCookie: ", value)
        session_id = self._own_cookies.session_id(request.cookies)
        session = None if session_id is None else self._cache.get(session_id)
        if session is not None:
            self._renewals.renew(session, self._now())
        head = _head(request, view.raw_host, view.internal, request_id, b"")
        return Forward(self._app, head, None, private=session_id is not None, own=True)

    def _seams(self, request: Request, view: View, path: bytes, request_id: bytes) -> Answer | None:
        """Refuse what would reach from the platform into our pages, or from another site into the platform."""
        if request.wants_websocket:
            origin = request.get(b"origin")
            if origin is not None and not is_origin_of(origin.decode("latin-1"), view.host, view.scheme):
                return self.answers.error(
                    403, request, request_id.decode(), "the page that asks is on another site", closes=True
                )
        if request.service_worker and worker_reaches(path, self._server.prefix):
            return self.answers.error(
                403, request, request_id.decode(), "a service worker here could take over the sign-in pages"
            )
        return None

    def _stands(self, prepared: Prepared, session: Session, now: float) -> bool:
        """Whether what was worked out is still right."""
        if prepared.session is not session or now >= prepared.until or now >= prepared.idle_at:
            return False
        policies = self._policies()
        if prepared.policies is not policies:
            if prepared.policies != policies:
                return False
            prepared.policies = policies
        return True

    def _decide_cached(  # noqa: PLR0917 - private
        self, way: Way, session: Session, request: Request, view: View, request_id: bytes, now: float
    ) -> Forward | Answer | Coroutine[object, object, Forward | Answer]:
        outlived = session.expires_at <= now or self._renewals.idle_at(session) <= now
        if outlived or session.scope_epoch != self._policies().epoch or self._is_ended(session):
            return self._read(way, session.id, request, view, request_id)
        return self._with_session(way, session, request, view, request_id, now)

    async def _read(
        self, way: Way, session_id: str, request: Request, view: View, request_id: bytes
    ) -> Forward | Answer:
        """Decide by a fresh read of the session."""
        now = self._now()
        public = way.access.kind is Kind.PUBLIC
        try:
            async with asyncio.timeout(PUBLIC_PATIENCE if public else None):
                session = await self._reader.read(session_id, now)
            if session is None:
                return self._without_session(way, request, view, request_id, private=True)
            return self._with_session(way, session, request, view, request_id, now)
        except (GatekeeperError, TimeoutError) as error:
            if public:
                return self._without_session(way, request, view, request_id, private=True)
            return self.answers.error(503, request, request_id.decode(), str(error))
        except Exception:
            log.exception("gate.failed", request_id=request_id.decode())
            return self.answers.error(500, request, request_id.decode(), closes=True)

    def _without_session(
        self, way: Way, request: Request, view: View, request_id: bytes, *, private: bool = False
    ) -> Forward | Answer:
        preflight = way.route.preflight and _is_preflight(request)
        verdict = ALLOWED_UNKNOWN if preflight else decide(way.access, None, None)
        if not isinstance(verdict, Allow):
            return self._refuse(verdict, request, request_id)
        forward = self._forward(way, request, view, request_id, None, b"")
        forward.private = private
        forward.bodyless = preflight
        return forward

    def _with_session(  # noqa: PLR0917 - private
        self, way: Way, session: Session, request: Request, view: View, request_id: bytes, now: float
    ) -> Forward | Answer:
        policies = self._policies()
        step = owed(session.owner, policies.password, now, two_factor_applies=session.two_factor_applies)
        verdict = decide(way.access, session, step)
        if not isinstance(verdict, Allow):
            return self._refuse(verdict, request, request_id)
        if not verdict.known:
            return self._forward(way, request, view, request_id, session, b"")
        lines = way.lines_for(session, now)
        until = min(session.expires_at, owed_until(session.owner, policies.password, now), now + ASSERTION_REUSED_FOR)
        prepared = Prepared(session, policies, lines, until)
        way.keep(session.id, prepared)
        self._renew(way, prepared, request.target, now)
        return self._forward(way, request, view, request_id, session, lines)

    def _refuse(self, verdict: Verdict, request: Request, request_id: bytes) -> Answer:
        answer = self.answers.refusal(verdict, request, request.target, request_id.decode())
        if not request.wants_websocket:
            return answer
        return Answer(answer.status, answer.headers, answer.body, closes=True)

    @staticmethod
    def _flatten(request: Request) -> None:
        """Give sifted headers the form of others, the cookies that go on among them."""
        sifted = request.sifted
        if sifted is not None:
            cookies = sifted.outgoing[len(sifted.passing) :].split(b"\r\nCookie: ")[1:]
            request.unsift()
            for value in cookies:
                request.lines += (b"\r\nCookie: ", value)

    def _forward(  # noqa: PLR0917 - private
        self, way: Way, request: Request, view: View, request_id: bytes, session: Session | None, lines: bytes
    ) -> Forward:
        if way.replaces_authorization and lines:
            self._flatten(request)
            request.drop((b"authorization",))
        if request.connection and request.connection != _KEEP_ALIVE:
            request.drop_hops()
        head = _head(request, way.upstream_host or view.raw_host, view.forwarding, request_id, lines)
        return Forward(way.pool, head, session, private=session is not None, own=False)

    def _renew(self, way: Way, prepared: Prepared, target: bytes, now: float) -> None:
        """Write down that a session was used, unless by polling."""
        session = prepared.session
        if not (way.route.background and background.matches(way.route.background, target)):
            self._renewals.renew(session, now)
        prepared.idle_at = self._renewals.idle_at(session)
        prepared.renew_at = self._renewals.due_at(session)

    def forget(self, session_ids: Iterable[str]) -> None:
        """Sessions have changed or ended: what was worked out for them is gone."""
        for session_id in session_ids:
            for way in self._ways:
                way.prepared.pop(session_id, None)

    async def still_stands(self, session: Session) -> bool:
        """Whether a session that has a stream open is still one; where nobody can tell, it is taken for one."""
        now = self._now()
        if self._is_ended(session) or session.expires_at <= now:
            return False
        if self._cache.get(session.id) is not None and now < self._renewals.idle_at(session):
            return True
        try:
            return await self._reader.read(session.id, now) is not None
        except GatekeeperError:
            return True


def _head(request: Request, host: bytes, about: bytes, request_id: bytes, identity: bytes) -> bytes:
    """The head as the upstream gets it, up to the framing of the body."""
    sifted = request.sifted
    lines = b"".join(request.lines) if sifted is None else sifted.outgoing
    return b"".join(
        (
            request.method,
            b" ",
            request.target,
            b" HTTP/1.1\r\nHost: ",
            host,
            lines,
            b"\r\n",
            about,
            request_id,
            b"\r\n",
            identity,
        )
    )


def _unfold(request: Request) -> bytes:
    """The path of an unusual target; an absolute one is taken for the request's own host only, and rewritten."""
    target = split_target(request.target)
    if target.authority is not None and _one_form(target.authority) != _one_form(request.host or b""):
        raise AmbiguousPath("the target is on another host than the request")
    request.target = target.path + target.query
    return target.path


def _one_form(host: bytes) -> Authority:
    return authority(host.decode("latin-1"))


def _is_preflight(request: Request) -> bool:
    return (
        request.method == b"OPTIONS"
        and request.get(b"accesscontrolrequestmethod") is not None
        and request.get(b"origin") is not None
    )
