"""Where a request's target leads: the router's answers, remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.config.model import OWN_PATHS
from gatekeeper.domain.addresses import Authority, authority
from gatekeeper.domain.paths import AmbiguousPath, split_target
from gatekeeper.domain.routing import Own, Router

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatekeeper.config import ServerConfig
    from gatekeeper.edge.head import Request
    from gatekeeper.edge.ways import Way

_MOST_REMEMBERED = 8_192
_LONGEST_REMEMBERED = 256


class Places:
    """Finds the way of a request.

    Args:
        server: the prefix of our own pages, and the hosts where they answer.
        ways: the routes.
    """

    def __init__(self, server: ServerConfig, ways: Iterable[Way]) -> None:
        self._router: Router[Way] = Router(ways, hosts=server.public_hosts, prefix=server.prefix, own_paths=OWN_PATHS)
        self._known: dict[tuple[str, bytes], Way | Own | None] = {}

    def find(self, host: str, path: bytes) -> Way | Own | None:
        """A route, ``APP`` for our own pages, or ``None`` for a 404. What the router refuses is asked again.

        Raises:
            MalformedHost, UnknownHost, AmbiguousPath: as ``Router.match``.
        """
        key = (host, path)
        try:
            return self._known[key]
        except KeyError:
            way = self._router.match(host, path)
        if len(path) <= _LONGEST_REMEMBERED:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = way
        return way


def path_of(request: Request) -> bytes:
    """The path of a target. An absolute one is taken for the request's own host only, and rewritten.

    Raises:
        AmbiguousPath: the target has a fragment, is on another host, or is no target.
    """
    target = request.target
    if target[:1] == b"/" and b"#" not in target:
        return target.partition(b"?")[0]
    parts = split_target(target)
    if parts.authority is not None and _one_form(parts.authority) != _one_form(request.host or b""):
        raise AmbiguousPath("the target is on another host than the request")
    request.target = parts.path + parts.query
    return parts.path


def _one_form(host: bytes) -> Authority:
    return authority(host.decode("latin-1"))
