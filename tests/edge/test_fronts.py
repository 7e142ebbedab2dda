"""The configurations in ``deploy/`` for other proxies, run by those very servers in front of the edge's decisions."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from gatekeeper.domain.addresses import TrustedProxies
from tests.edge.conftest import COOKIE, HOST, Recorder, config_of, request, session_of
from tests.edge.fronts import DEPLOY, FRONTS, Front, running_front
from tests.edge.verdicts import NAVIGATES, ROWS, Row, routes_to


@pytest.fixture(params=FRONTS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def front(kind: str, build: Any, recorder: Recorder, tmp_path: Path) -> AsyncIterator[Front]:
    """A proxy with its configuration from ``deploy/``, before an edge that knows anna."""
    trusted = TrustedProxies([ipaddress.ip_network("127.0.0.0/8")])
    house = await build(config_of(*routes_to(recorder.port), trusted_proxies=trusted))
    house.sessions.add(session_of())
    async with running_front(kind, tmp_path, house.port, recorder.port) as port:
        yield Front(port, recorder)


SAID_BY_THE_FRONT_TOO = {200, 302, 401}


async def test_what_reaches_the_platform_is_what_the_edge_would_let_through(front: Front) -> None:
    for row in ROWS:
        came = len(front.recorder.heads)
        answered = await front.ask(asked(row))
        assert (len(front.recorder.heads) > came) is (row.status == 200), row
        if row.status in SAID_BY_THE_FRONT_TOO and row.host == HOST:
            assert answered.status == row.status, row
        elif row.host == HOST:
            assert 400 <= answered.status < 500, row


def asked(row: Row) -> bytes:
    return request(row.target, *row.lines, method=row.method, host=row.host, cookie=row.cookie)


FORGED = [
    "X-Forwarded-User: root",
    "x-forwarded-user: root",
    "X_Forwarded_User: root",
    "X.Forwarded.User: root",
    "X-Forwarded_User: root",
    "X-Forwarded-Email: root@example.com",
    "X-Forwarded-Groups: root",
    "X-Gatekeeper-Assertion: forged-by-root",
    "Remote-User: root",
    "Remote_User: root",
    "X-Original-URL: /root",
    "X-Rewrite-URL: /root",
]


@pytest.mark.parametrize("target", ["/mail", "/open"])
async def test_the_platform_learns_who_asks_from_gatekeeper_alone(front: Front, target: str) -> None:
    for cookie in (COOKIE, None):
        if target == "/mail" and cookie is None:
            continue
        for connection in ((), ("Connection: keep-alive, X-Forwarded-User",)):
            answered = await front.ask(request(target, *FORGED, *connection, cookie=cookie))
            assert answered.status == 200
            head = front.recorder.heads[-1].lower()
            assert b"root" not in head, head
            users = [user for user in front.recorder.header("x-forwarded-user") if user]
            assert users == (["anna@example.com"] if cookie else [])


async def test_the_platform_gets_its_own_cookies_and_none_of_gatekeepers(front: Front) -> None:
    for sent, kept in (
        (f"theme=dark; {COOKIE}; lang=it", "theme=dark; lang=it"),
        (f"{COOKIE}; __Host-gatekeeper-device=d; theme=dark", "theme=dark"),
        (COOKIE, ""),
    ):
        assert (await front.ask(request("/mail", cookie=sent))).status == 200
        assert b"gatekeeper=" not in front.recorder.heads[-1]
        assert b"gatekeeper-device" not in front.recorder.heads[-1]
        assert [value for value in front.recorder.header("cookie") if value] == [kept] * bool(kept)


@pytest.mark.parametrize("target", ["/x?a=1&b=2", "/asdf?", "/a?b=%2526", "/INBOX%2FSent"])
async def test_a_browser_comes_back_to_exactly_what_it_asked_for(front: Front, target: str) -> None:
    answered = await front.ask(request(target, NAVIGATES, cookie=None))
    location = answered.get("location")
    assert location is not None
    assert re.match(rf"(https://{re.escape(HOST)}(:\d+)?)?/gatekeeper/login\?", location)
    assert parse_qs(urlsplit(location).query)["next"] == [target]
    assert (await front.ask(request(target))).status == 200
    assert front.recorder.heads[-1].split(b" ")[1] == target.encode()


async def test_a_body_stays_with_the_front_until_the_platform_gets_it(front: Front) -> None:
    body = b"x" * 100_000
    for _ in range(3):
        assert (await front.ask(request("/mail", method="POST", body=body))).status == 200
        assert front.recorder.bodies[-1] == body
    assert (await front.ask(request("/mail", method="POST", body=body, cookie=None))).status == 401
    assert len(front.recorder.bodies) == 3


async def test_a_condition_is_the_platforms_to_judge(front: Front) -> None:
    assert (await front.ask(request("/mail", 'If-None-Match: "x"'))).status == 200
    assert front.recorder.header("if-none-match") == ['"x"']


@pytest.mark.parametrize("front_file", ["traefik/gatekeeper.yml", "envoy/envoy.yaml"])
def test_the_others_copy_every_line_that_says_who_is_asking(front_file: str) -> None:
    """Neither can be run here: they are read, and name what gatekeeper answers with."""
    text = (DEPLOY / front_file).read_text(encoding="utf-8").lower()
    yaml.safe_load(text)
    assert f"/gatekeeper/forward-auth/{front_file.partition('/')[0]}" in text
    named = ("x-forwarded-", "x-gatekeeper-assertion", "cookie", "remote-user", "x-original-url")
    assert [name for name in named if name not in text] == []
