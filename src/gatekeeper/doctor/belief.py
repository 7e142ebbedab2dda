"""Asks the edge, by way of the chain, what it makes of claims about where a request comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatekeeper.doctor import trust
from gatekeeper.doctor.plan import NO_HOST
from gatekeeper.doctor.wire import NoAnswer
from gatekeeper.edge import doctor as question

if TYPE_CHECKING:
    from gatekeeper.doctor.findings import Finding
    from gatekeeper.doctor.plan import Plan
    from gatekeeper.doctor.trust import Told
    from gatekeeper.doctor.visiting import Site
    from gatekeeper.doctor.wire import Wire

_ADDRESS, _ADDRESS_ELSE = "203.0.113.77", "203.0.113.78"
"""Addresses of nobody (RFC 5737 §3)."""
_OK = 200


class Unreachable(Exception):
    """The chain itself cannot be reached; the text says why."""


async def look_at_trust(wire: Wire, plan: Plan) -> list[Finding]:
    """Ask the edge, by way of the chain, what it makes of honest and of made-up claims.

    Raises:
        Unreachable: nothing can be sent.
    """
    site = plan.site(None)
    proxies = plan.config.server.trusted_proxies
    token = plan.canary()
    plain = await _told(wire, plan, site, token)
    if isinstance(plain, str):
        return [trust.judge_silence(site.url + site.prefix + question.PATH, plain)]
    direct = plain.reached_directly(token)
    scheme = urlsplit(site.url).scheme
    found: list[Finding | None] = [*trust.judge_view(plain, scheme=scheme, host=site.host, direct=direct)]
    for name, value, forged in (
        ("X-Forwarded-For", _ADDRESS, _ADDRESS),
        ("X_Forwarded_For", _ADDRESS, _ADDRESS),
        ("Forwarded", f"for={_ADDRESS_ELSE}", _ADDRESS_ELSE),
    ):
        told = await _told(wire, plan, site, token, f"{name}: {value}")
        if not isinstance(told, str):
            found.append(trust.judge_address(proxies, told, name, forged, direct=direct))
    other = "http" if plain.scheme == "https" else "https"
    for name in ("X-Forwarded-Proto", "X_Forwarded_Proto"):
        told = await _told(wire, plan, site, token, f"{name}: {other}")
        if not isinstance(told, str):
            found.append(trust.judge_claim(proxies, told, name, other, told.scheme, direct=direct))
    for name in ("X-Forwarded-Host", "X_Forwarded_Host"):
        told = await _told(wire, plan, site, token, f"{name}: {NO_HOST}")
        if not isinstance(told, str):
            found.append(trust.judge_claim(proxies, told, name, NO_HOST, told.host, direct=direct))
    return [finding for finding in found if finding is not None]


async def _told(wire: Wire, plan: Plan, site: Site, token: str, *lines: str) -> Told | str:
    """What the edge told, or how it failed to."""
    proof = f"{question.HEADER}: {plan.prove()}"
    raw = site.request(site.prefix + question.PATH, (proof, *lines, f"Connection: close, {token}"))
    try:
        seen = await wire.ask(site.place, raw)
    except NoAnswer as error:
        if error.unreachable:
            raise Unreachable(str(error)) from None
        return f"got no answer ({error})"
    told = trust.told_of(seen.body) if seen.status == _OK else None
    return f"answered {seen.status}" if told is None else told
