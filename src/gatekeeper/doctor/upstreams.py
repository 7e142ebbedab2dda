"""Ways past the gate: the platforms' own addresses, which nobody but gatekeeper should reach."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.doctor.findings import Finding, hole, listed, remark, unclear
from gatekeeper.doctor.machine import is_here
from gatekeeper.doctor.wire import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gatekeeper.config import RouteConfig, Upstream


@dataclass(frozen=True, slots=True)
class Approach:
    """A platform, and where to try it.

    Attributes:
        routes: those that lead to it.
        places: addresses to try.
        here: whether it runs on this machine; then the places are those where it should not answer.
    """

    routes: tuple[RouteConfig, ...]
    places: tuple[Place, ...]
    here: bool

    @property
    def upstream(self) -> Upstream:
        """Its address in the configuration."""
        return self.routes[0].upstream


@dataclass(frozen=True, slots=True)
class Reached:
    """A place that answered, and the names by which it let itself be told who is asking."""

    place: Place
    status: int
    taken: tuple[str, ...] = ()


def approaches(
    routes: Iterable[RouteConfig], own: tuple[str, ...], addresses_of: Callable[[str], tuple[str, ...]]
) -> list[Approach]:
    """Where to try the platforms; one on a Unix socket cannot be reached otherwise.

    Args:
        routes: all of them.
        own: the addresses of this machine.
        addresses_of: those of a name.
    """
    by_upstream: dict[Upstream, list[RouteConfig]] = {}
    for route in routes:
        if route.upstream.socket is None:
            by_upstream.setdefault(route.upstream, []).append(route)
    found = []
    for upstream, leading in by_upstream.items():
        here = is_here(addresses_of(upstream.host), own)
        hosts = own if here else (upstream.host,)
        tls = _unverified() if upstream.scheme == "https" else None
        places = tuple(Place(host, upstream.port, tls, upstream.host) for host in hosts)
        found.append(Approach(tuple(leading), places, here))
    return found


def judge_upstream(approach: Approach, reached: Iterable[Reached]) -> Finding | None:
    """Judge which places answered, and what they took."""
    answered = list(reached)
    taken = tuple(dict.fromkeys(name for one in answered for name in one.taken))
    name, upstream = approach.routes[0].name, approach.upstream
    where = listed(tuple(str(one.place) for one in answered if one.taken or not taken))
    if not answered:
        return None
    if not approach.here:
        if not taken:
            return None
        what = f"{where} believes {listed(taken)} from whoever reaches it; this machine does."
        change = "If gatekeeper runs here, all is well so far: see that no other machine reaches that address."
        return remark(name, what, change)
    change = (
        f"Let the platform listen on {upstream.host} alone, or on a Unix socket, or let a firewall keep others from "
        f"port {upstream.port}; where it can be told whose headers to believe, name gatekeeper's address alone."
    )
    if taken:
        what = f"The platform answers at {where}, past gatekeeper, and believes {listed(taken)} from anybody there."
        return hole(name, what, change)
    status = answered[0].status
    what = f"The platform answers at {where}, past gatekeeper ({status}); whom it believes cannot be seen on this page."
    return unclear(name, what, f"{change} --page names a page that shows who is signed in.")


def _unverified() -> ssl.SSLContext:
    """Whoever answers there: it is not trusted with anything."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
