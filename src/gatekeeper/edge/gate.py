"""The question before every request: a head in, ``Forward`` or ``Answer`` out. Any error on the way is a refusal.

For a session in the cache nothing here waits; for others the decision is a coroutine. The gate never touches a
connection: whoever asked does what it says.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from gatekeeper.domain.access import ALLOWED_UNKNOWN, Allow, Kind, Verdict, decide
from gatekeeper.domain.addresses import MalformedHost
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.login import owed, owed_until
from gatekeeper.domain.paths import AmbiguousPath
from gatekeeper.domain.routing import APP, UnknownHost
from gatekeeper.edge import doctor
from gatekeeper.edge.answers import Answer, Answers
from gatekeeper.edge.faults import fault_of
from gatekeeper.edge.forward import Forward, head_of
from gatekeeper.edge.forward_auth import PATH, Front, answer_to, front_of, original_of
from gatekeeper.edge.own_cookies import OwnCookies
from gatekeeper.edge.peers import RequestIds
from gatekeeper.edge.places import Places, path_of
from gatekeeper.edge.renewal import Renewals
from gatekeeper.edge.seams import crosses, is_preflight
from gatekeeper.edge.standing import Standing
from gatekeeper.edge.ways import ASSERTION_REUSED_FOR, Prepared, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from gatekeeper.config import Config
    from gatekeeper.crypto.tokens import Signer
    from gatekeeper.domain.model import Policies, Session
    from gatekeeper.edge.head import Request
    from gatekeeper.edge.peers import Peer, View
    from gatekeeper.edge.pool import Pool
    from gatekeeper.edge.standing import Cache, Reader

log = structlog.get_logger()

_KEEP_ALIVE = (b"keep-alive",)
PUBLIC_PATIENCE = 0.25
"""Seconds that a public route waits to know who is asking: it is open to everybody, Redis or not."""


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
        signer: knows the doctor's questions; ``None``: they are not answered.
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
        signer: Signer | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        server = config.server
        self.ids = RequestIds()
        self.answers = answers
        self._server = server
        self._app = app
        self._signer = signer
        self._now = now
        self._head_bytes = server.limits.head_bytes
        self._own_cookies = OwnCookies(server.cookies)
        self._renewals = Renewals(touch, config.session.idle_timeout)
        self._standing = Standing(cache, reader, policies, is_ended, self._renewals)
        self._ways = tuple(ways)
        self._places = Places(server, self._ways)
        self._questions = (server.prefix + PATH).encode()
        self._doctors = (server.prefix + doctor.PATH).encode()
        self._asides = (self._questions, self._doctors)

    def judge(self, request: Request, peer: Peer) -> Forward | Answer | Coroutine[object, object, Forward | Answer]:
        """Decide about a request, at once if that is possible."""
        request_id = self.ids.next()
        if request.sifted is None:
            fault = fault_of(request, self._head_bytes)
            if fault is not None:
                return self.answers.fault(fault, request, request_id.decode())
        try:
            view = peer.view(request)
            path = path_of(request)
            if path.startswith(self._asides):
                return self._aside(request, peer, view, path, request_id)
            return self._judge(request, view, path, request_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a refusal
            return self._failed(error, request, request_id)

    def _failed(self, error: Exception, request: Request, request_id: bytes) -> Answer:
        if isinstance(error, AmbiguousPath | MalformedHost):
            return self.answers.error(400, request, request_id.decode(), str(error), closes=True)
        if isinstance(error, UnknownHost):
            return self.answers.error(421, request, request_id.decode(), str(error), closes=True)
        log.error("gate.failed", request_id=request_id.decode(), exc_info=error)
        return self.answers.error(500, request, request_id.decode(), closes=True)

    def _aside(
        self, request: Request, peer: Peer, view: View, path: bytes, request_id: bytes
    ) -> Forward | Answer | Coroutine[object, object, Forward | Answer]:
        """Perhaps a question that the edge answers itself, for whoever may ask it."""
        if path.startswith(self._questions):
            return self._question(request, peer, view, path, request_id)
        told = None
        if path == self._doctors and self._signer is not None:
            told = doctor.answer_to(request, peer, view, self._signer, self._now())
        return self._judge(request, view, path, request_id) if told is None else told

    def _question(
        self, request: Request, peer: Peer, view: View, path: bytes, request_id: bytes
    ) -> Answer | Coroutine[object, object, Answer]:
        """Another proxy asks about a request of its own (forward-auth)."""
        front = front_of(path[len(self._questions) :]) if peer.trusted else None
        if front is None:
            return self.answers.error(404, request, request_id.decode(), "no route has this path")
        original = request
        try:
            original = original_of(front, request, view, len(self._questions) + len(front))
            fault = fault_of(original, self._head_bytes)
            if fault is None:
                outcome = self._judge(original, view, path_of(original), request_id)
            else:
                outcome = self.answers.fault(fault, original, request_id.decode())
        except Exception as error:  # noqa: BLE001 - as above
            outcome = self._failed(error, original, request_id)
        if isinstance(outcome, Forward | Answer):
            return answer_to(front, request, original, outcome)
        return self._answer_later(front, request, original, outcome)

    @staticmethod
    async def _answer_later(
        front: Front, question: Request, original: Request, deciding: Coroutine[object, object, Forward | Answer]
    ) -> Answer:
        return answer_to(front, question, original, await deciding)

    def _judge(  # noqa: PLR0911 - each return is one way out of the gate
        self, request: Request, view: View, path: bytes, request_id: bytes
    ) -> Forward | Answer | Coroutine[object, object, Forward | Answer]:
        way = self._places.find(view.host, path)
        if view.request_id is not None:
            request_id = view.request_id
        if way is APP:
            return self._own(request, view, request_id)
        if way is None:
            return self.answers.error(404, request, request_id.decode(), "no route has this path")
        sifted = request.sifted
        if sifted is None:
            refused = crosses(request, view, path, self._server.prefix)
            if refused is not None:
                return self.answers.error(403, request, request_id.decode(), refused, closes=request.wants_websocket)
            session_id = self._own_cookies.take(request)
        else:
            session_id = sifted.session_id if sifted.known else self._own_cookies.learn(sifted)
        if session_id is None:
            return self._without_session(way, request, view, request_id)
        session = self._standing.copy(session_id)
        if session is None:
            return self._read(way, session_id, request, view, request_id)
        prepared = way.prepared.get(session_id)
        now = self._now()
        if prepared is not None and self._standing.holds(prepared, session, now):
            return self._forward(way, request, view, request_id, session, prepared.lines)
        if not self._standing.is_fresh(session, now):
            return self._read(way, session_id, request, view, request_id)
        if prepared is not None and self._standing.agrees(prepared, session, now):
            self._standing.used(way, prepared, request.target, now)
            return self._forward(way, request, view, request_id, session, prepared.lines)
        return self._with_session(way, session, request, view, request_id, now)

    def _own(self, request: Request, view: View, request_id: bytes) -> Forward | Answer:
        if request.wants_websocket or request.service_worker:
            return self.answers.error(403, request, request_id.decode(), "our own pages do without this")
        request.drop_hops()
        request.unsift()
        for value in request.cookies:
            request.lines += (b"\r\nCookie: ", value)
        session_id = self._own_cookies.session_id(request.cookies)
        session = None if session_id is None else self._standing.copy(session_id)
        if session is not None:
            self._renewals.renew(session, self._now())
        head = head_of(request, view.raw_host, view.internal, request_id, b"")
        forward = Forward(self._app, head, None, b"")
        forward.private = session_id is not None
        forward.own = True
        return forward

    async def _read(
        self, way: Way, session_id: str, request: Request, view: View, request_id: bytes
    ) -> Forward | Answer:
        """Decide by a fresh read of the session."""
        now = self._now()
        public = way.access.kind is Kind.PUBLIC
        try:
            async with asyncio.timeout(PUBLIC_PATIENCE if public else None):
                session = await self._standing.read(session_id, now)
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
        preflight = way.route.preflight and is_preflight(request)
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
        policies = self._standing.policies()
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
        self._standing.used(way, prepared, request.target, now)
        return self._forward(way, request, view, request_id, session, lines)

    def _refuse(self, verdict: Verdict, request: Request, request_id: bytes) -> Answer:
        answer = self.answers.refusal(verdict, request, request.target, request_id.decode())
        if not request.wants_websocket:
            return answer
        return Answer(answer.status, answer.headers, answer.body, closes=True)

    def _forward(  # noqa: PLR0917 - private
        self, way: Way, request: Request, view: View, request_id: bytes, session: Session | None, lines: bytes
    ) -> Forward:
        if way.replaces_authorization and lines:
            request.flatten()
            request.drop((b"authorization",))
        if request.sifted is None and request.connection and request.connection != _KEEP_ALIVE:
            request.drop_hops()
        head = head_of(request, way.upstream_host or view.raw_host, view.forwarding, request_id, lines)
        return Forward(way.pool, head, session, lines)

    def forget(self, session_ids: Iterable[str]) -> None:
        """Sessions have changed or ended: what was worked out for them is gone."""
        for session_id in session_ids:
            for way in self._ways:
                way.prepared.pop(session_id, None)

    async def still_stands(self, session: Session) -> bool:
        """Whether a session that has a stream open is still one; where nobody can tell, it is taken for one."""
        return await self._standing.still_stands(session, self._now())
