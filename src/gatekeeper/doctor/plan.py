"""What is examined: the operator's configuration, the way to the chain, and the pages that are looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatekeeper.doctor.visiting import Site
from gatekeeper.doctor.wire import Place
from gatekeeper.domain.access import Kind as AccessKind
from gatekeeper.domain.addresses import DEFAULT_PORTS
from gatekeeper.domain.headers import IDENTITY_HEADERS
from gatekeeper.domain.paths import AmbiguousPath
from gatekeeper.domain.routing import APP

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

    from gatekeeper.config import Config, RouteConfig

NO_HOST = "doctor.invalid"
"""A host that nobody has (RFC 6761 §6.4)."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page to look at."""

    route: RouteConfig
    site: Site
    target: str

    @property
    def public(self) -> bool:
        """Whether its route is open to everybody."""
        return self.route.access.kind is AccessKind.PUBLIC

    @property
    def url(self) -> str:
        """Its whole address."""
        return self.site.url + self.target


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose session was lent; ``cookie`` is its value, ``signs`` are texts by which pages show who it is."""

    username: str
    signs: tuple[str, ...]
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is examined, and by which way.

    Attributes:
        config: the operator's.
        url: where people reach the chain: ``https://host[:port]``.
        tls: verifies its certificate.
        prove: makes what the edge asks for (``edge.doctor.proof``).
        canary: makes a new word at each call.
        connect: host and port to connect to instead of those of the URL.
        person: whose session is used, if anybody's.
        pages: further pages to look at.
        own: the addresses of this machine.
        clear_port: where the chain may answer without TLS too; ``None``: that is not looked at.
    """

    config: Config
    url: str
    tls: ssl.SSLContext
    prove: Callable[[], str]
    canary: Callable[[], str]
    connect: tuple[str, int] | None = None
    person: Person | None = None
    pages: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    clear_port: int | None = None

    def names(self) -> tuple[str, ...]:
        """The names by which platforms are told who is asking."""
        return names_of(self.config.routes)

    def site(self, host: str | None) -> Site:
        """A host as people reach it; ``None``: that of the URL."""
        parts = urlsplit(self.url)
        authority = parts.netloc
        if host is not None:
            authority = host if parts.port is None or ":" in host.rpartition("]")[2] else f"{host}:{parts.port}"
        named = urlsplit(f"{parts.scheme}://{authority}")
        name = named.hostname or ""
        connect = self.connect or (name, named.port or DEFAULT_PORTS[parts.scheme])
        tls = self.tls if parts.scheme == "https" else None
        return Site(f"{parts.scheme}://{authority}", Place(*connect, tls, name), self.config.server.prefix)

    def to_look_at(self) -> list[Page]:
        """One page of each route that leads somewhere else or asks for something else, and those that were named."""
        found: dict[object, Page] = {}
        for route in self.config.routes:
            page = Page(route, self.site(route.host), route.path)
            found.setdefault((page.site.url, route.upstream, route.access, tuple(route.headers)), page)
        site = self.site(None)
        for target in self.pages:
            route_there = self._route_of(site, target)
            if route_there is not None:
                found[target] = Page(route_there, site, target)
        return list(found.values())

    def astray(self) -> list[str]:
        """The addresses of those pages that were named and that no route has."""
        site = self.site(None)
        return [site.url + target for target in self.pages if self._route_of(site, target) is None]

    def _route_of(self, site: Site, target: str) -> RouteConfig | None:
        try:
            leads = self.config.router().match(site.host, target.partition("?")[0].encode())
        except (AmbiguousPath, LookupError):
            return None
        return None if leads is APP else leads


def names_of(routes: Iterable[RouteConfig]) -> tuple[str, ...]:
    """The names by which some platforms may be told who is asking, the contract's first."""
    return tuple(dict.fromkeys((*IDENTITY_HEADERS, *(name for route in routes for name in route.headers))))
