"""Ways past the gate: where to try, and what an answer there means."""

from __future__ import annotations

import ipaddress

from gatekeeper.config import Upstream
from gatekeeper.doctor.findings import Severity
from gatekeeper.doctor.machine import addresses_of, is_here, own_addresses
from gatekeeper.doctor.upstreams import Approach, Reached, approaches, judge_upstream
from gatekeeper.doctor.wire import Place
from tests.edge.conftest import route_to

OWN = ("192.0.2.5", "2001:db8::5")
NAMES = {"127.0.0.1": ("127.0.0.1",), "192.0.2.5": ("192.0.2.5",), "webmail": ("10.0.0.9",), "gone": ()}


def approaches_to(*upstreams: Upstream) -> list[Approach]:
    return approaches([route_to(1, upstream=upstream) for upstream in upstreams], OWN, lambda host: NAMES[host])


def test_a_platform_of_this_machine_is_tried_at_every_address_of_the_machine() -> None:
    for host in ("127.0.0.1", "192.0.2.5"):
        (approach,) = approaches_to(Upstream("http", host, 9000))
        assert approach.here
        assert [str(place) for place in approach.places] == ["192.0.2.5:9000", "[2001:db8::5]:9000"]


def test_a_platform_of_another_machine_is_tried_where_it_is_and_one_on_a_socket_nowhere() -> None:
    (approach,) = approaches_to(Upstream("https", "webmail", 443), Upstream("unix", socket="/run/webmail.sock"))
    assert not approach.here
    assert [(str(place), place.tls is not None) for place in approach.places] == [("webmail:443", True)]


def test_routes_to_one_platform_are_one_approach() -> None:
    upstream = Upstream("http", "127.0.0.1", 9000)
    assert [len(approach.routes) for approach in approaches_to(upstream, upstream)] == [2]


def test_what_answers_past_gatekeeper_is_found_by_what_it_believes() -> None:
    here, there = *approaches_to(Upstream("http", "127.0.0.1", 9000)), *approaches_to(Upstream("http", "webmail", 80))
    place = Place("192.0.2.5", 9000)
    for approach, reached, severity in (
        (here, (), None),
        (here, (Reached(place, 200, ("Remote-User",)),), Severity.HOLE),
        (here, (Reached(place, 401), Reached(place, 200, ("Remote-User",))), Severity.HOLE),
        (here, (Reached(place, 401),), Severity.UNCLEAR),
        (there, (Reached(place, 200, ("Remote-User",)),), Severity.REMARK),
        (there, (Reached(place, 401),), None),
    ):
        found = judge_upstream(approach, reached)
        assert (None if found is None else found.severity) == severity


def test_the_addresses_of_this_machine_are_such_as_others_may_reach() -> None:
    for address in own_addresses():
        parsed = ipaddress.ip_address(address)
        assert not parsed.is_loopback
        assert not parsed.is_link_local
    assert set(addresses_of("localhost")) <= {"127.0.0.1", "::1"}
    assert addresses_of("no-such-name.invalid") == ()


def test_this_machine_is_known_by_any_of_its_addresses() -> None:
    for address in ("127.0.0.1", "::1", "127.1.2.3", "0.0.0.0", *OWN):
        assert is_here((address,), OWN)
    assert not is_here(("192.0.2.6",), OWN)
    assert not is_here((), OWN)
