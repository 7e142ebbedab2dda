"""Asks platforms past the chain, where nobody but gatekeeper should reach them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.doctor import upstreams
from gatekeeper.doctor.forgeries import forgeries, harmless
from gatekeeper.doctor.plan import names_of
from gatekeeper.doctor.upstreams import Reached
from gatekeeper.doctor.visiting import Site, visit

if TYPE_CHECKING:
    from gatekeeper.doctor.findings import Finding
    from gatekeeper.doctor.plan import Plan
    from gatekeeper.doctor.upstreams import Approach
    from gatekeeper.doctor.visiting import Visit
    from gatekeeper.doctor.wire import Wire


async def go_past(wire: Wire, plan: Plan, approach: Approach) -> list[Finding]:
    """Try to reach a platform where nobody but gatekeeper should."""
    first = approach.routes[0]
    pages = {(first.host, first.path): None}
    pages |= {(page.route.host, page.target): None for page in plan.to_look_at() if page.route in approach.routes}
    reached = []
    for place in approach.places:
        taken: list[str] = []
        status = 0
        for host, target in pages:
            site = Site(plan.site(host).url, place, plan.config.server.prefix)
            plain = await visit(wire, site, target, harmless(plan.canary()))
            status = plain.status or status
            if not plain.hops:
                break
            taken += await _taken(wire, plan, site, target, plain, approach)
        if status:
            reached.append(Reached(place, status, tuple(dict.fromkeys(taken))))
    finding = upstreams.judge_upstream(approach, reached)
    return [] if finding is None else [finding]


async def _taken(  # noqa: PLR0917 - private
    wire: Wire, plan: Plan, site: Site, target: str, plain: Visit, approach: Approach
) -> tuple[str, ...]:
    """The names by which a platform lets itself be told who is asking."""
    forgery = forgeries(names_of(approach.routes), plan.canary)[0]
    forged = await visit(wire, site, target, forgery)
    taken = forgery.taken(forged.says)
    if taken or forged.refuses_syntax or forged.kind is plain.kind:
        return taken
    return forgery.names
