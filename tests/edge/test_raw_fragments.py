"""The same bytes, cut anywhere, are the same request: near-valid heads, by the grammar and a step beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.edge.conftest import COOKIE, HOST, House, config_of, route_to, session_of
from tests.edge.driven import drive
from tests.edge.raw import SENTINEL, Verdicts, Witness, check_invariant, statuses
from tests.edge.raw_requests import REQUESTS, SMUGGLED

ROWS = {
    name: row.data
    for family in REQUESTS.values()
    for name, row in family.items()
    if len(row.data) < 5_000 and "nobody may send" not in name
}


def mostly(good: list[bytes], odd: list[bytes], share: int = 6) -> st.SearchStrategy[bytes]:
    return st.integers(0, share).flatmap(lambda lot: st.sampled_from(odd if lot == share else good))


METHODS = mostly([b"GET", b"POST", b"HEAD", b"PUT", b"PROPFIND"], [b"get", b"TRACE", b"CONNECT", b"FOO", b"M-SEARCH"])
TARGETS = mostly(
    [b"/", b"/a?b=c", b"/a%2Fb", b"/a//b;c", b"http://mail.example.com/a"],
    [b"*", b"/a#b", b"/a/../b", b"/%zz", b"/\xff", b"/a b", b"http://other.example.com/", b"mail.example.com:443"],
)
VERSIONS = mostly([b"HTTP/1.1"], [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"http/1.1", b"HTTP/1.1 "])
ENDS = mostly([b"\r\n"], [b"\n", b"\r", b"\r\r\n", b"\r\n "], share=40)
COLONS = mostly([b": ", b":", b":\t "], [b" : ", b"", b"\t:"], share=30)
NAMES = mostly(
    [
        b"X-A",
        b"Accept",
        b"X-Forwarded-User",
        b"Connection",
        b"Cookie",
        b"Expect",
        b"Upgrade",
        b"X_Forwarded_For",
        b"TE",
    ],
    [b"Host", b"Content-Length", b"Transfer-Encoding", b"Content_Length", b"X(A", b"", b"X\xff", b"Keep-Alive"],
)
VALUES = mostly(
    [b"b", b"", b"b c ", b"keep-alive", b"X-A, X-Forwarded-User", b"Upgrade", b"websocket", b"h2c", b"a=b; c=\xff"],
    [
        b"close",
        b"chunked",
        b"5",
        b"0",
        b"100-continue",
        b"a\0b",
        b"a\x7f",
        b"a\rb",
        b"mail.example.com",
        b"evil.example",
    ],
)
BODIES: st.SearchStrategy[tuple[bytes, bytes]] = st.sampled_from(
    [
        *[(b"", b"")] * 4,
        (b"Content-Length: 3\r\n", b"abc"),
        (b"Content-Length: %d\r\n" % len(SMUGGLED), SMUGGLED),
        (b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\n", b"3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nX-T: 1\r\nHost: evil\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\n", b"2\r\nabc\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n" + SMUGGLED),
    ]
)
LINES = st.builds(lambda name, colon, value, end: name + colon + value + end, NAMES, COLONS, VALUES, ENDS)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    framing, body = draw(BODIES)
    lines = draw(st.lists(LINES, max_size=4))
    lines += [f"Host: {HOST}\r\n".encode(), f"Cookie: {COOKIE}\r\n".encode(), framing]
    first = b" ".join((draw(METHODS), draw(TARGETS), draw(VERSIONS))) + draw(ENDS)
    before = draw(mostly([b""], [b"\r\n", b"\n"]))
    return before + first + b"".join(draw(st.permutations(lines))) + b"\r\n" + body


def cut(data: bytes, at: set[int]) -> list[bytes]:
    cuts = sorted(at)
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if end > start]


def singly(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


@pytest.fixture
async def watched(build: Any, upstream_server: Any) -> tuple[House, Witness, Verdicts]:
    witness = Witness()
    house = await build(config_of(route_to(await upstream_server(witness), host=HOST)))
    house.sessions.add(session_of())
    return house, witness, Verdicts(house)


async def outcome(
    watched: tuple[House, Witness, Verdicts], pieces: list[bytes], *, breathe: bool = False
) -> tuple[list[int], list[bytes]]:
    """Statuses that the client gets, and bytes that the upstream gets."""
    house, witness, verdicts = watched
    witness.reset()
    verdicts.heads.clear()
    written = await drive(house, pieces, breathe=breathe)
    check_invariant(witness, verdicts)
    return statuses(written), [got.raw for got in witness.got]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_the_same_bytes_in_every_fragmentation_give_the_same_result(
    watched: tuple[House, Witness, Verdicts], data: st.DataObject
) -> None:
    raw = b"".join(data.draw(st.lists(requests(), min_size=1, max_size=2))) + SENTINEL
    at = data.draw(st.none() | st.sets(st.integers(1, len(raw) - 1), max_size=8))
    breathe = data.draw(st.booleans())
    whole = await outcome(watched, [raw])
    assert await outcome(watched, singly(raw) if at is None else cut(raw, at), breathe=breathe) == whole


async def test_every_row_by_itself_or_byte_by_byte_gives_what_it_gives_in_one_piece(
    watched: tuple[House, Witness, Verdicts], subtests: pytest.Subtests
) -> None:
    for name, raw in ROWS.items():
        with subtests.test(name):
            whole = await outcome(watched, [raw + SENTINEL])
            assert await outcome(watched, singly(raw + SENTINEL)) == whole
            assert await outcome(watched, [raw, SENTINEL], breathe=True) == whole  # the short way, if it is plain
