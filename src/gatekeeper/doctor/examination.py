"""The whole examination, in order: what is trusted, what a proxy passes on, every route, platforms' own addresses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatekeeper.doctor import identity, paths, trust, upstreams
from gatekeeper.doctor.findings import unclear
from gatekeeper.doctor.forgeries import forgeries, harmless, other_paths, taking_off
from gatekeeper.doctor.identity import How, Subject
from gatekeeper.doctor.machine import addresses_of
from gatekeeper.doctor.odd_paths import odd_targets
from gatekeeper.doctor.upstreams import Reached
from gatekeeper.doctor.visiting import Kind, Site, visit
from gatekeeper.doctor.wire import NoAnswer, Place, Wire
from gatekeeper.domain.access import Kind as AccessKind
from gatekeeper.domain.addresses import DEFAULT_PORTS
from gatekeeper.domain.headers import IDENTITY_HEADERS
from gatekeeper.domain.paths import AmbiguousPath
from gatekeeper.domain.routing import APP
from gatekeeper.edge import doctor as question

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Sequence

    from gatekeeper.config import Config, RouteConfig
    from gatekeeper.doctor.findings import Finding
    from gatekeeper.doctor.forgeries import Forgery
    from gatekeeper.doctor.identity import Effect
    from gatekeeper.doctor.trust import Told
    from gatekeeper.doctor.upstreams import Approach
    from gatekeeper.doctor.visiting import Visit

ADDRESS, ADDRESS_ELSE = "203.0.113.77", "203.0.113.78"
"""Addresses of nobody (RFC 5737 §3)."""
HOST = "doctor.invalid"
_OK = 200


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose session was lent; ``cookie`` is its value, ``signs`` are texts by which pages show who it is."""

    username: str
    signs: tuple[str, ...]
    cookie: str


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


@dataclass(frozen=True, slots=True)
class Page:
    """One page to look at."""

    route: RouteConfig
    site: Site
    target: str


class Unreachable(Exception):
    """The chain itself cannot be reached; the text says why."""


class Examination:
    """Examines a chain.

    Args:
        plan: what, and how.
        progress: told what is looked at, how many things have been, and how many there are.
    """

    def __init__(self, plan: Plan, progress: Callable[[str, int, int], None] = lambda *_: None) -> None:
        self.wire = Wire()
        self._plan = plan
        self._progress = progress
        self._router = plan.config.router()
        self._cookie = ""
        if plan.person is not None:
            self._cookie = f"{plan.config.server.cookies.session}={plan.person.cookie}"

    async def run(self) -> list[Finding]:
        """Everything that was found, the same thing once.

        Raises:
            Unreachable: nothing can be sent.
        """
        plan = self._plan
        pages = self._pages()
        approached = upstreams.approaches(plan.config.routes, plan.own, addresses_of)
        total = 1 + len(pages) + len(approached)
        self._progress("what is believed", 0, total)
        found = trust.judge_networks(plan.config.server.trusted_proxies)
        found += self._astray()
        found += await self._look_at_trust()
        open_pages = await self._open_pages(pages)
        for done, page in enumerate(pages, 1):
            self._progress(page.site.url + page.target, done, total)
            found += await self._look_at(page, open_pages)
        for done, approach in enumerate(approached, 1 + len(pages)):
            self._progress(f"past gatekeeper: {approach.routes[0].name}", done, total)
            found += await self._go_past(approach)
        self._progress("done", total, total)
        return list(dict.fromkeys(found))

    def _site(self, host: str | None) -> Site:
        plan = self._plan
        parts = urlsplit(plan.url)
        authority = parts.netloc
        if host is not None:
            authority = host if parts.port is None or ":" in host.rpartition("]")[2] else f"{host}:{parts.port}"
        named = urlsplit(f"{parts.scheme}://{authority}")
        name = named.hostname or ""
        connect = plan.connect or (name, named.port or DEFAULT_PORTS[parts.scheme])
        tls = plan.tls if parts.scheme == "https" else None
        return Site(f"{parts.scheme}://{authority}", Place(*connect, tls, name), plan.config.server.prefix)

    def _pages(self) -> list[Page]:
        """One page of each route that leads somewhere else or asks for something else, and those that were named."""
        found: dict[object, Page] = {}
        for route in self._plan.config.routes:
            page = Page(route, self._site(route.host), route.path)
            found.setdefault((page.site.url, route.upstream, route.access, tuple(route.headers)), page)
        site = self._site(None)
        for target in self._plan.pages:
            route_there = self._route_of(site, target)
            if route_there is not None:
                found[target] = Page(route_there, site, target)
        return list(found.values())

    def _route_of(self, site: Site, target: str) -> RouteConfig | None:
        try:
            leads = self._router.match(site.host, target.partition("?")[0].encode())
        except (AmbiguousPath, LookupError):
            return None
        return None if leads is APP else leads

    def _astray(self) -> list[Finding]:
        """The pages that were named and that no route has."""
        site = self._site(None)
        return [
            unclear("--page", f"{site.url}{target} belongs to no route.", "Name a page of a platform.")
            for target in self._plan.pages
            if self._route_of(site, target) is None
        ]

    async def _open_pages(self, pages: Sequence[Page]) -> set[bytes]:
        found = set()
        for page in pages:
            if page.route.access.kind is AccessKind.PUBLIC:
                seen = await visit(self.wire, page.site, page.target, harmless(self._plan.canary()))
                if seen.kind is Kind.OPEN:
                    found.add(seen.body)
        return found

    # What is believed of a client

    async def _look_at_trust(self) -> list[Finding]:
        site = self._site(None)
        proxies = self._plan.config.server.trusted_proxies
        token = self._plan.canary()
        plain = await self._told(site, token)
        if isinstance(plain, str):
            return [trust.judge_silence(site.url + site.prefix + question.PATH, plain)]
        direct = plain.reached_directly(token)
        scheme = urlsplit(site.url).scheme
        found: list[Finding | None] = [*trust.judge_view(plain, scheme=scheme, host=site.host, direct=direct)]
        for name, value, forged in (
            ("X-Forwarded-For", ADDRESS, ADDRESS),
            ("X_Forwarded_For", ADDRESS, ADDRESS),
            ("Forwarded", f"for={ADDRESS_ELSE}", ADDRESS_ELSE),
        ):
            told = await self._told(site, token, f"{name}: {value}")
            if not isinstance(told, str):
                found.append(trust.judge_address(proxies, told, name, forged, direct=direct))
        other = "http" if plain.scheme == "https" else "https"
        for name in ("X-Forwarded-Proto", "X_Forwarded_Proto"):
            told = await self._told(site, token, f"{name}: {other}")
            if not isinstance(told, str):
                found.append(trust.judge_claim(proxies, told, name, other, told.scheme, direct=direct))
        for name in ("X-Forwarded-Host", "X_Forwarded_Host"):
            told = await self._told(site, token, f"{name}: {HOST}")
            if not isinstance(told, str):
                found.append(trust.judge_claim(proxies, told, name, HOST, told.host, direct=direct))
        return [finding for finding in found if finding is not None]

    async def _told(self, site: Site, token: str, *lines: str) -> Told | str:
        """What the edge told, or how it failed to."""
        proof = f"{question.HEADER}: {self._plan.prove()}"
        raw = site.request(site.prefix + question.PATH, (proof, *lines, f"Connection: close, {token}"))
        try:
            seen = await self.wire.ask(site.place, raw)
        except NoAnswer as error:
            if error.unreachable:
                raise Unreachable(str(error)) from None
            return f"got no answer ({error})"
        told = trust.told_of(seen.body) if seen.status == _OK else None
        return f"answered {seen.status}" if told is None else told

    # Pages, through the chain

    async def _look_at(self, page: Page, open_pages: set[bytes]) -> list[Finding]:
        public = page.route.access.kind is AccessKind.PUBLIC
        url = page.site.url + page.target
        subjects = [Subject(page.route.name, url, public)]
        if self._plan.person is not None:
            subjects.append(Subject(page.route.name, url, public, self._plan.person.username, self._plan.person.signs))
        found: list[Finding] = []
        for subject in subjects:
            found += await self._forge(page, subject)
        found += await self._misname(page, subjects[0])
        found += await self._go_in_the_clear(page, subjects[0])
        if not public:
            found += await self._stray(page, subjects[0], open_pages)
        return found

    async def _forge(self, page: Page, subject: Subject) -> list[Finding]:
        """Claim to be somebody else, in every way."""
        cookie = "" if subject.who is None else self._cookie
        plain, again = [await self._visit(page, harmless(self._plan.canary()), cookie) for _ in range(2)]
        finding = identity.judge_plain(subject, plain)
        if finding is not None and plain.kind is not Kind.OPEN:
            return [finding]
        compared = (plain.kind, plain.status) == (again.kind, again.status)
        names = _names(self._plan.config.routes)
        forged = [*forgeries(names, self._plan.canary), *other_paths(f"{page.site.prefix}/login", self._plan.canary)]
        if subject.who is not None:
            forged.append(taking_off(names, self._plan.canary()))
        visits = await asyncio.gather(*(self._visit(page, forgery, cookie) for forgery in forged))
        effects: list[Effect] = []
        for forgery, seen in zip(forged, visits, strict=True):
            effect = identity.effect_of(subject, forgery, plain, seen, compared=compared)
            if effect is not None:
                effects += await self._narrow(page, subject, forgery, plain, effect, cookie)
        return [*([] if finding is None else [finding]), *identity.judge_effects(subject, plain, effects)]

    async def _narrow(  # noqa: PLR0917 - private
        self, page: Page, subject: Subject, forgery: Forgery, plain: Visit, effect: Effect, cookie: str
    ) -> list[Effect]:
        """Which of a forgery's names did it, where the answer does not show; all of them where none did alone."""
        if effect.how is How.TAKEN:
            return [effect]
        singles = [*forgery.alone()]
        visits = await asyncio.gather(*(self._visit(page, single, cookie) for single in singles))
        found = [identity.effect_of(subject, single, plain, seen) for single, seen in zip(singles, visits, strict=True)]
        return [one for one in found if one is not None] or [effect]

    async def _misname(self, page: Page, subject: Subject) -> list[Finding]:
        """Ask for a host that nobody has: what answers to it by default may lead to the platform, past the gate."""
        site = replace(page.site, url=f"{urlsplit(page.site.url).scheme}://{HOST}")
        forgery = forgeries(_names(self._plan.config.routes), self._plan.canary)[0]
        seen = await visit(self.wire, site, page.target, forgery)
        taken = forgery.taken(seen.says)
        return [identity.judge_host(subject, HOST, taken)] if taken else []

    async def _go_in_the_clear(self, page: Page, subject: Subject) -> list[Finding]:
        """Ask without TLS: what answers there may have been forgotten."""
        port, url = self._plan.clear_port, urlsplit(page.site.url)
        if port is None or url.scheme != "https":
            return []
        site = replace(page.site, url=f"http://{url.netloc}", place=Place(page.site.place.host, port))
        forgery = forgeries(_names(self._plan.config.routes), self._plan.canary)[0]
        seen = await visit(self.wire, site, page.target, forgery)
        return identity.judge_in_the_clear(subject, site.url + page.target, seen, forgery.taken(seen.says))

    async def _stray(self, page: Page, subject: Subject, open_pages: set[bytes]) -> list[Finding]:
        """Try paths that some server might read as the protected one."""
        host = page.site.host
        leads = [page.site.prefix, *self._open_paths(page.route)]
        targets = [
            target
            for target in odd_targets(page.target.partition("?")[0], leads)
            if paths.must_stay_closed(self._router, host, target)
        ]
        plain = harmless(self._plan.canary())
        seen = await asyncio.gather(*(visit(self.wire, page.site, target, plain) for target in targets))
        judged = (paths.judge_path(subject, target, one, open_pages) for target, one in zip(targets, seen, strict=True))
        return [finding for finding in judged if finding is not None]

    def _open_paths(self, beside: RouteConfig) -> Iterable[str]:
        for route in self._plan.config.routes:
            if route.access.kind is AccessKind.PUBLIC and route.host in {None, beside.host}:
                yield route.path

    async def _visit(self, page: Page, forgery: Forgery, cookie: str) -> Visit:
        return await visit(self.wire, page.site, page.target, forgery, cookie)

    # Platforms, past the chain

    async def _go_past(self, approach: Approach) -> list[Finding]:
        first = approach.routes[0]
        pages = {(first.host, first.path): None}
        pages |= {(page.route.host, page.target): None for page in self._pages() if page.route in approach.routes}
        reached = []
        for place in approach.places:
            taken: list[str] = []
            status = 0
            for host, target in pages:
                site = Site(self._site(host).url, place, self._plan.config.server.prefix)
                plain = await visit(self.wire, site, target, harmless(self._plan.canary()))
                status = plain.status or status
                if not plain.hops:
                    break
                taken += await self._taken(site, target, plain, approach)
            if status:
                reached.append(Reached(place, status, tuple(dict.fromkeys(taken))))
        finding = upstreams.judge_upstream(approach, reached)
        return [] if finding is None else [finding]

    async def _taken(self, site: Site, target: str, plain: Visit, approach: Approach) -> tuple[str, ...]:
        """The names by which a platform lets itself be told who is asking."""
        forgery = forgeries(_names(approach.routes), self._plan.canary)[0]
        forged = await visit(self.wire, site, target, forgery)
        taken = forgery.taken(forged.says)
        if taken or forged.refuses_syntax or forged.kind is plain.kind:
            return taken
        return forgery.names


def _names(routes: Iterable[RouteConfig]) -> tuple[str, ...]:
    """The names by which platforms may be told who is asking, the contract's first."""
    return tuple(dict.fromkeys((*IDENTITY_HEADERS, *(name for route in routes for name in route.headers))))
