"""Where a sign-in may lead, and what that place asks for."""

from __future__ import annotations

import pytest

from gatekeeper.manners.destinations import Destinations
from tests.flows.world import make_config

PLACES = Destinations(make_config("https://mail.example.com"))


@pytest.mark.parametrize(
    "target",
    ["/", "/mail?a=1&b=2", "/a//b", "/asdf?", "/a?b=%2526", "/app/#/client/9", "https://lists.example.com/x"],
)
def test_a_place_of_ours_stays_as_it_is_byte_for_byte(target):
    assert PLACES.next_of({"next": target}) == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "http://lists.example.com/",
        "https://lists.example.com.evil.example/",
        "https://lists.example.com@evil.example/",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=y",
    ],
)
def test_anything_else_leads_home(target):
    assert PLACES.next_of({"next": target}) == "/"


@pytest.mark.parametrize(
    ("following", "wanted"),
    [
        ("/vault", True),
        ("/vault/x?y#z", True),
        ("/vaults", False),
        ("/mail", False),
        ("/gatekeeper/account", False),
        ("/vault/..%2f", False),
        ("https://lists.example.com/vault", False),
    ],
)
def test_a_code_is_asked_for_where_the_route_asks_for_one(following, wanted):
    assert PLACES.wants_second_factor("mail.example.com", following) is wanted


def test_a_host_that_is_nobodys_asks_for_nothing():
    config = make_config("https://mail.example.com")
    assert not Destinations(config).wants_second_factor("[", "/vault")


def test_next_decoded_once_is_exactly_the_target():
    from urllib.parse import parse_qs, urlsplit

    for target in ("/x?a=1&b=2", "/a?b=%2526", "/a//b", "/asdf?", "/?a=foo;bar", "/app/#/client/9"):
        query = urlsplit(PLACES.own("/login", target)).query
        assert parse_qs(query, separator="&")["next"] == [target]


def test_only_another_host_needs_to_be_named_to_browsers():
    assert PLACES.origin_of("/mail") is None
    assert PLACES.origin_of("https://lists.example.com/x") == "https://lists.example.com"
