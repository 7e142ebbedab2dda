"""Where a sign-in leads: what of a ``next`` may go into ``Location``, and what that place asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from gatekeeper.domain.addresses import MalformedHost
from gatekeeper.domain.paths import AmbiguousPath
from gatekeeper.domain.redirects import HOME, safe_next
from gatekeeper.domain.routing import Own, UnknownHost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatekeeper.config import Config

NEXT = "next"


class Destinations:
    """The places that a sign-in may lead to.

    Args:
        config: the routes, the public address and the prefix of our own pages.
    """

    def __init__(self, config: Config) -> None:
        self._scheme = config.server.scheme
        self._hosts = config.redirect_hosts()
        self._prefix = config.server.prefix
        self._router = config.router()

    def next_of(self, fields: Mapping[str, str]) -> str:
        """Where the person wants to go, out of a query or a form; ``/`` where that is no place of ours."""
        return safe_next(fields.get(NEXT, HOME), self._hosts, scheme=self._scheme)

    def own(self, path: str, following: str | None = None) -> str:
        """An address of ours, such as ``/gatekeeper/login/code?next=/mail``."""
        query = "" if following is None or following == HOME else f"?{NEXT}={quote(following, safe='/')}"
        return f"{self._prefix}{path}{query}"

    def wants_second_factor(self, host: str, following: str) -> bool:
        """Whether the route that a ``next`` leads to asks for a code in the session.

        Args:
            host: of the request, where ``following`` names none.
            following: a ``next`` that was found to be a place of ours.
        """
        parts = urlsplit(following)
        try:
            route = self._router.match(parts.netloc or host, (parts.path or HOME).encode())
        except (AmbiguousPath, MalformedHost, UnknownHost):
            return False
        return route is not None and not isinstance(route, Own) and route.access.second_factor

    @staticmethod
    def origin_of(following: str) -> str | None:
        """The origin of a ``next`` on another host: a page whose form leads there must name it to browsers."""
        parts = urlsplit(following)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None
