"""Forward-auth: every front gets the verdict that the edge itself gives, in its own words."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gatekeeper.domain.addresses import TrustedProxies
from tests.edge.conftest import (
    COOKIE,
    HOST,
    Answered,
    House,
    Recorder,
    anna,
    config_of,
    read_answer,
    request,
    route_to,
    session_of,
)
from tests.edge.verdicts import NAVIGATES, ROWS, Row, routes_to

FRONTS = ("nginx", "traefik", "caddy", "envoy")
TRUSTING = TrustedProxies([ipaddress.ip_network("127.0.0.0/8")])
IDENTITY = ("x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-gatekeeper-assertion")


def question(
    front: str, target: str = "/mail", *lines: str, method: str = "GET", host: str = HOST, cookie: str | None = COOKIE
) -> bytes:
    """What a front sends that holds a request."""
    if front == "envoy":
        asked = f"/gatekeeper/forward-auth/envoy{target}"
        return request(asked, *lines, "X-Forwarded-Proto: https", method=method, host=host, cookie=cookie)
    about = (
        f"X-Forwarded-Method: {method}",
        "X-Forwarded-Proto: https",
        f"X-Forwarded-Host: {host}",
        f"X-Forwarded-Uri: {target}",
    )
    return request(f"/gatekeeper/forward-auth/{front}", *about, *lines, host="127.0.0.1:8080", cookie=cookie)


@pytest.fixture
async def house(build: Any, recorder: Recorder) -> House:
    house = await build(config_of(*routes_to(recorder.port), trusted_proxies=TRUSTING))
    house.sessions.add(session_of())
    return house


def in_the_words_of(front: str, status: int) -> int:
    if front != "nginx":
        return status
    return {200: 200, 302: 401, 401: 401}.get(status, 403)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.status} {row.method} {row.target}")
async def test_every_front_gets_the_verdict_of_the_edge(house: House, row: Row) -> None:
    about = {"method": row.method, "host": row.host, "cookie": row.cookie}
    assert (await house.ask(request(row.target, *row.lines, **about))).status == row.status
    for front in FRONTS:
        answered = await house.ask(question(front, row.target, *row.lines, **about))
        assert answered.status == in_the_words_of(front, row.status), front
        if front != "envoy" or row.method != "TRACE":
            assert answered.body == b"", front


@pytest.mark.parametrize("front", FRONTS)
async def test_a_yes_says_who_is_asking_in_the_lines_that_the_platform_would_get(
    house: House, recorder: Recorder, front: str
) -> None:
    await house.ask(request("/mail"))
    answered = await house.ask(question(front, cookie=f"{COOKIE}; theme=dark"))
    for name in IDENTITY:
        assert [value for value in answered.all(name) if value] == recorder.header(name), name
    assert answered.all("cookie") == ["theme=dark"]
    assert answered.get("cache-control") == "no-store"


@pytest.mark.parametrize("front", FRONTS)
async def test_a_yes_to_nobody_names_nobody_whatever_was_sent(house: House, front: str) -> None:
    answered = await house.ask(question(front, "/open", "X-Forwarded-User: root", "Remote-User: root", cookie=None))
    assert answered.status == 200
    for name in (*IDENTITY, "remote-user", "cookie"):
        assert answered.all(name) == ([""] if front == "caddy" and name != "cookie" else [])


@pytest.mark.parametrize("target", ["/asdf?", "/a?b=%2526", "/a//b", "/x?a=1&b=2", "/INBOX%2FSent"])
@pytest.mark.parametrize("front", FRONTS)
async def test_the_way_back_is_exactly_what_was_asked_for(house: House, front: str, target: str) -> None:
    answered = await house.ask(question(front, target, NAVIGATES, cookie=None))
    location = answered.get("x-gatekeeper-login" if front == "nginx" else "location")
    assert location is not None
    assert parse_qs(urlsplit(location).query)["next"] == [target]


@pytest.mark.parametrize("front", FRONTS)
async def test_a_peer_that_is_not_trusted_finds_nothing(build: Any, recorder: Recorder, front: str) -> None:
    house = await build(config_of(route_to(recorder.port, host=HOST)))
    house.sessions.add(session_of())
    asked = question(front) if front == "envoy" else question(front).replace(b"127.0.0.1:8080", HOST.encode())
    answered = await house.ask(asked)
    assert answered.status == 404
    assert all(answered.all(name) == [] for name in IDENTITY)


@pytest.mark.parametrize("name", ["", "apache", "nginx/x", "caddy/", "envoy"])
async def test_another_front_there_is_not(house: House, name: str) -> None:
    raw = request(f"/gatekeeper/forward-auth/{name}", "X-Forwarded-Uri: /mail", "X-Forwarded-Proto: https")
    assert (await house.ask(raw)).status == 404


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("X-Forwarded-Uri: mail",),
        ("X-Forwarded-Uri: /open", "X-Forwarded-Uri: /mail"),
        ("X-Forwarded-Uri: /open", "X_Forwarded_Uri: /mail"),
        ("X-Forwarded-Uri: /mail", "X-Forwarded-Method: GET", "X-Forwarded-Method: POST"),
        ("X-Forwarded-Uri: https://mail.example.com/mail",),
    ],
)
async def test_a_question_that_does_not_say_what_it_is_about_is_no_yes(house: House, lines: tuple[str, ...]) -> None:
    for front, status in (("caddy", 400), ("nginx", 403)):
        assert (await house.ask(request(f"/gatekeeper/forward-auth/{front}", *lines))).status == status


async def test_a_question_waits_for_no_body_and_knows_no_304(house: House) -> None:
    reader, writer = await house.connect()
    writer.write(question("nginx", "/mail", "Content-Length: 1000000", 'If-None-Match: "x"'))
    assert (await read_answer(reader)).status == 200
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_questions_share_a_connection(house: House) -> None:
    reader, writer = await house.connect()
    writer.write(question("nginx", "/mail") + question("caddy", "/board") + question("envoy", "/open"))
    assert [(await read_answer(reader)).status for _ in range(3)] == [200, 403, 200]
    writer.close()


@pytest.mark.parametrize("front", FRONTS)
async def test_a_session_that_is_a_read_away_is_read_and_its_use_is_written_down(
    build: Any, recorder: Recorder, front: str
) -> None:
    house = await build(config_of(route_to(recorder.port, host=HOST), trusted_proxies=TRUSTING))
    seen = session_of()
    house.sessions.add(dataclasses.replace(seen, last_seen_at=seen.last_seen_at - 1_200), cached=False)
    assert (await house.ask(question(front))).status == 200
    assert house.sessions.touched == [seen.id]


@pytest.mark.parametrize("front", FRONTS)
async def test_what_is_owed_comes_first(build: Any, recorder: Recorder, front: str) -> None:
    house = await build(config_of(route_to(recorder.port, host=HOST), trusted_proxies=TRUSTING))
    house.sessions.add(session_of(owner=anna(change_required=True)))
    answered: Answered = await house.ask(question(front, "/mail", NAVIGATES))
    assert answered.status == (401 if front == "nginx" else 302)
    assert all(answered.all(name) == [] for name in IDENTITY)
