"""Looks at a page as a browser would: with cookies that it is given, and where it is sent on within the same host."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from gatekeeper.doctor.wire import NoAnswer

if TYPE_CHECKING:
    from gatekeeper.doctor.forgeries import Forgery
    from gatekeeper.doctor.wire import Place, Seen, Wire

_MOST_HOPS = 4
_MOVED = frozenset({301, 302, 303, 307, 308})
_REFUSES_SYNTAX = frozenset({400, 413, 414, 431, 494, 501, 505})
"""What a server answers to a request that it does not like the look of; such a page often quotes it."""


class Kind(Enum):
    """How a visit ended."""

    OPEN = "open"
    SIGN_IN = "sign-in"
    REFUSED = "refused"
    AWAY = "another place"
    BROKEN = "an error of the server"
    NOTHING = "no answer"


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of looking at a page; ``hops`` are the answers in order, ``why`` says why there is none."""

    kind: Kind
    hops: tuple[Seen, ...] = ()
    why: str = ""

    @property
    def status(self) -> int:
        """Of the last answer; 0 where there is none."""
        return self.hops[-1].status if self.hops else 0

    @property
    def body(self) -> bytes:
        """Of the last answer."""
        return self.hops[-1].body if self.hops else b""

    @property
    def refuses_syntax(self) -> bool:
        """Whether the request itself was refused, whoever sent it."""
        return self.kind is Kind.NOTHING or self.status in _REFUSES_SYNTAX

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        if self.kind is Kind.NOTHING:
            return f"got no answer ({self.why})"
        onward = f", which leads to {self.hops[-1].get('location')}" if self.kind is Kind.AWAY else ""
        return f"answered {self.status}{onward}"

    def says(self, text: str) -> bool:
        """Whether a text is anywhere in the answers; a page that quotes what it refuses does not count."""
        return any(seen.says(text) for seen in self.hops if seen.status not in _REFUSES_SYNTAX)


@dataclass(frozen=True, slots=True)
class Site:
    """One host as people reach it: ``url`` is ``https://host[:port]``, ``place`` where to connect."""

    url: str
    place: Place
    prefix: str

    @property
    def host(self) -> str:
        """As ``Host`` says it."""
        return urlsplit(self.url).netloc

    def request(self, target: str, lines: tuple[str, ...], cookies: str = "") -> bytes:
        """The bytes of a request."""
        head = [
            f"GET {target} HTTP/1.1",
            f"Host: {self.host}",
            "Accept: text/html,*/*",
            "User-Agent: gatekeeper-doctor",
            "Cache-Control: no-store",  # what a platform says to a made-up name is for nobody else to see
        ]
        sent = [f"Cookie: {cookies}"] if cookies else []
        return "\r\n".join([*head, *sent, *lines, "", ""]).encode()


async def visit(wire: Wire, site: Site, target: str, forgery: Forgery, cookie: str = "") -> Visit:
    """Look at a page.

    Args:
        wire: asks.
        site: whose page.
        target: sent as it is.
        forgery: its lines go along.
        cookie: ``name=value`` of a session, or nothing.
    """
    jar = dict([cookie.split("=", 1)]) if cookie else {}
    hops: list[Seen] = []
    try:
        while True:
            cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
            seen = await wire.ask(site.place, site.request(target, forgery.lines, cookies))
            hops.append(seen)
            onward = _onward(site, target, seen)
            if onward is None or len(hops) == _MOST_HOPS:
                return Visit(_kind(site, seen), tuple(hops))
            _take(jar, seen)
            target = onward
    except NoAnswer as error:
        return Visit(Kind.NOTHING, tuple(hops), str(error))


def _kind(site: Site, seen: Seen) -> Kind:
    if seen.status in _MOVED:
        path = urlsplit(seen.get("location") or "").path
        return Kind.SIGN_IN if path.startswith(f"{site.prefix}/login") else Kind.AWAY
    if seen.status == 401:  # noqa: PLR2004 - Unauthorized
        return Kind.SIGN_IN
    by_class = {2: Kind.OPEN, 3: Kind.OPEN, 4: Kind.REFUSED}
    return by_class.get(seen.status // 100, Kind.BROKEN)


def _onward(site: Site, target: str, seen: Seen) -> str | None:
    """Where an answer leads, if that is a page of the platform on the same host."""
    location = seen.get("location")
    if seen.status not in _MOVED or location is None:
        return None
    whole = urljoin(site.url + target.partition("?")[0], location)
    parts = urlsplit(whole)
    same = (parts.scheme, parts.netloc.lower()) == (urlsplit(site.url).scheme, site.host.lower())
    if not same or parts.path.startswith(f"{site.prefix}/") or not whole.isascii() or not whole.isprintable():
        return None
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _take(jar: dict[str, str], seen: Seen) -> None:
    for name, value in seen.headers:
        if name.lower() == "set-cookie":
            key, equals, content = value.partition(";")[0].partition("=")
            if equals:
                jar[key.strip()] = content.strip()
