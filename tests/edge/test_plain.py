"""Plain answers, on their short way: nothing that the parser would read otherwise, and nothing of anybody else."""

from __future__ import annotations

from typing import Any

from httptools import HttpParserError

from gatekeeper.domain.access import PUBLIC
from gatekeeper.edge.plain import HEADS
from gatekeeper.edge.reply import MalformedResponse, ResponseReader
from tests.edge.conftest import HOST, House, Recorder, config_of, read_answer, request, route_to, session_of

PLAIN = b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 4\r\n\r\nbody"


def lines_of(head: bytes) -> list[tuple[bytes, bytes]]:
    pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return sorted((name.lower(), value.strip(b" \t")) for name, _, value in pairs)


def test_the_short_way_reads_what_the_parser_reads() -> None:
    """Any byte or line, put anywhere into a plain answer: both ways find the same, or the short one leaves it."""
    inserted = [bytes([byte]) for byte in range(256)]
    inserted += [
        b"\nX:",
        b"\r\nX:",
        b"\rX:",
        b"\n\n",
        b"\r\n\r\n",
        b"\r\nContent-Length: 4",
        b"\r\nTransfer-Encoding: chunked",
    ]
    inserted += [
        b"\r\nContent-Length: 0\r\n\r\n",
        b"\r\nConnection: close",
        b"\r\nUpgrade: x",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ]
    taken = 0
    for at in range(len(PLAIN)):
        for more in inserted:
            data = PLAIN[:at] + more + PLAIN[at:]
            head = ResponseReader(65_536).plain(data)
            if head is None:
                continue
            taken += 1
            reader = ResponseReader(65_536)
            try:
                reader.feed(data)
            except (HttpParserError, MalformedResponse) as error:
                raise AssertionError(f"taken on the short way alone: {data!r}") from error
            assert reader.complete, data
            assert reader.keeps_alive, data
            assert reader.status == head.status, data
            assert b"".join(reader.body) == data[len(data) - head.length :], data
            passing = b"".join(reader.lines) + b"\r\nContent-Length: " + (reader.length or b"")
            assert lines_of(passing) == lines_of(head.passing), data
    assert taken > 100


async def test_equal_answers_are_private_for_whom_a_session_was_sent_alone(build: Any, recorder: Recorder) -> None:
    recorder.answer = b"HTTP/1.1 200 OK\r\nX-Equal: yes\r\nContent-Length: 2\r\n\r\nok"
    public = route_to(recorder.port, name="public", path="/public", host=HOST, access=PUBLIC)
    house = await build(config_of(route_to(recorder.port, host=HOST), public))
    house.sessions.add(session_of())
    for _ in range(2):
        assert (await house.ask(request("/mail"))).all("cache-control") == ["private"]
        assert (await house.ask(request("/public", cookie=None))).all("cache-control") == []


async def test_ours_never_comes_from_an_upstream_on_the_short_way_either(house: House, recorder: Recorder) -> None:
    recorder.answer = (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: __Host-gatekeeper=evil\r\nset-cookie:a=1\r\nContent-Length: 2\r\n"
        b"SET-COOKIE: =__Host-gatekeeper=evil\r\nService-Worker-Allowed: /\r\nClear-Site-Data: *\r\n\r\nok"
    )
    for _ in range(2):
        answered = await house.ask(request())
        assert answered.all("set-cookie") == ["a=1"]
        assert answered.get("service-worker-allowed") is None
        assert answered.get("clear-site-data") is None
    assert not any(b"a=1" in head for head in HEADS), "a cookie is remembered"


async def test_an_answer_to_head_and_one_with_a_body_take_turns_on_one_connection(
    house: House, recorder: Recorder
) -> None:
    reader, writer = await house.connect()
    for _ in range(2):
        for method in ("HEAD", "GET"):
            recorder.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"ok" if method == "GET" else b"")
            writer.write(request(method=method))
            answered = await read_answer(reader, head_only=method == "HEAD")
            assert answered.get("content-length") == "2"
            assert answered.body == (b"ok" if method == "GET" else b"")
    writer.close()
    assert recorder.connections == 1
