"""The app over socket pairs, and what is noted of requests."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from gatekeeper.config import LogConfig
from gatekeeper.edge import connect_to_app
from tests.edge.conftest import House, Recorder, config_of, read_answer, request, route_to, session_of


@pytest.fixture
async def app_runner() -> AsyncIterator[web.AppRunner]:
    async def login(asked: web.Request) -> web.Response:
        form = await asked.post()
        return web.json_response(
            {
                "host": asked.host,
                "address": asked.headers["X-Gatekeeper-Client-Address"],
                "form": dict(form),  # type: ignore[arg-type]
                "cookie": asked.headers.get("Cookie"),
            }
        )

    app = web.Application()
    app.router.add_route("*", "/gatekeeper/login", login)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    yield runner
    await runner.cleanup()


async def test_the_app_answers_over_a_socket_pair(build: Any, app_runner: web.AppRunner) -> None:
    assert app_runner.server is not None
    house = await build(config_of(route_to(1)), app=connect_to_app(app_runner.server))
    body = b"username=anna&password=x"
    form = "Content-Type: application/x-www-form-urlencoded"
    reader, writer = await house.connect()
    for _ in range(3):
        writer.write(request("/gatekeeper/login", form, method="POST", body=body))
        said = json.loads((await read_answer(reader)).body)
        assert said == {
            "host": "mail.example.com",
            "address": "127.0.0.1",
            "form": {"username": "anna", "password": "x"},
            "cookie": "__Host-gatekeeper=a-token-of-anna",
        }
    writer.close()
    assert (await house.ask(request("/gatekeeper/none", cookie=None))).status == 404


async def test_our_own_pages_take_no_tunnel(build: Any, app_runner: web.AppRunner) -> None:
    assert app_runner.server is not None
    house = await build(config_of(route_to(1)), app=connect_to_app(app_runner.server))
    raw = request("/gatekeeper/login", "Connection: Upgrade", "Upgrade: websocket")
    assert (await house.ask(raw)).status == 403


async def test_requests_are_noted_in_batches_and_without_queries(
    build: Any, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    config = dataclasses.replace(config_of(route_to(recorder.port)), log=LogConfig(requests=True))
    house: House = await build(config)
    house.sessions.add(session_of())
    await house.ask(request("/a?token=secret"))
    await house.ask(request("/b", cookie=None))
    assert house.edge.requests.by_status == {200: 1, 401: 1}
    house.edge.requests.flush(0.0)
    await house.edge.close()
    written = capsys.readouterr().err
    noted = [json.loads(line) for line in written.splitlines()]
    assert "secret" not in written
    assert [(line["path"], line["status"]) for line in noted] == [("/a", 200), ("/b", 401)]
