"""Which route a request takes: the host first, then the longest path by whole segments.

Query strings never take part. Every reading of the path must find the same route, or the request is refused.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from gatekeeper.domain.addresses import authority
from gatekeeper.domain.paths import AmbiguousPath, is_plain, readings

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_HOSTS_REMEMBERED = 1_024


class Place(Protocol):
    """Where a route applies. ``host`` is ``None`` for any host; it may name a port."""

    @property
    def host(self) -> str | None: ...

    @property
    def path(self) -> str: ...


R = TypeVar("R", bound=Place)


class Own(Enum):
    """The route to gatekeeper's own pages."""

    APP = "app"


APP: Final = Own.APP


class UnknownHost(LookupError):
    """No route and no public address knows this host: 421 (RFC 9110 §15.5.20)."""


class Router(Generic[R]):
    """Finds the route of a request.

    Args:
        routes: all routes, in any order.
        hosts: further known hosts, where gatekeeper's own pages answer: that of ``public_url`` at least.
        prefix: the path of gatekeeper's own pages, such as ``/gatekeeper``. It is ours on every known host.
        own_paths: further paths that are ours, exactly, on ``hosts`` alone: the well-known ones at the root.
    """

    def __init__(
        self, routes: Iterable[R], *, hosts: Iterable[str] = (), prefix: str, own_paths: Iterable[str] = ()
    ) -> None:
        self._prefix = prefix.encode()
        self._below_prefix = self._prefix + b"/"
        self._own_paths = frozenset(path.encode() for path in own_paths)
        self._public = frozenset(authority(host).host for host in hosts)
        by_host: dict[str | None, list[tuple[bytes, bytes, R]]] = {}
        for route in sorted(routes, key=lambda route: len(route.path.rstrip("/")), reverse=True):
            path = route.path.rstrip("/").encode()
            key = None if route.host is None else str(authority(route.host))
            by_host.setdefault(key, []).append((path, path + b"/", route))
        self._by_host = {host: tuple(found) for host, found in by_host.items()}
        self._tables: dict[str, Table[R]] = {}

    def match(self, host: str, path: bytes) -> R | Own | None:
        """The route of a request: one of the configured ones, ``APP`` for our own pages, or ``None`` for a 404.

        Args:
            host: the ``Host`` header as sent.
            path: the path of the request target as sent, without its query.

        Raises:
            MalformedHost: the host is none.
            UnknownHost: no route and no public address knows the host.
            AmbiguousPath: the path's readings would find different routes, or it has none that is safe.
        """
        table = self._tables.get(host) or self._table(host)
        if is_plain(path):
            return self._find(table, path)
        first, *others = readings(path)
        found = self._find(table, first)
        if any(self._find(table, other) is not found for other in others):
            raise AmbiguousPath("the path could be read as belonging to another route")
        return found

    def _find(self, table: Table[R], path: bytes) -> R | Own | None:
        if path.startswith(self._below_prefix) or path == self._prefix:
            return APP
        if table.public and path in self._own_paths:
            return APP
        for exact, below, route in table.routes:
            if path.startswith(below) or path == exact:
                return route
        return None

    def _table(self, host: str) -> Table[R]:
        name = authority(host)
        public = name.host in self._public
        keys = dict.fromkeys((str(name), name.host, None))
        known = [key for key in keys if key in self._by_host]
        if not known and not public:
            raise UnknownHost(f"no route and no public address knows the host {name}")
        table = Table(tuple(entry for key in known for entry in self._by_host[key]), public=public)
        if len(self._tables) >= MOST_HOSTS_REMEMBERED:
            self._tables.clear()
        self._tables[host] = table
        return table


class Table(Generic[R]):
    """The routes that are open to one host, in the order in which they are tried."""

    __slots__ = ("public", "routes")

    def __init__(self, routes: tuple[tuple[bytes, bytes, R], ...], *, public: bool) -> None:
        self.routes = routes
        self.public = public
