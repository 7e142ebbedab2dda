"""Routes as the gate uses them: each with its connections, and what it has worked out for the sessions that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.headers import ASSERTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gatekeeper.config import RouteConfig
    from gatekeeper.domain.model import Policies, Session
    from gatekeeper.edge.pool import Pool

ASSERTION_LIFE = 300.0
ASSERTION_REUSED_FOR = 240.0
"""Seconds for which an assertion is used again: whoever gets the last has a minute left to check it."""

MOST_PREPARED = 50_000


class Prepared:
    """What a session's requests on one route come to, as long as nothing changes: they pass, with these lines.

    Attributes:
        until: when time alone may change that.
        look_again_at: when it needs another look: then, or when the session's use is to be written down again.
    """

    __slots__ = ("lines", "look_again_at", "policies", "session", "until")

    def __init__(self, session: Session, policies: Policies, lines: bytes, until: float) -> None:
        self.session = session
        self.policies = policies
        self.lines = lines
        self.until = until
        self.look_again_at = 0.0


class Way:
    """One route.

    Args:
        route: as configured.
        pool: the connections to its upstream.
        sign: signs an assertion's claims; it adds the issuer.
    """

    def __init__(self, route: RouteConfig, pool: Pool, sign: Callable[[Mapping[str, object]], str]) -> None:
        self.route = route
        self.host = route.host
        self.path = route.path
        self.access = route.access
        self.pool = pool
        self.upstream_host = route.upstream.authority.encode() if route.host_header == "upstream" else None
        self.replaces_authorization = route.identity_headers.replaces_authorization
        self.prepared: dict[str, Prepared] = {}
        self._sign = sign

    def lines_for(self, session: Session, now: float) -> bytes:
        """The lines that tell the upstream who is asking, the assertion among them; each with its CRLF."""
        lines = self.route.identity_headers.lines(session.owner)
        if self.route.identity == "none":
            return lines
        claims = {
            "aud": self.route.name,
            "sub": session.owner.user_id,
            "email": session.owner.email,
            "name": session.owner.display_name,
            "preferred_username": session.owner.username,
            "amr": list(session.amr),
            "auth_time": int(session.authenticated_at),
            "iat": int(now),
            "exp": int(now + ASSERTION_LIFE),
        }
        return lines + f"{ASSERTION}: {self._sign(claims)}\r\n".encode()

    def keep(self, session_id: str, prepared: Prepared) -> None:
        """Remember what was worked out; the oldest is forgotten first."""
        known = self.prepared
        if len(known) >= MOST_PREPARED:
            del known[next(iter(known))]
        known[session_id] = prepared
