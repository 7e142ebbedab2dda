"""The whole examination, in order: what is trusted, what a proxy passes on, every route, platforms' own addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.doctor import trust, upstreams
from gatekeeper.doctor.belief import look_at_trust
from gatekeeper.doctor.findings import unclear
from gatekeeper.doctor.machine import addresses_of
from gatekeeper.doctor.past import go_past
from gatekeeper.doctor.through import Through
from gatekeeper.doctor.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.doctor.findings import Finding
    from gatekeeper.doctor.plan import Plan


class Examination:
    """Examines a chain.

    Args:
        plan: what, and how.
        progress: told what is looked at, how many things have been, and how many there are.

    Attributes:
        wire: counts what was sent.
    """

    def __init__(self, plan: Plan, progress: Callable[[str, int, int], None] = lambda *_: None) -> None:
        self.wire = Wire()
        self._plan = plan
        self._progress = progress

    async def run(self) -> list[Finding]:
        """Everything that was found, the same thing once.

        Raises:
            Unreachable: nothing can be sent.
        """
        plan, wire = self._plan, self.wire
        pages = plan.to_look_at()
        approached = upstreams.approaches(plan.config.routes, plan.own, addresses_of)
        total = 1 + len(pages) + len(approached)
        self._progress("what is believed", 0, total)
        found = trust.judge_networks(plan.config.server.trusted_proxies)
        found += [unclear("--page", f"{url} belongs to no route.", "Name a platform's page.") for url in plan.astray()]
        found += await look_at_trust(wire, plan)
        through = Through(wire, plan)
        open_pages = await through.open_pages(pages)
        for done, page in enumerate(pages, 1):
            self._progress(page.url, done, total)
            found += await through.look_at(page, open_pages)
        for done, approach in enumerate(approached, 1 + len(pages)):
            self._progress(f"past gatekeeper: {approach.routes[0].name}", done, total)
            found += await go_past(wire, plan, approach)
        self._progress("done", total, total)
        return list(dict.fromkeys(found))
