"""Whether a form was sent by a page of ours."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.crypto.tokens import Signer
from gatekeeper.manners import csrf
from gatekeeper.manners.keys import SERVICES

SIGNER = Signer(b"k" * 32)


def request(headers: dict[str, str], public_url: str = "https://mail.example.com") -> web.Request:
    app = web.Application()
    app[SERVICES] = SimpleNamespace(config=SimpleNamespace(server=SimpleNamespace(public_url=public_url)))
    return make_mocked_request("POST", "/", headers={"Host": "mail.example.com"} | headers, app=app)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://mail.example.com"},
        {"Origin": "https://MAIL.example.com:443"},
        {"Host": "mail.example.com:4443", "Origin": "https://mail.example.com:4443"},
        {"X-Gatekeeper-Scheme": "http", "Origin": "http://mail.example.com"},
    ],
)
def test_what_the_browser_says_is_ours(headers):
    assert csrf.is_same_origin(request(headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://mail.example.com"},
        {"Origin": "https://mail.example.com.evil.example"},
        {"Origin": "https://mail.example.com:4443"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://mail.example.com", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_what_another_site_sends_is_not_ours(headers):
    assert not csrf.is_same_origin(request(headers))


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_token_belongs_to_one_nonce_and_one_purpose(nonce, other):
    token = csrf.login_token(SIGNER, nonce)
    assert csrf.is_login_token(SIGNER, token, nonce)
    assert csrf.is_login_token(SIGNER, token, other) is (nonce == other)
    assert not csrf.is_session_token(SIGNER, token, SimpleNamespace(csrf_secret=nonce))


def test_no_token_is_no_token():
    assert not csrf.is_login_token(SIGNER, "", "nonce")


def test_the_token_of_a_session_is_another_on_each_page_and_counts_for_that_session_alone():
    session, other = SimpleNamespace(csrf_secret="secret"), SimpleNamespace(csrf_secret="other")
    first, second = csrf.session_token(SIGNER, session), csrf.session_token(SIGNER, session)
    assert first != second
    for token in (first, second):
        assert csrf.is_session_token(SIGNER, token, session)
        assert not csrf.is_session_token(SIGNER, token, other)
    salt, _, mac = first.partition(".")
    for forged in (
        "",
        ".",
        salt,
        mac,
        f".{mac}",
        f"{salt}.",
        f"{salt[1:]}.{mac}",
        SIGNER.mac("secret", "csrf-session"),
    ):
        assert not csrf.is_session_token(SIGNER, forged, session)
