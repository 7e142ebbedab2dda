"""The other end of a request, as the edge says."""

from __future__ import annotations

from types import SimpleNamespace

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from gatekeeper.crypto.tokens import Signer
from gatekeeper.manners.acting import bearer_token
from gatekeeper.manners.client import client_of, scheme_of
from gatekeeper.manners.cookies import Cookies
from gatekeeper.manners.keys import COOKIES, SERVICES


def request(**headers: str) -> web.Request:
    app = web.Application()
    app[SERVICES] = SimpleNamespace(config=SimpleNamespace(server=SimpleNamespace(public_url="https://a.example")))
    app[COOKIES] = Cookies("https://a.example", Signer(b"k" * 32))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("GET", "/", headers=named, app=app)


def test_the_edges_word_is_taken():
    client = client_of(
        request(
            X_Gatekeeper_Client_Address="2001:db8::1",
            X_Request_Id="r-1",
            User_Agent="B" * 5_000,
            Cookie="__Host-gatekeeper-device=d",
        )
    )
    assert (client.address, client.request_id, client.device) == ("2001:db8::1", "r-1", "d")
    assert len(client.user_agent) == 300


def test_what_a_browser_says_of_itself_can_be_stored_and_shown(monkeypatch):
    asked = request()
    told = CIMultiDict({"User-Agent": "Brow\udcffser\t\x7f 1", "Accept-Language": "it\udc80"})
    monkeypatch.setattr(type(asked), "headers", property(lambda _: told))
    client = client_of(asked)
    assert (client.user_agent, client.wishes) == ("Brow?ser 1", "it?")


def test_without_an_edge_the_client_is_this_machine_and_the_scheme_the_public_one():
    assert client_of(request()).address == "127.0.0.1"
    assert scheme_of(request()) == "https"
    assert scheme_of(request(X_Gatekeeper_Scheme="http")) == "http"


def test_a_bearer_token_is_read_whatever_the_case_of_its_scheme():
    assert bearer_token(request(Authorization="bearer gk_x")) == "gk_x"
    assert bearer_token(request(Authorization="Basic gk_x")) is None
    assert bearer_token(request(Authorization="Bearer ")) is None
    assert bearer_token(request()) is None
