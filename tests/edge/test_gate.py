"""Who gets through, who gets what instead, and what an upstream is told."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import json
import time
from typing import Any

import pytest

from gatekeeper.domain.access import PUBLIC, SECOND_FACTOR, Access
from gatekeeper.domain.addresses import TrustedProxies
from gatekeeper.domain.background import pattern
from gatekeeper.domain.errors import Unavailable
from gatekeeper.domain.headers import IdentityHeaders
from gatekeeper.domain.model import PasswordPolicy, Policies
from tests.edge.conftest import (
    HOST,
    TOKEN,
    House,
    Recorder,
    anna,
    config_of,
    request,
    route_to,
    session_of,
)

NAVIGATES = "Sec-Fetch-Mode: navigate"


async def test_nobody_navigating_is_sent_to_sign_in(house: House, recorder: Recorder) -> None:
    for line in (NAVIGATES, "Accept: text/html,*/*"):
        answered = await house.ask(request("/x?a=1&b=2", line, cookie=None))
        assert answered.status == 302
        assert answered.get("location") == "/gatekeeper/login?next=/x%3Fa%3D1%26b%3D2"
    head = await house.ask(request("/x", NAVIGATES, cookie=None, method="HEAD"))
    assert (head.status, head.get("location")) == (302, "/gatekeeper/login?next=/x")
    assert recorder.heads == []


async def test_a_frame_gets_a_page_with_the_way_out(house: House) -> None:
    answered = await house.ask(request("/x", NAVIGATES, "Sec-Fetch-Dest: iframe", cookie=None))
    assert answered.status == 401
    assert b'target="_top"' in answered.body
    assert "frame-ancestors 'self'" in (answered.get("content-security-policy") or "")


async def test_a_form_gets_a_page_on_which_it_can_be_sent_again(house: House) -> None:
    answered = await house.ask(request("/x", NAVIGATES, cookie=None, method="POST", body=b"a=b"))
    assert answered.status == 401
    assert b"Send again" in answered.body
    assert answered.get("location") is None


async def test_a_script_gets_a_problem_that_it_can_read(house: House) -> None:
    answered = await house.ask(request("/x", "Sec-Fetch-Mode: cors", "Accept: */*", cookie=None))
    problem = json.loads(answered.body)
    assert (answered.status, answered.get("content-type")) == (401, "application/problem+json")
    assert problem["type"].endswith("#sign-in")
    assert problem["login_url"].startswith("/gatekeeper/login")
    assert set(problem) >= {"type", "title", "status", "detail"}


async def test_a_refused_upload_is_answered_and_its_connection_ended(house: House) -> None:
    got = await house.send(request("/x", "Content-Length: 100000000", method="POST", cookie=None) + b"x" * 500_000)
    assert got.startswith(b"HTTP/1.1 401 ")
    assert b"Connection: close" in got


OWING = {
    "password": (anna(change_required=True), {}, "#password-expired"),
    "enrolment": (anna(password_changed_at=time.time()), {"two_factor_applies": True}, "#second-factor"),
}


@pytest.mark.parametrize(("owner", "changes", "kind"), OWING.values(), ids=OWING.keys())
async def test_who_owes_a_step_is_sent_to_it(
    house: House, recorder: Recorder, owner: Any, changes: Any, kind: str
) -> None:
    house.sessions.add(session_of(owner=owner, **changes))
    navigating = await house.ask(request("/inbox", NAVIGATES))
    assert (navigating.status, navigating.get("location")) == (302, "/gatekeeper/login?next=/inbox")
    script = await house.ask(request("/inbox"))
    assert script.status == 401
    assert json.loads(script.body)["type"].endswith(kind)
    assert recorder.heads == []


async def test_a_policy_reaches_a_session_that_is_cached(house: House, recorder: Recorder) -> None:
    assert (await house.ask(request())).status == 200
    house.sessions.policies = Policies(password=PasswordPolicy(change_demanded_at=time.time() + 1))
    assert (await house.ask(request())).status == 401
    house.sessions.policies = Policies()
    assert (await house.ask(request())).status == 200


async def test_an_ended_session_is_refused_at_once_whatever_the_cache_says(house: House, recorder: Recorder) -> None:
    assert (await house.ask(request())).status == 200
    session = next(iter(house.sessions.cached.values()))
    house.sessions.ended.add(session.id)
    house.sessions.stored.clear()
    assert (await house.ask(request())).status == 401


async def test_an_absolute_limit_ends_a_cached_session(house: House) -> None:
    house.sessions.add(session_of(expires_at=time.time() - 1))
    house.sessions.stored.clear()
    assert (await house.ask(request())).status == 401


async def test_an_idle_limit_is_decided_by_a_fresh_read(house: House) -> None:
    stale = session_of(last_seen_at=time.time() - 1801)
    house.sessions.add(stale)
    house.sessions.stored[stale.id] = dataclasses.replace(stale, last_seen_at=time.time())
    assert (await house.ask(request())).status == 200


async def test_a_session_that_is_not_cached_is_read(house: House, recorder: Recorder) -> None:
    house.sessions.cached.clear()
    assert (await house.ask(request(method="POST", body=b"abc"))).status == 200
    assert recorder.bodies == [b"abc"]


async def test_a_body_waits_for_the_verdict(house: House, recorder: Recorder) -> None:
    house.sessions.cached.clear()
    house.sessions.gate = asyncio.Event()
    asked = asyncio.create_task(house.ask(request(method="POST", body=b"x" * 2_000_000)))
    await asyncio.sleep(0.1)
    assert recorder.heads == []
    house.sessions.gate.set()
    assert (await asked).status == 200
    assert recorder.bodies == [b"x" * 2_000_000]


async def test_redis_away_is_a_503_and_never_lets_through(house: House, recorder: Recorder) -> None:
    house.sessions.cached.clear()
    house.sessions.error = Unavailable("Redis")
    answered = await house.ask(request())
    assert (answered.status, answered.get("retry-after")) == (503, "2")
    assert (await house.ask(request("/", NAVIGATES))).status == 503
    assert recorder.heads == []


async def test_an_unexpected_error_is_a_refusal(house: House, recorder: Recorder) -> None:
    house.sessions.cached.clear()
    house.sessions.error = RuntimeError("a fault of ours")
    answered = await house.ask(request())
    assert answered.status == 500
    assert b"a fault of ours" not in answered.body
    assert recorder.heads == []


async def test_a_public_route_strips_and_tells_who_is_known(build: Any, recorder: Recorder) -> None:
    house = await build(config_of(route_to(recorder.port, access=PUBLIC)))
    assert (await house.ask(request("/", "X-Forwarded-User: evil", cookie=None))).status == 200
    assert recorder.header("x-forwarded-user") == []
    house.sessions.add(session_of())
    await house.ask(request())
    assert recorder.header("x-forwarded-user") == ["anna@example.com"]
    house.sessions.cached.clear()
    house.sessions.error = Unavailable("Redis")
    assert (await house.ask(request())).status == 200
    assert recorder.header("x-forwarded-user") == []
    assert recorder.header("cookie") == []


async def test_a_public_route_does_not_wait_for_a_redis_that_is_frozen(build: Any, recorder: Recorder) -> None:
    house = await build(config_of(route_to(recorder.port, access=PUBLIC)))
    house.sessions.add(session_of(), cached=False)
    house.sessions.gate = asyncio.Event()
    began = time.monotonic()
    assert (await house.ask(request())).status == 200
    assert time.monotonic() - began < 1
    assert recorder.header("x-forwarded-user") == []


async def test_groups_and_second_factor(build: Any, recorder: Recorder) -> None:
    house = await build(
        config_of(
            route_to(recorder.port, name="a", path="/group", access=Access(groups=frozenset({"admins"}))),
            route_to(recorder.port, name="b", path="/second", access=SECOND_FACTOR),
        )
    )
    house.sessions.add(session_of())
    forbidden = await house.ask(request("/group"))
    assert forbidden.status == 403
    assert json.loads(forbidden.body)["type"].endswith("#forbidden")
    second = await house.ask(request("/second"))
    assert second.status == 401
    assert json.loads(second.body)["type"].endswith("#second-factor")
    assert (await house.ask(request("/elsewhere"))).status == 404


async def test_our_cookies_never_reach_a_platform_and_others_do_byte_for_byte(house: House, recorder: Recorder) -> None:
    big = "bigsession=" + "x" * 8_000
    odd = 'a="x; __Host-gatekeeper-extra=1; x__Host-gatekeeper=2;b; =c;  d = e ;'
    line = f"Cookie: {big}; __Host-gatekeeper=a-token-of-anna; {odd} __Host-gatekeeper-login=l; f=\xff"
    raw = request("/", cookie=None).replace(b"\r\n\r\n", b"\r\n" + line.encode("latin-1") + b"\r\n\r\n")
    assert (await house.ask(raw)).status == 200
    assert recorder.header("cookie") == [f"{big}; {odd} f=\xff"]


async def test_names_not_ascii_are_percent_encoded(build: Any, recorder: Recorder) -> None:
    house = await build(config_of(route_to(recorder.port)))
    owner = anna(display_name="Jörn", password_changed_at=time.time())
    house.sessions.add(session_of(owner=owner))
    await house.ask(request())
    assert recorder.header("x-forwarded-name") == ["J%C3%B6rn"]


async def test_a_master_password_replaces_the_clients_authorization(build: Any, recorder: Recorder) -> None:
    headers = IdentityHeaders("none", basic="{username}", basic_password="pw")
    house = await build(config_of(route_to(recorder.port, identity="none", identity_headers=headers)))
    house.sessions.add(session_of())
    await house.ask(request("/", "Authorization: Basic evil"))
    assert recorder.header("authorization") == ["Basic YW5uYUBleGFtcGxlLmNvbTpwdw=="]


async def test_forwarded_lines_are_ours_unless_the_peer_is_trusted(build: Any, recorder: Recorder) -> None:
    lines = ("X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: http", "X-Request-Id: abc", "X-Real-IP: 10.0.0.1")
    house = await build(config_of(route_to(recorder.port)))
    house.sessions.add(session_of())
    await house.ask(request("/", *lines))
    assert recorder.header("x-forwarded-for") == ["127.0.0.1"]
    assert recorder.header("x-real-ip") == ["127.0.0.1"]
    assert recorder.header("x-forwarded-proto") == ["https"]
    assert recorder.header("x-forwarded-port") == ["443"]
    trusting = await build(
        config_of(route_to(recorder.port), trusted_proxies=TrustedProxies([ipaddress.ip_network("127.0.0.0/8")]))
    )
    trusting.sessions.add(session_of())
    await trusting.ask(request("/", *lines))
    assert recorder.header("x-forwarded-for") == ["203.0.113.9, 127.0.0.1"]
    assert recorder.header("x-real-ip") == ["203.0.113.9"]
    assert recorder.header("x-forwarded-proto") == ["http"]
    assert recorder.header("x-request-id") == ["abc"]


async def test_a_trusted_proxy_that_passes_on_another_spelling_does_not_speak_for_the_client(
    build: Any, recorder: Recorder
) -> None:
    trusted = TrustedProxies([ipaddress.ip_network("127.0.0.0/8")])
    house = await build(config_of(route_to(recorder.port), trusted_proxies=trusted))
    house.sessions.add(session_of())
    said_by_the_proxy = ("X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", f"X-Forwarded-Host: {HOST}")
    passed_on = ("X_Forwarded_For: 198.51.100.1", "X.Forwarded.Proto: http", "X_Forwarded-Host: evil.example")
    for lines in ((*said_by_the_proxy, *passed_on), (*passed_on, *said_by_the_proxy)):
        assert (await house.ask(request("/", *lines))).status == 200
        assert recorder.header("x-real-ip") == ["203.0.113.9"]
        assert recorder.header("x-forwarded-proto") == ["https"]
        assert recorder.header("x-forwarded-host") == [HOST]


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        (("X-Forwarded-Proto: https,http", "X-Forwarded-For: 203.0.113.9, 127.0.0.2"), "https"),
        (("X-Forwarded-Proto: https", "X-Forwarded-Proto: http", "X-Forwarded-For: 203.0.113.9, 127.0.0.2"), "https"),
        (("X-Forwarded-Proto: https,http",), "https"),
        (("X-Forwarded-Proto: http, https", "X-Forwarded-For: 192.0.2.1, 203.0.113.9"), "https"),
        (("X-Forwarded-Proto: javascript", "X-Forwarded-For: 203.0.113.9"), "http"),
    ],
)
async def test_a_chain_of_trusted_proxies_tells_the_scheme_that_the_client_sees(
    build: Any, recorder: Recorder, lines: tuple[str, ...], seen: str
) -> None:
    """On the platform, and on our own pages, whose cookies follow it; from others it counts for nothing."""
    trusted = TrustedProxies([ipaddress.ip_network("127.0.0.0/8")])
    for proxies, scheme in ((trusted, seen), (TrustedProxies(), "http")):

        async def to_recorder(factory: Any) -> Any:
            _, made = await asyncio.get_running_loop().create_connection(factory, "127.0.0.1", recorder.port)
            return made

        config = config_of(route_to(recorder.port), trusted_proxies=proxies, scheme="http", port=80)
        house = await build(config, app=to_recorder)
        house.sessions.add(session_of())
        cookie = f"{config.server.cookies.session}={TOKEN}"
        assert (await house.ask(request("/", *lines, cookie=cookie))).status == 200
        assert recorder.header("x-forwarded-proto") == [scheme]
        assert (await house.ask(request("/gatekeeper/login", *lines))).status == 200
        assert recorder.header("x-gatekeeper-scheme") == [scheme]


async def test_polling_does_not_renew_and_people_do(build: Any, recorder: Recorder) -> None:
    route = route_to(recorder.port, background=(pattern("/?_action=refresh"),))
    house = await build(config_of(route))
    house.sessions.add(session_of(last_seen_at=time.time() - 120))
    await house.ask(request("/?_task=mail&_action=refresh"))
    assert house.sessions.touched == []
    await house.ask(request("/?_task=mail"))
    await house.ask(request("/?_task=mail&_uid=1"))
    assert len(house.sessions.touched) == 1


async def test_a_service_worker_that_could_reach_our_pages_is_refused(house: House, recorder: Recorder) -> None:
    for target, status in (("/sw.js", 403), ("/gatekeeper/sw.js", 403), ("/mail/sw.js", 200)):
        assert (await house.ask(request(target, "Service-Worker: script"))).status == status
    assert recorder.header("service-worker") == ["script"]


async def test_who_may_not_have_the_platforms_service_worker_gets_one_that_stands_aside(house: House) -> None:
    answered = await house.ask(request("/mail/sw.js", "Service-Worker: script", cookie=None))
    assert (answered.status, answered.get("content-type")) == (200, "text/javascript")
    assert answered.get("cache-control") == "no-store"
    assert b"unregister" in answered.body


async def test_our_own_pages_get_what_the_edge_knows(build: Any, recorder: Recorder) -> None:
    async def to_recorder(factory: Any) -> Any:
        _, made = await asyncio.get_running_loop().create_connection(factory, "127.0.0.1", recorder.port)
        return made

    house = await build(config_of(route_to(1)), app=to_recorder)
    recorder.answer = (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: __Host-gatekeeper=x\r\nClear-Site-Data: *\r\nContent-Length: 0\r\n\r\n"
    )
    answered = await house.ask(request("/gatekeeper/login", "X-Gatekeeper-Client-Address: evil"))
    assert answered.all("set-cookie") == ["__Host-gatekeeper=x"]
    assert answered.all("clear-site-data") == ["*"]
    assert recorder.header("x-gatekeeper-client-address") == ["127.0.0.1"]
    assert recorder.header("x-gatekeeper-scheme") == ["https"]
    assert len(recorder.header("x-request-id")) == 1
    assert recorder.header("cookie") == ["__Host-gatekeeper=a-token-of-anna"]


async def test_a_preflight_is_refused_unless_the_route_says_otherwise(build: Any, recorder: Recorder) -> None:
    lines = ("Origin: https://other.example.com", "Access-Control-Request-Method: PUT")
    raw = request("/", *lines, method="OPTIONS", cookie=None, body=b"abc")
    strict = await build(config_of(route_to(recorder.port)))
    assert (await strict.ask(raw)).status == 401
    open_house = await build(config_of(route_to(recorder.port, preflight=True)))
    assert (await open_house.ask(raw)).status == 200
    assert recorder.bodies == [b""]
    assert recorder.header("x-forwarded-user") == []


async def test_an_unknown_host_is_misdirected(house: House) -> None:
    assert (await house.ask(request(host="other.example.com"))).status == 421
    assert (await house.ask(request(host=HOST))).status == 200
