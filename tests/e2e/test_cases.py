"""What people met with other gateways, met by the whole of this one, before a platform that keeps what it gets.

Nothing between the socket and the platform is replaced. The clock alone is the tests' own.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
import bcrypt
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from yarl import URL

from tests.e2e.gateway import ROUTE, Clock, Gate, free_port, open_gate, write_config
from tests.e2e.person import PASSWORD
from tests.e2e.process import Visitor
from tests.edge.conftest import Answered, read_answer, request

ANNA = "anna@example.com"
QUICK = {"GATEKEEPER__SERVER__LIMITS__DRAIN_TIMEOUT": "0.05s"}
NAVIGATES = "Sec-Fetch-Mode: navigate"
PATIENCE = 10.0
"""Seconds after which something that should happen counts as not happening."""
SECOND = 1.0
"""What the rule gives to streams whose session has ended."""


class Platform:
    """A platform on a Unix socket that keeps the heads that it gets, and answers what it is told."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.more: list[str] = []
        self.body = b"ok"
        self.open: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                key = self.header("sec-websocket-key")
                if key:
                    digest = hashlib.sha1(f"{key[0]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
                    accept = base64.b64encode(digest).decode()
                    writer.write(
                        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
                    )
                elif b"GET /events " in head:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n")
                else:
                    lines = [f"Content-Length: {len(self.body)}", *self.more, "", ""]
                    writer.write(b"HTTP/1.1 200 OK\r\n" + "\r\n".join(lines).encode() + self.body)
                    continue
                self.open.append(writer)
                await reader.read()
                return
        writer.close()

    def header(self, name: str) -> list[str]:
        """The values of a header in the last request."""
        lines = self.heads[-1].decode("latin-1").split("\r\n")[1:]
        return [value.strip() for key, _, value in (line.partition(":") for line in lines) if key.lower() == name]

    @property
    def target(self) -> bytes:
        return self.heads[-1].split(b" ")[1]


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Platform]:
    platform = Platform()
    server = await asyncio.start_unix_server(platform, tmp_path / "behind.sock")
    async with server:
        yield platform
        for writer in platform.open:
            writer.close()


@pytest.fixture
async def gate(
    tmp_path: Path, behind: Platform, database_url: str, redis_url: str, clock: Clock, request: Any
) -> AsyncIterator[Gate]:
    """One node; a test may name other routes as the parameter."""
    async with open_gate(
        tmp_path,
        platform=tmp_path / "behind.sock",
        database=database_url,
        redis=redis_url,
        clock=clock,
        routes=getattr(request, "param", ROUTE),
        environ=QUICK,
    ) as gate:
        yield gate


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with Visitor() as visitor:
        yield visitor


def host_of(gate: Gate) -> str:
    return gate.base.removeprefix("http://")


async def dial(gate: Gate) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("localhost", URL(gate.base).port)


async def ask(gate: Gate, target: str, *lines: str, cookie: str | None = None, **more: Any) -> Answered:
    """Send a request as these very bytes, on a connection of its own."""
    reader, writer = await dial(gate)
    more.setdefault("host", host_of(gate))
    writer.write(request(target, *lines, cookie=cookie, **more))
    try:
        return await read_answer(reader, head_only=more.get("method") == "HEAD")
    finally:
        writer.close()


async def session_of(gate: Gate, username: str = ANNA, password: str = PASSWORD) -> str:
    """Sign somebody in; the cookie as it goes into a request."""
    async with Visitor() as visitor:
        status, _ = await visitor.gives_password(gate.base, username, password)
        assert status == 303
        return f"gatekeeper={visitor.cookie('gatekeeper')}"


async def enrol(gate: Gate, visitor: Visitor, username: str) -> str:
    """Sign somebody in who must enrol, through the three steps to the end; the page with the recovery codes."""
    _, where = await visitor.gives_password(gate.base, username)
    _, page = await visitor.get(f"{gate.base}{where}")
    visitor.read_secret(page)
    _, where = await visitor.post(f"{gate.base}{where}", page, code=visitor.code(gate.clock()))
    assert "/login/recovery-codes" in where
    _, codes = await visitor.get(f"{gate.base}{where}")
    status, where = await visitor.post(f"{gate.base}{where}", codes, saved="on")
    assert (status, where) == (303, "/mail/whoami")
    return codes


async def told(gate: Gate, cookie: str) -> dict[str, Any]:
    """What the API says to a session about itself."""
    answered = await ask(gate, "/gatekeeper/api/v1/session", cookie=cookie)
    assert answered.status == 200
    return dict(json.loads(answered.body))


async def change(gate: Gate, cookie: str, method: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
    """Call the API by cookie, with the token against forgery."""
    token = (await told(gate, cookie))["csrf_token"]
    lines = [f"X-CSRF-Token: {token}", "Content-Type: application/json", "Connection: close"]
    answered = await ask(
        gate, f"/gatekeeper/api/v1{path}", *lines, cookie=cookie, method=method, body=json.dumps(body).encode()
    )
    return answered.status, json.loads(answered.body or b"{}")


async def imported(gate: Gate, rows: str) -> tuple[int, dict[str, Any]]:
    """Import people from CSV."""
    lines = [f"Authorization: Bearer {gate.token}", "Content-Type: text/csv"]
    answered = await ask(gate, "/gatekeeper/api/v1/users/import", *lines, method="POST", body=rows.encode())
    return answered.status, json.loads(answered.body)


async def stream_events(gate: Gate, cookie: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open an event stream and read its first event."""
    reader, writer = await dial(gate)
    writer.write(request("/events", "Accept: text/event-stream", host=host_of(gate), cookie=cookie))
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        await reader.readuntil(b"data: first")
    return reader, writer


async def open_tunnel(gate: Gate, cookie: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket."""
    reader, writer = await dial(gate)
    lines = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    key = base64.b64encode(bytes(16)).decode()
    lines += [f"Sec-WebSocket-Key: {key}", f"Origin: {gate.base}"]
    writer.write(request("/live", *lines, host=host_of(gate), cookie=cookie))
    async with asyncio.timeout(PATIENCE):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


async def rest_of(reader: asyncio.StreamReader, within: float = PATIENCE) -> bytes:
    """What comes until the other side ends."""
    async with asyncio.timeout(within):
        found = b""
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65_536):
                found += piece
        return found


# Cookies, headers, host


async def test_the_platform_gets_every_cookie_but_ours_byte_for_byte(gate, behind):
    session = await session_of(gate)
    big = f"bigsession={'x' * 8_000}; another={'y' * 4_000}"
    odd = 'a="b c; gatekeeper-loginx=1; =; d = e;f; g=\\"'
    own = "gatekeeper-login=x; gatekeeper-device=y"
    assert (await ask(gate, "/", cookie=f"{big}; {session}; {odd}; {own}; last=1")).status == 200
    assert behind.header("cookie") == [f"{big}; {odd}; last=1"]
    for alone in (session, f"{session}; {own}", f"{own}; {session}"):
        assert (await ask(gate, "/", cookie=alone)).status == 200
        assert behind.header("cookie") == []


async def test_a_neighbours_cookies_are_neither_taken_for_ours_nor_kept_back(gate, behind):
    session = await session_of(gate)
    token = session.partition("=")[2]
    near = f"gatekeeper2={token}; Gatekeeper={token}; gatekeeper_={token}; xgatekeeper={token}; gatekeeper-2=x"
    near += f"; __Host-gatekeeper={token}"
    assert (await ask(gate, "/", cookie=near)).status == 401
    assert behind.heads == []
    assert (await ask(gate, "/", cookie=f"{near}; {session}")).status == 200
    assert behind.header("cookie") == [near]


async def test_two_gateways_on_neighbouring_hosts_work_in_one_browser(
    tmp_path, behind, database_url, redis_url, clock, visitor
):
    async with AsyncExitStack() as stack:
        gate = await stack.enter_async_context(
            open_gate(
                tmp_path,
                platform=tmp_path / "behind.sock",
                database=database_url,
                redis=redis_url,
                clock=clock,
                environ=QUICK,
            )
        )
        port = URL(gate.base).port
        other = f"http://127.0.0.1:{port}"
        await visitor.signs_in(gate.base, ANNA)
        assert (await visitor.get(f"{other}/"))[0] == 401
        await visitor.signs_in(other, "marco@example.com")
        for base, name in ((gate.base, ANNA), (other, "marco@example.com"), (gate.base, ANNA)):
            assert (await visitor.get(f"{base}/"))[0] == 200
            assert behind.header("x-forwarded-user") == [name]
        await visitor.signs_out(other)
        assert (await visitor.get(f"{other}/"))[0] == 401
        assert (await visitor.get(f"{gate.base}/"))[0] == 200


async def test_a_target_comes_back_from_sign_in_and_reaches_the_platform_as_the_same_bytes(gate, behind):
    for target in ("/a%27b%3Ac%28d%29?x=p%27%40q+r", "/x?a=foo;bar", "/a/b?", "/?b=%2526&c=%c3%b6"):
        answered = await ask(gate, target, NAVIGATES)
        assert answered.status == 302
        async with Visitor() as visitor:
            _, page = await visitor.get(URL(gate.base + answered.get("location"), encoded=True))
            status, where = await visitor.post(f"{gate.base}/gatekeeper/login", page, username=ANNA, password=PASSWORD)
            assert (status, where) == (303, target)
            assert (await ask(gate, target, cookie=f"gatekeeper={visitor.cookie('gatekeeper')}")).status == 200
        assert behind.target == target.encode()


async def test_compressed_bytes_pass_as_they_are_and_nobody_asks_for_them(gate, behind):
    session = await session_of(gate)
    behind.body, behind.more = bytes(range(256)), ["Content-Encoding: gzip"]
    answered = await ask(gate, "/", cookie=session)
    assert (answered.body, answered.get("content-encoding")) == (behind.body, "gzip")
    assert answered.all("content-length") == ["256"]
    assert behind.header("accept-encoding") == []


@pytest.mark.parametrize(("name", "encoded"), [("Jörn", "J%C3%B6rn"), ("Йорн", "%D0%99%D0%BE%D1%80%D0%BD")])
async def test_a_name_is_ascii_in_the_headers_and_itself_in_the_assertion(gate, behind, name, encoded):
    anna = await gate.user_id(ANNA)
    await gate.api("PATCH", f"/users/{anna}", {"display_name": name})
    session = await session_of(gate)
    async with aiohttp.ClientSession() as client, client.get(f"{gate.base}/gatekeeper/.well-known/jwks.json") as answer:
        keys = KeySet.import_key_set(await answer.json())

    async def check() -> None:
        assert behind.header("x-forwarded-name") == [encoded]
        assert behind.header("x-forwarded-user") == [ANNA]
        assert behind.heads[-1].isascii()
        (assertion,) = behind.header("x-gatekeeper-assertion")
        token = jwt.decode(assertion, keys, algorithms=["ES256"])
        wanted = {"iss": f"{gate.base}/gatekeeper", "aud": "webmail", "sub": anna, "email": ANNA, "name": name}
        assert {claim: token.claims.get(claim) for claim in wanted} == wanted
        assert token.claims["amr"] == ["pwd"]
        assert 0 < token.claims["exp"] - token.claims["iat"] <= 300
        assert token.claims["auth_time"] <= token.claims["iat"]

    assert (await ask(gate, "/", cookie=session)).status == 200
    await check()
    _, writer = await open_tunnel(gate, session)
    assert behind.target == b"/live"
    await check()
    writer.close()


async def test_what_a_client_says_of_itself_is_neither_believed_nor_passed_on(gate, behind):
    session = await session_of(gate)
    forged = ["X_Forwarded_User: evil", "x.forwarded.groups: admins", "X-Forwarded-For: 203.0.113.9"]
    forged += ["X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example", "Forwarded: for=203.0.113.9;proto=https"]
    forged += ["X-Gatekeeper-Assertion: evil", "Remote-User: evil", "Connection: X-Forwarded-User, X-Forwarded-Email"]
    assert (await ask(gate, "/", *forged, cookie=session)).status == 200
    head = behind.heads[-1]
    for word in (b"evil", b"admins", b"203.0.113.9", b"https", b"_"):
        assert word not in head.lower().replace(behind.header("x-gatekeeper-assertion")[0].lower().encode(), b"")
    assert behind.header("x-forwarded-user") == [ANNA]
    assert behind.header("x-forwarded-email") == [ANNA]
    assert behind.header("x-forwarded-host") == [host_of(gate)]
    answered = await ask(gate, "/", NAVIGATES, *forged)
    assert answered.get("location") == "/gatekeeper/login?next=/"


async def test_every_location_keeps_the_authority_that_was_asked_for(gate, behind):
    for host in ("mail.example.com:4443", "[::1]:8080", "MAIL.example.com"):
        answers = [await ask(gate, "/mail?a=b", NAVIGATES, host=host)]
        answers.append(await ask(gate, "/gatekeeper/account", NAVIGATES, host=host))
        form = await ask(gate, "/gatekeeper/login?next=/mail", host=host)
        cookie = "; ".join(line.partition(";")[0] for line in form.all("set-cookie"))
        fields = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', form.body.decode()))
        lines = ["Content-Type: application/x-www-form-urlencoded", f"Origin: http://{host}"]
        lines.append("Sec-Fetch-Site: same-origin")
        sent = urlencode(fields | {"username": ANNA, "password": PASSWORD}).encode()
        signed_in = await ask(gate, "/gatekeeper/login", *lines, host=host, cookie=cookie, method="POST", body=sent)
        assert signed_in.get("location") == "/mail"
        session = next(line.partition(";")[0] for line in signed_in.all("set-cookie") if line.startswith("gatekeeper="))
        answers += [signed_in, await ask(gate, "/gatekeeper/login?next=/mail", NAVIGATES, host=host, cookie=session)]
        for answered in answers:
            assert answered.status in {302, 303}
            place = urljoin(f"http://{host}/x", answered.get("location"))
            assert urlsplit(place).netloc.lower() == host.lower()
        assert (await ask(gate, "/", cookie=session, host=host)).status == 200
        assert behind.header("host") == behind.header("x-forwarded-host") == [host]


HOSTED = ROUTE.replace('path = "/"', 'path = "/"\nhost = "mail.example.com"')


@pytest.mark.parametrize("gate", [HOSTED], indirect=True)
async def test_a_host_that_nobody_knows_is_misdirected(gate, behind):
    for host, status in (
        ("other.example.com", 421),
        ("mail.example.com.evil.example", 421),
        ("127.0.0.2", 421),
        ("mail.example.com", 401),
        ("MAIL.example.com.:80", 401),
    ):
        assert (await ask(gate, "/", host=host)).status == status
    assert (await ask(gate, "/gatekeeper/login", host="other.example.com")).status == 421
    assert (await ask(gate, "/gatekeeper/login")).status == 200
    assert behind.heads == []


async def test_a_platform_reaches_neither_our_cookies_nor_our_pages(gate, behind):
    session = await session_of(gate)
    behind.more = [f"Set-Cookie: {name}=evil; Path=/" for name in ("gatekeeper", "gatekeeper-login", "mine")]
    behind.more += ["Set-Cookie: gatekeeper-device=evil", 'Clear-Site-Data: "cookies"', "Service-Worker-Allowed: /"]
    answered = await ask(gate, "/", cookie=session)
    assert answered.all("set-cookie") == ["mine=evil; Path=/"]
    assert answered.all("clear-site-data") == answered.all("service-worker-allowed") == []
    behind.heads.clear()
    assert (await ask(gate, "/worker.js", "Service-Worker: script", cookie=session)).status == 403
    assert behind.heads == []
    assert (await ask(gate, "/mail/worker.js", "Service-Worker: script", cookie=session)).status == 200


async def test_answers_to_a_session_are_private_and_our_own_pages_are_not_stored(gate, behind):
    session = await session_of(gate)
    assert (await ask(gate, "/", cookie=session)).all("cache-control") == ["private"]
    behind.more = ["Cache-Control: max-age=60"]
    assert (await ask(gate, "/", cookie=session)).all("cache-control") == ["max-age=60"]
    for path in ("login", "logout", "account", "api/v1/session"):
        for cookie in (None, session):
            (kept,) = (await ask(gate, f"/gatekeeper/{path}", cookie=cookie)).all("cache-control")
            assert "no-store" in kept


async def test_a_path_that_can_be_read_in_two_ways_is_refused(gate, behind):
    session = await session_of(gate)
    paths = ["/mail/%2e%2e/gatekeeper/account", "/mail/..;x/y", "/a%00b", "/a\\b", "/mail/%2e/x", "/a%zz"]
    paths += ["/gatekeeper%2Flogin", "//gatekeeper/login", "/x/..%2fgatekeeper/login", "/gatekeeper;x/login"]
    for path in paths:
        assert (await ask(gate, path, cookie=session)).status == 400
    assert behind.heads == []
    assert (await ask(gate, "/mail/INBOX%2FSent;v=1", cookie=session)).status == 200
    assert behind.target == b"/mail/INBOX%2FSent;v=1"


OPEN = (
    ROUTE
    + """
[[route]]
name = "open"
path = "/open"
access = "public"
upstream = "unix:{platform}"
identity = "remote"
headers = {{ "X-Webobjects-Remote-User" = "{{username}}" }}
"""
)


@pytest.mark.parametrize("gate", [OPEN], indirect=True)
async def test_a_public_route_strips_what_it_would_set_and_no_other_route_is_read_as_it(gate, behind):
    session = await session_of(gate)
    forged = ["X-WebObjects-Remote-User: evil", "x_webobjects_remote_user: evil", "Remote-User: evil"]
    forged += ["remote.groups: evil", "X-Forwarded-User: evil", "X-Gatekeeper-Assertion: evil"]
    assert (await ask(gate, "/open/x", *forged)).status == 200
    assert b"evil" not in behind.heads[-1]
    assert (await ask(gate, "/open/x", *forged, cookie=session)).status == 200
    assert b"evil" not in behind.heads[-1]
    assert behind.header("remote-user") == behind.header("x-webobjects-remote-user") == [ANNA]
    assert behind.header("x-forwarded-user") == behind.header("cookie") == []
    behind.heads.clear()
    for path in ("/open%2Fx", "/open;x/y", "//open/x", "/open%3Bx/y", "/open/%2e%2e/mail", "/mail/..%2fopen/x"):
        for cookie in (None, session):
            assert (await ask(gate, path, cookie=cookie)).status == 400
    assert behind.heads == []


# The end of a session


async def seen(gate: Gate, cookie: str, at: float) -> None:
    """Wait until it has been written down that the session was used at that time or later."""
    services = gate.nodes[0].services
    session_id = hashlib.sha256(cookie.partition("=")[2].encode()).hexdigest()
    async with asyncio.timeout(PATIENCE):
        while True:
            session = await services.sessions.get(session_id)
            assert session is not None
            if session.last_seen_at >= at:
                return
            await asyncio.sleep(0.01)


async def test_polling_and_what_stays_open_do_not_keep_a_session_alive(gate, behind):
    session = await session_of(gate)
    events, first = await stream_events(gate, session)
    tunnel, second = await open_tunnel(gate, session)
    for _ in range(3):
        gate.clock.forward(9 * 60)
        assert (await ask(gate, "/mail/?_task=mail&_action=refresh", cookie=session)).status == 200
        for writer, said in zip(behind.open, (b"data: more\n\n", b"\x81\x04more"), strict=True):
            writer.write(said)
        second.write(b"\x81\x82\0\0\0\0hi")
        async with asyncio.timeout(PATIENCE):
            await events.readuntil(b"more")
            await tunnel.readuntil(b"more")
    gate.clock.forward(4 * 60)
    assert (await ask(gate, "/mail/?_task=mail&_action=refresh", cookie=session)).status == 401
    assert (await ask(gate, "/", cookie=session)).status == 401
    await rest_of(events)
    assert b"\x03\xf0" in await rest_of(tunnel)
    first.close()
    second.close()


async def test_a_person_who_does_something_stays_signed_in_up_to_the_absolute_limit(gate):
    session = await session_of(gate)
    for _ in range(28):
        gate.clock.forward(25 * 60)
        assert (await ask(gate, "/mail/?_task=mail", cookie=session)).status == 200
        await seen(gate, session, gate.clock() - 60)
    gate.clock.forward(25 * 60)
    assert (await ask(gate, "/mail/?_task=mail", cookie=session)).status == 401


async def test_an_event_stream_and_a_websocket_end_when_the_session_does(gate):
    async with Visitor() as visitor:
        await visitor.signs_in(gate.base, ANNA)
        session = f"gatekeeper={visitor.cookie('gatekeeper')}"
        events, first = await stream_events(gate, session)
        tunnel, second = await open_tunnel(gate, session)
        await visitor.signs_out(gate.base)
        async with asyncio.timeout(SECOND):
            await rest_of(events)
            closed = await rest_of(tunnel)
        # A close frame with 1008 (RFC 6455 §7.4.1).
        assert closed[0] == 0x88
        assert closed[2:4] == (1008).to_bytes(2, "big")
        assert (await ask(gate, "/", cookie=session)).status == 401
        first.close()
        second.close()


async def test_a_person_whose_account_is_closed_is_refused_at_once_and_learns_no_more_than_a_guesser(gate, visitor):
    session = await session_of(gate)
    events, writer = await stream_events(gate, session)
    anna = await gate.user_id(ANNA)
    await gate.api("PATCH", f"/users/{anna}", {"enabled": False})
    assert (await ask(gate, "/", cookie=session)).status == 401
    assert (await ask(gate, "/gatekeeper/api/v1/session", cookie=session)).status == 401
    await rest_of(events, SECOND)
    writer.close()
    refused = [
        await visitor.gives_password(gate.base, username, password)
        for username, password in ((ANNA, PASSWORD), ("marco@example.com", "wrong"), ("nobody@example.com", "wrong"))
    ]
    assert {status for status, _ in refused} == {401}
    said = {re.sub(r'value="[^"]*"', "", text) for _, text in refused}
    assert len(said) == 1


# Names and passwords


async def test_two_spellings_of_a_name_are_one_account_with_one_counter(gate, behind, visitor):
    await gate.add_user("Test@example.org", password=PASSWORD)
    twin = {"username": "test@example.org", "email": "x@example.org", "display_name": "X"}
    await gate.api("POST", "/users", twin, status=409)
    spellings = ["test@example.org", " TEST@EXAMPLE.ORG ", "Test@Example.Org", "ｔest@example.org", "tEST@example.org"]
    for number, name in enumerate(spellings):
        assert (await visitor.gives_password(gate.base, name, f"guess {number}"))[0] == 401
    assert (await visitor.gives_password(gate.base, "Test@example.org"))[0] == 429
    gate.clock.forward(60)
    assert (await visitor.gives_password(gate.base, "test@EXAMPLE.org  "))[0] == 303
    assert (await visitor.get(f"{gate.base}/"))[0] == 200
    assert behind.header("x-forwarded-user") == ["Test@example.org"]
    assert behind.header("x-forwarded-email") == ["Test@example.org"]


async def test_an_import_with_two_spellings_of_a_name_reports_a_duplicate(gate):
    rows = ["username,email", "Eva@example.org,eva@example.org", "eva@example.org,other@example.org"]
    rows.append("ANNA@example.com,another@example.org")
    status, problem = await imported(gate, "\n".join(rows))
    assert status == 422
    assert {(error["line"], error["field"]) for error in problem["errors"]} == {(3, "username"), (4, "email")}
    assert (await gate.api("GET", "/users?query=eva"))["items"] == []


async def test_spaces_are_trimmed_from_a_name_and_never_from_a_password(gate):
    await gate.add_user("dora@example.com", password=f" {PASSWORD} ")
    async with Visitor() as visitor:
        for wrong in (PASSWORD, f" {PASSWORD}", f"{PASSWORD} "):
            assert (await visitor.gives_password(gate.base, "dora@example.com", wrong))[0] == 401
        assert (await visitor.gives_password(gate.base, " dora@example.com\u00a0", f" {PASSWORD} "))[0] == 303


async def test_a_hundred_posts_without_a_name_lock_nobody_out(gate, visitor):
    _, page = await visitor.get(f"{gate.base}/gatekeeper/login")
    for number in range(100):
        status, _ = await visitor.post(
            f"{gate.base}/gatekeeper/login", page, username=" " * (number % 3), password=f"guess {number}"
        )
        assert 400 <= status < 500
    await visitor.signs_in(gate.base, ANNA)


async def test_a_telephone_that_repeats_the_old_password_hinders_nobody(gate):
    async with Visitor() as telephone:
        for _ in range(30):
            gate.clock.forward(60)
            assert (await telephone.gives_password(gate.base, ANNA, "The-old-one-1"))[0] == 401
        await telephone.signs_in(gate.base, "marco@example.com")
    async with Visitor() as desk:
        await desk.signs_in(gate.base, ANNA)
    async with Visitor() as guesser:
        answers = [(await guesser.gives_password(gate.base, "lucia@example.com", f"guess {n}"))[0] for n in range(6)]
        assert answers[-1] == 429


async def test_150_characters_against_an_imported_bcrypt_hash(gate):
    long = "Lange-Parole-1 " * 10
    kinds = ("2a", "2b", "2y")
    rows = ["username,email,password_hash"]
    for kind in kinds:
        stored = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode().replace("$2b$", f"${kind}$")
        rows.append(f"k{kind},k{kind}@example.com,{stored}")
    _, done = await imported(gate, "\n".join(rows))
    assert done["added"] == 3
    for kind in kinds:
        async with Visitor() as visitor:
            assert (await visitor.gives_password(gate.base, f"k{kind}", long[:71]))[0] == 401
            assert (await visitor.gives_password(gate.base, f"k{kind}", long))[0] == 303
        async with Visitor() as visitor:
            # Hashed anew at the first sign-in: what comes after the 72nd byte counts from now on.
            assert (await visitor.gives_password(gate.base, f"k{kind}", long[:100]))[0] == 401
            assert (await visitor.gives_password(gate.base, f"k{kind}", long))[0] == 303


async def test_four_thousand_characters_are_refused_as_any_password_that_will_not_do(gate, visitor):
    endless = "a" * 4_000
    anna = await gate.user_id(ANNA)
    refused = await gate.api("POST", f"/users/{anna}/password", {"new_password": endless}, status=422)
    assert "new_password" in json.dumps(refused)
    await gate.api("POST", f"/users/{anna}/require-password-change")
    _, where = await visitor.gives_password(gate.base, ANNA)
    _, page = await visitor.get(f"{gate.base}{where}")
    status, text = await visitor.post(
        f"{gate.base}/gatekeeper/login/password", page, new_password=endless, new_password_again=endless
    )
    assert status == 422
    assert "256" in text
    assert endless not in text
    async with Visitor() as other:
        assert (await other.gives_password(gate.base, "marco@example.com", endless))[0] == 401
        await other.signs_in(gate.base, "marco@example.com")


async def test_of_fifty_parallel_submissions_of_one_code_one_succeeds(gate):
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(Visitor())
        # Ten attempts, and the code five times in each: neither an attempt nor the person takes it twice.
        visitors = [await stack.enter_async_context(Visitor()) for _ in range(10)]
        await gate.set_two_factor({"mode": "everyone"})
        await enrol(gate, first, ANNA)
        gate.clock.forward(60)
        pages = []
        for visitor in visitors:
            _, where = await visitor.gives_password(gate.base, ANNA)
            assert "/login/code" in where
            pages.append((await visitor.get(f"{gate.base}{where}"))[1])
        code = first.code(gate.clock())
        answers = await asyncio.gather(
            *(
                visitor.post(f"{gate.base}/gatekeeper/login/code", page, code=code)
                for visitor, page in zip(visitors * 5, pages * 5, strict=True)
            )
        )
        assert {status for status, _ in answers} <= {303, 401, 422, 429}
        assert sorted([(await visitor.get(f"{gate.base}/"))[0] for visitor in visitors]) == [200] + [401] * 9
        anna = await gate.user_id(ANNA)
        # That one, and the one that began with the enrolment.
        assert len((await gate.api("GET", f"/users/{anna}/sessions"))["items"]) == 2


# Administration by cookie


async def test_a_grave_change_by_cookie_needs_a_fresh_proof(gate):
    session = await session_of(gate, "admin@example.com")
    lucia = await gate.user_id("lucia@example.com")
    calls = [
        ("PUT", "/policies/two-factor", {"mode": "everyone"}),
        ("PUT", f"/users/{lucia}/permissions", {"permissions": ["audit.read"]}),
        ("POST", f"/users/{lucia}/reset-two-factor", {"reason": "a lost telephone"}),
        ("PATCH", f"/users/{lucia}", {"email": "thief@example.com"}),
        ("DELETE", f"/users/{lucia}", None),
        ("POST", "/tokens", {"name": "mine", "permissions": []}),
    ]
    gate.clock.forward(601)
    before = await gate.api("GET", f"/users/{lucia}")
    for method, path, body in calls:
        status, problem = await change(gate, session, method, path, body)
        assert status == 403
        assert problem["type"].endswith("#recent-proof")
    assert await gate.api("GET", f"/users/{lucia}") == before
    fresh = await session_of(gate, "admin@example.com")
    assert (await change(gate, fresh, "PATCH", f"/users/{lucia}", {"display_name": "Lucia"}))[0] == 200


async def test_losing_a_permission_works_at_the_next_request(gate):
    lucia = await gate.user_id("lucia@example.com")
    await gate.api("PUT", f"/users/{lucia}/permissions", {"permissions": ["audit.read", "users.manage"]})
    session = await session_of(gate, "lucia@example.com")
    token = await change(gate, session, "POST", "/tokens", {"name": "hers", "permissions": ["audit.read"]})
    bearer = f"Authorization: Bearer {token[1]['token']}"
    asked = "/gatekeeper/api/v1/audit"
    assert (await ask(gate, asked, cookie=session)).status == 200
    assert (await ask(gate, asked, bearer)).status == 200
    await gate.api("PUT", f"/users/{lucia}/permissions", {"permissions": ["users.manage"]})
    assert (await ask(gate, asked, cookie=session)).status in {401, 403}
    assert (await ask(gate, asked, bearer)).status == 403
    again = await session_of(gate, "lucia@example.com")
    assert (await ask(gate, asked, cookie=again)).status == 403


async def test_a_change_by_cookie_that_another_site_sends_is_refused(gate):
    session = await session_of(gate, "admin@example.com")
    token = (await told(gate, session))["csrf_token"]
    json_type = "Content-Type: application/json"
    path = "/gatekeeper/api/v1/policies/password/preview"
    policy = {"expiry": {"mode": "never"}, "reuse": {"forbid_last": 0}, "strength": "basic"}
    body = json.dumps(policy).encode()
    ours = f"X-CSRF-Token: {token}"
    for lines in (
        [],
        ["X-CSRF-Token: x"],
        [ours, "Sec-Fetch-Site: cross-site"],
        [ours, "Sec-Fetch-Site: same-site"],
        [ours, "Origin: http://evil.example"],
        [ours, "Origin: null"],
    ):
        answered = await ask(gate, path, json_type, *lines, cookie=session, method="POST", body=body)
        assert answered.status == 403
    same = [ours, f"Origin: {gate.base}", "Sec-Fetch-Site: same-origin"]
    assert (await ask(gate, path, json_type, *same, cookie=session, method="POST", body=body)).status == 200


# Secrets


async def test_no_secret_reaches_the_log_an_error_page_or_the_audit_log(gate, capfd, behind):
    await gate.set_two_factor({"mode": "everyone"})
    secrets = [gate.token, PASSWORD, "a-Wrong-Guess-7"]
    async with Visitor() as visitor:
        pages = [(await visitor.gives_password(gate.base, ANNA, "a-Wrong-Guess-7"))[1]]
        page = await enrol(gate, visitor, ANNA)
        recovery = re.findall(r"\b[a-z0-9]{5}-[a-z0-9]{5}\b", page)
        assert recovery
        cookie = visitor.cookie("gatekeeper")
        assert (await visitor.get(f"{gate.base}/mail/?token=in-the-query"))[0] == 200
        secrets += [visitor.secret, *recovery, cookie, visitor.cookie("gatekeeper-device"), "in-the-query"]
        behind.body = b""
        for path in ("/gatekeeper/nothing?token=in-the-query", "/%2e%2e/x", "/gatekeeper/api/v1/users"):
            answered = await ask(gate, path, f"Authorization: Basic {cookie}", cookie=f"gatekeeper={cookie}")
            assert answered.status >= 400
            pages.append(answered.body.decode())
    entries = [repr(entry) async for entry in gate.nodes[0].services.database.read.audit.stream()]
    for node in gate.nodes:
        await node.stop()
    kept = "".join(capfd.readouterr())
    assert "/gatekeeper/nothing" in kept
    assert len(entries) >= 4
    for secret in secrets:
        assert secret not in kept
        assert not any(secret in entry for entry in entries)
        assert not any(secret in page for page in pages)


# Operation


def test_a_damaged_secret_stops_the_start(tmp_path, database_url, redis_url):
    path = write_config(
        tmp_path,
        port=free_port(),
        listen=free_port(),
        platform=tmp_path / "behind.sock",
        database=database_url,
        redis=redis_url,
    )
    (tmp_path / "data").mkdir()
    # What is left of gk1-abc$def… once a shell or a compose file has eaten it.
    key = tmp_path / "data" / "secret.key"
    key.write_text("gk1-abcEATEN\n")
    command = [sys.executable, "-m", "gatekeeper", "serve", "--config", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert str(key) in ended.stderr
    assert "EATEN" not in ended.stderr + ended.stdout
    assert key.read_text() == "gk1-abcEATEN\n"
