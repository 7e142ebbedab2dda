"""How a page is visited, and how a visit ended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gatekeeper.doctor.forgeries import harmless
from gatekeeper.doctor.visiting import Kind, Site, Visit, visit
from gatekeeper.doctor.wire import Place, Wire
from tests.edge.conftest import upstream_server

__all__ = ["upstream_server"]


async def visited(upstream_server: Any, *answers: bytes) -> tuple[Visit, list[bytes]]:
    """What comes of a visit to a site that answers these in turns."""
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answers[min(len(heads), len(answers)) - 1])
        writer.close()

    place = Place("127.0.0.1", await upstream_server(talk))
    site = Site("http://mail.example.com", place, "/gatekeeper")
    return await visit(Wire(), site, "/mail?a=1", harmless("gkdoctor"), "gatekeeper=token"), heads


def moved(to: str, *lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 302 Found", f"Location: {to}", *lines, "Content-Length: 0", "", ""]).encode()


OPEN = b"HTTP/1.1 200 OK\r\n\r\nHello"


async def test_a_visit_follows_the_platform_with_its_cookies(upstream_server: Any) -> None:
    seen, heads = await visited(upstream_server, moved("x?b=2", "Set-Cookie: sid=1; Path=/"), OPEN)
    assert (seen.kind, seen.status, seen.body, len(seen.hops)) == (Kind.OPEN, 200, b"Hello", 2)
    assert [head.split(b" ")[1] for head in heads] == [b"/mail?a=1", b"/x?b=2"]
    assert b"Cookie: gatekeeper=token; sid=1" in heads[1]
    assert all(b"X-Doctor-Compares: gkdoctor" in head for head in heads)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (moved("/gatekeeper/login?next=/mail"), Kind.SIGN_IN),
        (moved("https://sign-in.example.com/gatekeeper/login?next=x"), Kind.SIGN_IN),
        (moved("https://mail.example.com/mail"), Kind.AWAY),
        (moved("//evil.example/"), Kind.AWAY),
        (moved("/gatekeeper/account"), Kind.AWAY),
        (moved("/mail?a=1"), Kind.AWAY),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", Kind.SIGN_IN),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", Kind.REFUSED),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", Kind.OPEN),
        (b"HTTP/1.1 503 Unavailable\r\n\r\n", Kind.BROKEN),
        (b"", Kind.NOTHING),
    ],
)
async def test_how_a_visit_ended_is_told_from_its_last_answer(upstream_server: Any, answer: bytes, kind: Kind) -> None:
    seen, heads = await visited(upstream_server, answer)
    assert seen.kind is kind
    assert len(heads) <= 4
    assert str(seen.status or "no answer") in seen.outcome
