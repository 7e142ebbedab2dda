from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.redirects import login_location, safe_next

HOSTS = {"mail.example.com", "mail.example.com:4443", "[::1]:8080"}


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/mail/",
        "/asdf?",
        "/a?b=%2526",
        "/a//b",
        "/x?a=1&b=2",
        "/?a=foo;bar",
        "/app/#/client/9",
        "/a%27b%3Ac%28d%29?x=p%27%40q+r",
        "/?u=https://evil.example/",
        "/@evil.example",
        "https://mail.example.com",
        "https://mail.example.com/x?y",
        "https://mail.example.com:4443/x",
        "https://[::1]:8080/",
        "https://MAIL.example.com/x",
    ],
)
def test_a_path_of_ours_or_of_a_routes_host_is_kept_exactly(target):
    assert safe_next(target, HOSTS) == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        "mail",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\\b",
        "/\t/evil.example",
        "/a\r\nSet-Cookie: x=1",
        "/a b",
        " /a",
        "/a\x00",
        "/ä",
        "http://mail.example.com/",
        "https:mail.example.com",
        "https:/mail.example.com",
        "https:///mail.example.com",
        "https://evil.example/",
        "https://mail.example.com.evil.example/",
        "https://mail.example.com@evil.example/",
        "https://user@mail.example.com/",
        "https://mail.example.com:8080/",
        "https://mail.example.com?x",
        "https://mail.example.com#x",
        "https://mail.example.com\\@evil.example/",
        "https://mail．example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "HTTPS://mail.example.com/",
        "/" + "a" * 9000,
    ],
)
def test_anything_else_falls_back_to_the_root(target):
    assert safe_next(target, HOSTS) == "/"


@given(st.text(max_size=30) | st.text(alphabet="/\\:@?#.\t\nahtps mil", max_size=20))
def test_a_browser_never_leaves_our_hosts(target):
    found = safe_next(target, HOSTS)
    assert found in {target, "/"}
    parts = urlsplit("https://gate.example.com")._replace(path="/")
    assert parts.netloc
    if found.startswith("/"):
        assert not found.startswith(("//", "/\\"))
    else:
        assert urlsplit(found).netloc.lower() in HOSTS
    assert found.isascii()
    assert found.isprintable()
    assert " " not in found


@given(st.lists(st.sampled_from(["/", "a", "%2F", "?", "&", "=", "+", ";", "%", "'", "~", "#", '"']), max_size=12))
def test_next_decoded_once_is_exactly_the_target(pieces):
    target = "/" + "".join(pieces)
    location = login_location("/gatekeeper", target.encode())
    query = parse_qs(urlsplit(location).query, keep_blank_values=True, strict_parsing=True)
    assert query == {"next": [target]}
    assert urlsplit(location).path == "/gatekeeper/login"


def test_a_sign_in_on_another_host_has_its_whole_address():
    assert login_location("/gatekeeper", b"/x", origin="https://gate.example.com") == (
        "https://gate.example.com/gatekeeper/login?next=/x"
    )


def test_a_target_that_is_too_long_to_come_back_is_left_out():
    assert login_location("/gatekeeper", b"/" + b"a" * 9000) == "/gatekeeper/login"
