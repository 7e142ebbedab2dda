"""The whole gateway with a mail server: what arrives in a mailbox, and what happens while the server is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.gateway import QUICK, Clock, Gate, open_gate
from tests.e2e.post import HANG, Post, open_post

NEW = {"new_password": "Something-Else-2", "must_change": True}
ANNA = "anna@example.com"


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with open_post() as post:
        yield post


@pytest.fixture
async def gate(tmp_path: Path, platform: Path, database_url: str, redis_url: str, post: Post) -> AsyncIterator[Gate]:
    environ = {
        **QUICK,
        "GATEKEEPER__MAIL__SMTP": post.smtp,
        "GATEKEEPER__MAIL__SENDER": "Example Mail <no-reply@example.com>",
        "GATEKEEPER__BRANDING__NAME": "Example Mail",
    }
    gate = open_gate(
        tmp_path, platform=platform, database=database_url, redis=redis_url, clock=Clock(), environ=environ
    )
    async with gate as opened:
        yield opened


async def give_password(gate: Gate) -> None:
    await gate.api("POST", f"/users/{await gate.user_id(ANNA)}/password", NEW)


async def test_a_person_reads_what_an_administrator_did(gate, post):
    await give_password(gate)
    letter = await post.letter(ANNA)
    assert letter.subject == "An administrator gave you a new password for Example Mail"
    assert letter.sender == "no-reply@example.com"
    assert f"{gate.base}/gatekeeper/account" in letter.text
    assert "choose a password of your own" in letter.html


async def test_a_mail_server_that_is_away_delays_mails_and_nothing_else(gate, post):
    await post.stop()
    await give_password(gate)
    answer = await gate.api("GET", "/audit?action=user.password.set")
    assert len(answer["items"]) == 1
    await post.start()
    await post.letter(ANNA)


async def test_a_mail_server_that_hangs_does_not_keep_the_gateway_from_stopping(gate, post, monkeypatch):
    monkeypatch.setattr("gatekeeper.flows.postman.GRACE", 0.1)
    post.answers = {"DATA": [HANG]}
    await give_password(gate)
    await post.hanging.wait()
    async with asyncio.timeout(10.0):
        await gate.nodes[0].stop()
