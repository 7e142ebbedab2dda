"""Judges whose word about a client is taken: what ``trusted_proxies`` names, and what a stranger's headers came to."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.doctor.findings import Finding, hole, remark, unclear
from gatekeeper.domain.addresses import canonical_address, reported

if TYPE_CHECKING:
    from gatekeeper.domain.addresses import Network, TrustedProxies

SETTING = "server.trusted_proxies"
NARROW = "Name there only the addresses of your own proxies, one by one: whoever connects from one is believed."
SET_IT = (
    "Let the proxy in front set {name} itself, not pass on what a client sent (deploy/nginx and deploy/caddy show how)."
)
MOST_PROXIES = 256
_WIDEST = {4: 12, 6: 20}
"""Shorter prefixes than these hold more addresses than any operator, or any provider, has proxies."""
_STRANGERS = {4: "198.51.100.77", 6: "2001:db8::77"}
"""Addresses of nobody (RFC 5737 §3, RFC 3849), for somebody out on the internet."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the edge told of a request (``edge.doctor``)."""

    peer: str
    trusted: bool
    address: str
    scheme: str
    host: str
    connection: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """The values of a header, by its exact name in lower case."""
        return [value for key, value in self.headers if key.lower() == name]

    def reached_directly(self, token: str) -> bool:
        """Whether no proxy stands in front: the edge got the ``Connection`` header that was meant for the first one."""
        return any(token in value for value in self.connection)


def told_of(body: bytes) -> Told | None:
    """Read what the edge told; ``None`` where this is something else."""
    try:
        told = json.loads(body)
        return Told(
            **{name: told[name] for name in ("peer", "trusted", "address", "scheme", "host")},
            connection=tuple(told["connection"]),
            headers=tuple((name, value) for name, value in told["headers"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def judge_networks(proxies: TrustedProxies) -> list[Finding]:
    """Name what is wider than proxies of one's own are."""
    return [finding for network in proxies.networks for finding in _judge_network(network)]


def _judge_network(network: Network) -> list[Finding]:
    if network.is_loopback:
        return []
    public = not network.is_private
    count = f"{network.num_addresses:,} address{'es'[: 2 * (network.num_addresses != 1)]}"
    if public and network.prefixlen < _WIDEST[network.version]:
        what = f"{network} holds {count}, strangers' among them: what they say of themselves is believed."
        return [hole(SETTING, what, NARROW)]
    if public:
        return [remark(SETTING, f"{network} holds {count} of the public internet.", NARROW)]
    if network.num_addresses > MOST_PROXIES:
        return [remark(SETTING, f"{network} holds {count}: every machine in it is believed.", NARROW)]
    return []


def judge_view(told: Told, *, scheme: str, host: str, direct: bool) -> list[Finding]:
    """Judge what was believed of a request that claimed nothing.

    Args:
        told: by the edge.
        scheme: with which it was sent.
        host: to which it was sent.
        direct: whether no proxy stands in front.
    """
    found = []
    if not direct and not told.trusted:
        what = f"A proxy at {told.peer} stands in front and is not named: everybody seems to come from its address."
        found.append(remark(SETTING, what, f'If it is yours, add "{told.peer}".'))
    if told.scheme != scheme:
        what = f"A request over {scheme} was taken for one over {told.scheme}."
        found.append(remark("X-Forwarded-Proto", what, SET_IT.format(name="X-Forwarded-Proto")))
    if told.host.lower() != host.lower():
        what = f"A request to {host} was taken for one to {told.host}."
        found.append(remark("Host", what, "Let the proxy in front pass Host on as it came, or set X-Forwarded-Host."))
    return found


def judge_address(proxies: TrustedProxies, told: Told, name: str, forged: str, *, direct: bool) -> Finding | None:
    """Judge a request that named an address of its own making.

    The doctor itself may come from an address that is rightly trusted, so what counts is what a stranger in its place
    would have come to.

    Args:
        proxies: who is trusted.
        told: by the edge.
        name: the header that named it.
        forged: the address.
        direct: whether no proxy stands in front.
    """
    if told.address != forged:
        return None
    if direct:
        return _judge_stranger(proxies, told, name)
    listed = reported(told.values("x-forwarded-for"), told.values("forwarded"))
    chain = [canonical_address(item) or item for item in listed]
    behind = chain.index(forged) + 1 if forged in chain else len(chain)
    if behind >= len(chain):
        what = f"The proxy at {told.peer} passed on the {name} of a client, and the made-up address was believed."
        return hole(name, what, SET_IT.format(name="X-Forwarded-For"))
    chain[behind] = _stranger_like(chain[behind])
    if proxies.client_of(told.peer, chain) != forged:
        return None
    what = f"The proxy at {told.peer} added a client's address, but that is trusted too: the made-up one was believed."
    return hole(SETTING, what, NARROW)


def judge_claim(
    proxies: TrustedProxies, told: Told, name: str, claimed: str, believed: str, *, direct: bool
) -> Finding | None:
    """Judge a request that claimed another scheme or host than it had.

    Args:
        proxies: who is trusted.
        told: by the edge.
        name: the header that claimed it.
        claimed: the scheme or host.
        believed: what was believed.
        direct: whether no proxy stands in front.
    """
    if believed.lower() != claimed.lower():
        return None
    if direct:
        return _judge_stranger(proxies, told, name)
    what = f"The proxy at {told.peer} passed on the {name} of a client, and it was believed."
    return hole(name, what, SET_IT.format(name=name))


def _judge_stranger(proxies: TrustedProxies, told: Told, name: str) -> Finding | None:
    if not proxies.trusts(_stranger_like(told.peer)):
        return None
    return hole(SETTING, f"A stranger's {name} is believed: strangers count as proxies.", NARROW)


def _stranger_like(address: str) -> str:
    try:
        return _STRANGERS[ipaddress.ip_address(address).version]
    except ValueError:
        return _STRANGERS[4]


def judge_silence(url: str, outcome: str) -> Finding:
    """The edge did not tell."""
    what = f"{url} {outcome}: what gatekeeper makes of your proxies' headers could not be looked at."
    change = (
        "Let the pages under the prefix reach gatekeeper, with the header X-Gatekeeper-Doctor; it must run with the "
        "same secret_key_file, this version or a newer one, and a clock within a minute of this machine's."
    )
    return unclear("doctor", what, change)
