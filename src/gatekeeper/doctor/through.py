"""Looks at pages through the chain: with forged identity, under odd paths, for a host that nobody has, without TLS."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatekeeper.doctor import identity, paths
from gatekeeper.doctor.forgeries import forgeries, harmless, other_paths, taking_off
from gatekeeper.doctor.identity import How, Subject
from gatekeeper.doctor.odd_paths import odd_targets
from gatekeeper.doctor.plan import NO_HOST
from gatekeeper.doctor.visiting import Kind, visit
from gatekeeper.doctor.wire import Place
from gatekeeper.domain.access import Kind as AccessKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gatekeeper.config import RouteConfig
    from gatekeeper.doctor.findings import Finding
    from gatekeeper.doctor.forgeries import Forgery
    from gatekeeper.doctor.identity import Effect
    from gatekeeper.doctor.plan import Page, Plan
    from gatekeeper.doctor.visiting import Visit
    from gatekeeper.doctor.wire import Wire


class Through:
    """Looks at pages as people reach them.

    Args:
        wire: asks.
        plan: what is examined.
    """

    def __init__(self, wire: Wire, plan: Plan) -> None:
        self._wire = wire
        self._plan = plan
        self._router = plan.config.router()
        self._cookie = ""
        if plan.person is not None:
            self._cookie = f"{plan.config.server.cookies.session}={plan.person.cookie}"

    async def open_pages(self, pages: Sequence[Page]) -> set[bytes]:
        """What pages say that are open to everybody: to be led there is no harm."""
        found = set()
        for page in pages:
            if page.public:
                seen = await visit(self._wire, page.site, page.target, harmless(self._plan.canary()))
                if seen.kind is Kind.OPEN:
                    found.add(seen.body)
        return found

    async def look_at(self, page: Page, open_pages: set[bytes]) -> list[Finding]:
        """Examine one page as nobody, and as the person.

        Args:
            page: the page.
            open_pages: what :meth:`open_pages` found.
        """
        subjects = [Subject(page.route.name, page.url, page.public)]
        person = self._plan.person
        if person is not None:
            subjects.append(Subject(page.route.name, page.url, page.public, person.username, person.signs))
        found: list[Finding] = []
        for subject in subjects:
            found += await self._forge(page, subject)
        found += await self._misname(page, subjects[0])
        found += await self._go_in_the_clear(page, subjects[0])
        if not page.public:
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
        names = self._plan.names()
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
        site = replace(page.site, url=f"{urlsplit(page.site.url).scheme}://{NO_HOST}")
        forgery = forgeries(self._plan.names(), self._plan.canary)[0]
        seen = await visit(self._wire, site, page.target, forgery)
        taken = forgery.taken(seen.says)
        return [identity.judge_host(subject, NO_HOST, taken)] if taken else []

    async def _go_in_the_clear(self, page: Page, subject: Subject) -> list[Finding]:
        """Ask without TLS: what answers there may have been forgotten."""
        port, url = self._plan.clear_port, urlsplit(page.site.url)
        if port is None or url.scheme != "https":
            return []
        site = replace(page.site, url=f"http://{url.netloc}", place=Place(page.site.place.host, port))
        forgery = forgeries(self._plan.names(), self._plan.canary)[0]
        seen = await visit(self._wire, site, page.target, forgery)
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
        seen = await asyncio.gather(*(visit(self._wire, page.site, target, plain) for target in targets))
        judged = (paths.judge_path(subject, target, one, open_pages) for target, one in zip(targets, seen, strict=True))
        return [finding for finding in judged if finding is not None]

    def _open_paths(self, beside: RouteConfig) -> Iterable[str]:
        for route in self._plan.config.routes:
            if route.access.kind is AccessKind.PUBLIC and route.host in {None, beside.host}:
                yield route.path

    async def _visit(self, page: Page, forgery: Forgery, cookie: str) -> Visit:
        return await visit(self._wire, page.site, page.target, forgery, cookie)
