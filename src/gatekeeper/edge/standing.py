"""Whether sessions still stand, as far as this node knows, and what was worked out for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gatekeeper.domain import background
from gatekeeper.domain.errors import GatekeeperError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.domain.model import Policies, Session
    from gatekeeper.edge.renewal import Renewals
    from gatekeeper.edge.ways import Prepared, Way


class Cache(Protocol):
    """This node's copies of sessions (``sessions.cache.SessionCache``)."""

    def get(self, id: str) -> Session | None:  # noqa: A002 - the name that it has there
        """A copy that is known to be current, or ``None``."""


class Reader(Protocol):
    """Reads sessions afresh (``flows.reader.SessionReader``)."""

    async def read(self, session_id: str, now: float) -> Session | None:
        """The session as it stands. Raises ``Unavailable``."""


class Standing:
    """Knows of sessions.

    Args:
        cache: those that this node has copies of.
        reader: reads the others.
        policies: those in force.
        is_ended: whether a session is known to have ended, whatever Redis says.
        renewals: when sessions were last used.

    Attributes:
        copy: a session that is known to be current, or ``None``.
        read: the session as it stands. Raises ``Unavailable``.
        policies: those in force.
    """

    def __init__(
        self,
        cache: Cache,
        reader: Reader,
        policies: Callable[[], Policies],
        is_ended: Callable[[Session], bool],
        renewals: Renewals,
    ) -> None:
        self.copy = cache.get
        self.read = reader.read
        self.policies = policies
        self._is_ended = is_ended
        self._renewals = renewals

    def holds(self, prepared: Prepared, session: Session, now: float) -> bool:
        """Whether what was worked out for a session can be used without another look."""
        return (
            prepared.session is session
            and now < prepared.look_again_at
            and prepared.policies is self.policies()
            and not self._is_ended(session)
        )

    def agrees(self, prepared: Prepared, session: Session, now: float) -> bool:
        """Whether a closer look finds it right as well."""
        return prepared.session is session and now < prepared.until and prepared.policies == self.policies()

    def is_fresh(self, session: Session, now: float) -> bool:
        """Whether a copy says all that there is to know; if not, it is read afresh before anything is decided."""
        return (
            now < session.expires_at
            and now < self._renewals.idle_at(session)
            and session.scope_epoch == self.policies().epoch
            and not self._is_ended(session)
        )

    def used(self, way: Way, prepared: Prepared, target: bytes, now: float) -> None:
        """Write down that a session was used, unless by polling, and that what was worked out for it is right."""
        session = prepared.session
        if not (way.route.background and background.matches(way.route.background, target)):
            self._renewals.renew(session, now)
        prepared.policies = self.policies()
        prepared.look_again_at = min(prepared.until, self._renewals.due_at(session))

    async def still_stands(self, session: Session, now: float) -> bool:
        """Whether a session that has a stream open is still one; where nobody can tell, it is taken for one."""
        if self._is_ended(session) or session.expires_at <= now:
            return False
        if self.copy(session.id) is not None and now < self._renewals.idle_at(session):
            return True
        try:
            return await self.read(session.id, now) is not None
        except GatekeeperError:
            return True
