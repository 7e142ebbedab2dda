"""Our three cookies: their names, their attributes, and reading them beside anything else."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.crypto.tokens import Signer
from gatekeeper.manners.cookies import Cookies, LoginCookie

SIGNER = Signer(b"k" * 32)
SECURE = Cookies("https://mail.example.com", SIGNER)
PLAIN = Cookies("http://localhost:8080", SIGNER)


def sent(header: str) -> web.Request:
    return make_mocked_request("GET", "/", headers={"Cookie": header})


def given_by(cookies: Cookies, method: str, *arguments: object) -> str:
    response = web.Response()
    getattr(cookies, method)(response, *arguments)
    (morsel,) = response.cookies.values()
    return morsel.OutputString()


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://mail.example.com", True),
        ("http://mail.example.com", True),
        ("https://localhost", True),
        ("http://localhost:8080", False),
        ("http://127.0.0.1:8080", False),
        ("http://[::1]:8080", False),
        ("http://127.0.0.1.evil.example", True),
    ],
)
def test_only_plain_loopback_drops_secure_and_the_prefix(url, secure):
    cookies = Cookies(url, SIGNER)
    assert cookies.secure is secure
    assert cookies.names.session.startswith("__Host-") is secure


@pytest.mark.parametrize("method", ["set_session", "set_device"])
def test_every_cookie_is_strict(method):
    line = given_by(SECURE, method, "token")
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in line
    assert "Domain" not in line


@pytest.mark.parametrize("method", ["drop_session", "drop_login"])
def test_a_cookie_is_taken_back_with_secure_or_it_would_stay(method):
    line = given_by(SECURE, method)
    assert "Secure" in line
    assert "Max-Age=0" in line
    assert "Path=/" in line


@pytest.mark.parametrize(
    "header",
    [
        "__Host-gatekeeper=right",
        'a="; b=\\; c; __Host-gatekeeper=right',
        "=; ;;; __Host-gatekeeper=right; x",
        "__Host-gatekeeper-x=wrong; __Host-gatekeeper=right",
        "x__Host-gatekeeper=wrong; __Host-gatekeeper=right",
        "__host-gatekeeper=wrong; __Host-gatekeeper=right",
        "bigsession=" + "x" * 8_000 + "; __Host-gatekeeper=right",
        "caf\u00e9=\u00ff; __Host-gatekeeper=right",
    ],
)
def test_a_cookie_that_cannot_be_parsed_hides_none_of_ours(header):
    assert SECURE.session_token(sent(header)) == "right"


@pytest.mark.parametrize("header", ["", "gatekeeper=x", "__Host-gatekeeper-login=x", "__Host-gatekeeper=", "junk"])
def test_no_other_cookie_is_taken_for_the_session(header):
    assert SECURE.session_token(sent(header)) is None


@given(st.from_regex(r"[A-Za-z0-9_-]{1,43}", fullmatch=True), st.from_regex(r"[A-Za-z0-9_-]{0,43}", fullmatch=True))
def test_the_login_cookie_comes_back_as_it_was_given(nonce, token):
    login = LoginCookie(nonce, token, "expired")
    line = given_by(PLAIN, "set_login", login)
    assert PLAIN.login(sent(line.partition(";")[0])) == login


@pytest.mark.parametrize("value", ["", "a.b.c", "a.b.c.d", "." * 10, "x" * 500])
def test_a_login_cookie_that_is_not_of_our_making_is_none(value):
    assert PLAIN.login(sent(f"gatekeeper-login={value}")) is None


def test_a_signature_for_another_purpose_makes_no_login_cookie():
    assert PLAIN.login(sent(f"gatekeeper-login={SIGNER.sign('a.b.c', 'other')}")) is None
