"""Which pages are looked at, and where a request for them is sent."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.config import Upstream
from gatekeeper.doctor.plan import Plan
from gatekeeper.domain.access import PUBLIC
from tests.doctor.chains import ANNA, plan_for
from tests.edge.conftest import HOST, config_of, route_to


def plan(*routes: Any, **changes: Any) -> Plan:
    return plan_for(config_of(*routes), 1, **{"connect": None, "url": f"https://{HOST}", **changes})


@pytest.mark.parametrize(
    ("url", "host", "said", "place"),
    [
        ("https://a.example", None, "a.example", "a.example:443"),
        ("https://a.example", "b.example", "b.example", "b.example:443"),
        ("https://a.example:8443", "b.example", "b.example:8443", "b.example:8443"),
        ("https://a.example:8443", "b.example:9443", "b.example:9443", "b.example:9443"),
        ("http://localhost:8080", None, "localhost:8080", "localhost:8080"),
        ("http://[::1]:8080", None, "[::1]:8080", "[::1]:8080"),
        ("https://a.example:8443", "[::1]", "[::1]:8443", "[::1]:8443"),
    ],
)
def test_a_host_is_reached_at_the_port_of_the_url(url: str, host: str | None, said: str, place: str) -> None:
    site = plan(url=url).site(host)
    assert (site.host, str(site.place)) == (said, place)
    assert (site.place.tls is not None) is url.startswith("https")


def test_another_way_is_taken_for_every_host_and_the_certificate_is_still_the_hosts() -> None:
    for host in (None, "b.example"):
        site = plan(connect=("192.0.2.1", 4443)).site(host)
        assert str(site.place) == "192.0.2.1:4443"
        assert site.place.name == (host or HOST)


def test_one_page_stands_for_all_routes_that_are_alike() -> None:
    alike = [route_to(1, name=f"r{number}", path=f"/{number}") for number in range(1_000)]
    others = (
        route_to(1, name="public", path="/public", access=PUBLIC),
        route_to(1, name="host", host="b.example"),
        route_to(1, name="upstream", path="/upstream", upstream=Upstream("http", "127.0.0.1", 2)),
    )
    found = plan(*alike, *others, pages=("/5/whoami", "/public?a=1")).to_look_at()
    assert [page.route.name for page in found] == ["r0", "public", "host", "upstream", "r5", "public"]
    assert found[-1].url == f"https://{HOST}/public?a=1"


def test_pages_that_no_route_has_are_told() -> None:
    routes = (route_to(1, host=HOST, path="/mail"),)
    made = plan(*routes, pages=("/mail", "/elsewhere", "/gatekeeper/login", "/mail/../x"))
    assert made.astray() == [f"https://{HOST}{target}" for target in ("/elsewhere", "/gatekeeper/login", "/mail/../x")]


def test_a_session_is_not_shown() -> None:
    assert ANNA.cookie not in repr(plan(person=ANNA))
