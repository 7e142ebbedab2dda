"""The doctor's question is answered to whoever holds the installation's secret, and is no page for anybody else."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from gatekeeper.crypto.tokens import Signer
from gatekeeper.domain.addresses import TrustedProxies
from gatekeeper.edge.dialling import connect_to_app
from gatekeeper.edge.doctor import HEADER, is_proof, proof
from tests.edge.conftest import COOKIE, HOST, House, Recorder, config_of, request, route_to

SIGNER = Signer(b"s" * 32)
ASKED = "/gatekeeper/doctor"


@pytest.fixture
async def house(build: Any, recorder: Recorder) -> AsyncIterator[House]:
    runner = web.AppRunner(web.Application(), access_log=None)  # knows no page at all
    await runner.setup()
    assert runner.server is not None
    trusted = TrustedProxies([ipaddress.ip_network("127.0.0.1/32")])
    config = config_of(route_to(recorder.port, headers={"X-Who": "{username}"}), trusted_proxies=trusted)
    yield await build(config, app=connect_to_app(runner.server), signer=SIGNER)
    await runner.cleanup()


def proven(now: float | None = None, signer: Signer = SIGNER) -> str:
    return f"{HEADER}: {proof(signer, 'nonce', time.time() if now is None else now)}"


async def test_it_tells_what_reached_the_gateway_and_what_was_believed(house: House) -> None:
    lines = (
        proven(),
        "X_Forwarded_User: root",
        "X-Who: root",
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-Proto: http",
        f"X-Forwarded-Host: {HOST}:8443",
        "Accept: text/html",
        "Connection: keep-alive, X-Who",
    )
    answered = await house.ask(request(f"{ASKED}?a=%2e", *lines, host="inside.example"))
    assert (answered.status, answered.get("cache-control")) == (200, "no-store")
    assert json.loads(answered.body) == {
        "peer": "127.0.0.1",
        "trusted": True,
        "address": "203.0.113.9",
        "scheme": "http",
        "host": f"{HOST}:8443",
        "target": f"{ASKED}?a=%2e",
        "connection": ["keep-alive, X-Who"],
        "headers": [
            ["X_Forwarded_User", "root"],
            ["X-Who", "root"],
            ["X-Forwarded-For", "203.0.113.9"],
            ["X-Forwarded-Proto", "http"],
            ["X-Forwarded-Host", f"{HOST}:8443"],
        ],
    }


async def test_it_tells_no_cookie_and_no_proof(house: House) -> None:
    answered = await house.ask(request(ASKED, proven(), "Authorization: Bearer gk_x", cookie=COOKIE))
    assert answered.status == 200
    for secret in ("a-token-of-anna", "gk_x", "nonce"):
        assert secret.encode() not in answered.body


REFUSED = {
    "without a proof": (),
    "old": (proven(time.time() - 300),),
    "of tomorrow": (proven(time.time() + 300),),
    "of another installation": (proven(signer=Signer(b"t" * 32)),),
    "for another purpose": (f"{HEADER}: {SIGNER.sign(f'{int(time.time())}.nonce', 'csrf')}",),
    "forged": (f"{HEADER}: {int(time.time())}.nonce.AAAA",),
    "made younger": (f"{HEADER}: {int(time.time())}{proof(SIGNER, 'nonce', 1_000_000_000)[10:]}",),
    "empty": (f"{HEADER}:",),
    "twice": (proven(), proven()),
    "under another name": (proven().replace("-", "_", 2),),
}


@pytest.mark.parametrize("lines", REFUSED.values(), ids=REFUSED)
async def test_without_a_good_proof_there_is_no_such_page(house: House, lines: tuple[str, ...]) -> None:
    unknown = await house.ask(request("/gatekeeper/no-such-page", *lines, cookie=None))
    answered = await house.ask(request(ASKED, *lines, cookie=None))
    assert (answered.status, answered.body) == (404, unknown.body)
    assert {name for name, _ in answered.headers} == {name for name, _ in unknown.headers}


@pytest.mark.parametrize("target", [f"{ASKED}/", f"{ASKED}s", f"{ASKED}/x"])
async def test_the_pages_beside_it_are_as_unknown_as_before(house: House, target: str) -> None:
    assert (await house.ask(request(target, proven()))).status == 404


async def test_only_a_plain_get_is_answered(house: House) -> None:
    assert (await house.ask(request(ASKED, proven(), method="POST"))).status == 404
    assert (await house.ask(request(ASKED, proven(), body=b"x"))).status == 404


async def test_an_edge_without_the_secret_answers_nobody(build: Any, recorder: Recorder) -> None:
    house = await build(config_of(route_to(recorder.port)))
    assert (await house.ask(request(ASKED, proven()))).status == 502  # the app, which this edge does not have


def test_a_proof_counts_for_a_minute() -> None:
    made = proof(SIGNER, "n", 1_000.0)
    assert [is_proof(SIGNER, made, now) for now in (939.0, 940.0, 1_000.0, 1_060.0, 1_061.0)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    for text in ("", ".", "x", "²." + made, SIGNER.sign("no-time", "doctor"), SIGNER.sign("²", "doctor")):
        assert not is_proof(SIGNER, text, 1_000.0)
