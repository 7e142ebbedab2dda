"""Requests and answers pass as they are, framed anew."""

from __future__ import annotations

from tests.edge.conftest import House, Recorder, request


async def test_a_request_reaches_the_upstream_with_the_identity(house: House, recorder: Recorder) -> None:
    answered = await house.ask(request("/a?b=c"))
    assert (answered.status, answered.body) == (200, b"ok")
    assert recorder.heads[0].startswith(b"GET /a?b=c HTTP/1.1\r\nHost: mail.example.com\r\n")
    assert recorder.header("x-forwarded-user") == ["anna@example.com"]
    assert recorder.header("x-gatekeeper-assertion") == ["signed-for-webmail"]
    assert recorder.header("cookie") == []


async def test_a_body_reaches_the_upstream(house: House, recorder: Recorder) -> None:
    assert (await house.ask(request("/", method="POST", body=b"x" * 300_000))).status == 200
    assert recorder.bodies == [b"x" * 300_000]
