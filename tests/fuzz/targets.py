"""What is fuzzed, and what must hold of any bytes whatever. A target takes bytes and raises where a rule breaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from gatekeeper.domain.addresses import MalformedHost
from gatekeeper.domain.headers import StripSet
from gatekeeper.domain.paths import AmbiguousPath, is_plain, readings, split_target
from gatekeeper.domain.routing import APP, Router, UnknownHost
from gatekeeper.edge.faults import fault_of
from gatekeeper.edge.forward import Forward
from gatekeeper.edge.framing import end_of_head
from gatekeeper.edge.gate import Gate
from gatekeeper.edge.head import Request
from gatekeeper.edge.peers import Peer
from gatekeeper.edge.reading import RequestReader
from gatekeeper.edge.sieve import Lines, Sieve
from tests.edge.conftest import HOST, config_of, edge_of, route_to, session_of
from tests.edge.raw import Wrong, by_the_letter
from tests.fuzz.answers import answers

HEAD_BYTES = 4_096
HEADER_COUNT = 20


class Judge(NamedTuple):
    lines: Lines
    sieve: Sieve
    gate: Gate
    peer: Peer


@cache
def judge() -> Judge:
    """An edge that knows anna, without a socket."""
    config = config_of(route_to(1, host=HOST))
    edge, sessions = edge_of(config)
    sessions.add(session_of(expires_at=float(1 << 40), last_seen_at=float(1 << 40)))
    lines = Lines(StripSet())
    return Judge(lines, Sieve(lines, HEADER_COUNT), edge._serving.gate, Peer("192.0.2.1", config.server))


def reader() -> RequestReader:
    return RequestReader(judge().sieve, judge().lines, HEAD_BYTES, HEADER_COUNT)


def heads(data: bytes) -> None:
    """Both ways read alike, whole or cut anywhere; what is let through is one request."""
    if not data:
        return
    at, raw = data[0], data[1:]
    whole = reader()
    whole.feed(raw)
    short = reader().plain(raw)
    if short is not None:
        assert whole.fault is None, "taken on the short way alone"
        assert [told(one) for one in whole.arrived] == [told(short)]
        passes(short)
    small = len(raw) < HEAD_BYTES
    if small:  # near the limit, a head of which all is there may be measured more kindly
        assert read_in(cut(raw, at)) == read_in([raw])
    for request in whole.arrived:
        passes(request)


def told(request: Request) -> tuple[object, ...]:
    """What a head says, in whichever way it was read."""
    values = request.cookies
    about = (request.method, request.target, request.host, request.version, request.keeps_alive)
    return *about, request.lines, values, request.stripped


def cut(raw: bytes, at: int) -> list[bytes]:
    """Two pieces, or for the largest number a piece for each byte."""
    if at == 0xFF:
        return [raw[byte : byte + 1] for byte in range(len(raw))]
    place = at * len(raw) // 0xFF
    return [piece for piece in (raw[:place], raw[place:]) if piece]


def read_in(pieces: list[bytes]) -> list[object]:
    """All that a reader tells of bytes that come in pieces."""
    reading = reader()
    rest = b""
    for piece in pieces:
        if reading.rest is None:
            reading.feed(piece)
        else:
            rest += piece
    found: list[object] = [
        (*told(one), one.hosts, one.length, one.coding, b"".join(one.body), one.complete, one.trailer_lines())
        for one in reading.arrived
        if one.complete or reading.fault is None
    ]
    refused = reading.fault is not None  # by which of two faults in one head may depend on the pieces
    return [*found, refused, None if reading.rest is None else reading.rest + rest]


_CLAIMS = re.compile(rb"x[^a-z0-9]*forwarded[^a-z0-9]*user")


def passes(request: Request) -> None:
    """If the gate lets it through, then as exactly one request by the letter, of one person."""
    verdict = judge().gate.judge(request, judge().peer)
    if not isinstance(verdict, Forward):
        return
    head = verdict.head + end_of_head(request, bodyless=False)
    assert head.count(b"\r\n\r\n") == 1
    try:
        method, target, fields = by_the_letter(head)
    except Wrong as error:
        raise AssertionError(str(error)) from error
    assert (method, target) == (request.method, request.target)
    assert request.sifted is not None or fault_of(request, 1 << 16) is None
    if not verdict.own:
        claims = [fields[name] for name in fields if _CLAIMS.fullmatch(name)]
        assert claims in ([], [b"anna@example.com"])
        assert not verdict.session or claims


class Place(NamedTuple):
    host: str | None
    path: str


PLACES = [Place(None, "/"), Place(None, "/open"), Place(None, "/open/inner"), Place(None, "/a;b"), Place(None, "/ä")]
ROUTER = Router(
    PLACES, hosts=["mail.example.com"], prefix="/gatekeeper", own_paths=["/.well-known/openid-configuration"]
)


def routed(path: bytes) -> object:
    """Where a path leads, found anew in the simplest way."""
    if path == b"/gatekeeper" or path.startswith(b"/gatekeeper/") or path == b"/.well-known/openid-configuration":
        return APP
    fitting = [place for place in PLACES if f"{path.decode('latin-1')}/".startswith(_below(place))]
    return max(fitting, key=lambda place: len(place.path), default=None)


def _below(place: Place) -> str:
    return place.path.rstrip("/").encode().decode("latin-1") + "/"


def bare(path: bytes) -> bytes:
    return re.sub(rb";[^/]*", b"", path)


def merged(path: bytes) -> bytes:
    return re.sub(rb"//+", b"/", path)


READERS: tuple[Callable[[bytes], bytes], ...] = (
    lambda path: path,
    unquote_to_bytes,
    merged,
    bare,
    lambda path: merged(unquote_to_bytes(path)),
    lambda path: merged(unquote_to_bytes(bare(path))),
    lambda path: merged(bare(unquote_to_bytes(path))),
    lambda path: merged(unquote_to_bytes(path).replace(b"\\", b"/")),
    lambda path: unquote_to_bytes(bare(path)),
    lambda path: merged(bare(path)),
)
"""How servers read a path: nginx, Tomcat, IIS, PHP and others, each by its own parts."""


def paths(data: bytes) -> None:
    """Whatever reads a path that is let through, finds the route that it was judged by."""
    try:
        target = split_target(data)
    except AmbiguousPath:
        return
    assert data.endswith(target.path[1:] + target.query if data[:1] != b"/" else target.path + target.query)
    path = target.path
    try:
        found = ROUTER.match("mail.example.com", path)
    except AmbiguousPath:
        assert not is_plain(path)
        return
    except (MalformedHost, UnknownHost) as error:
        raise AssertionError(str(error)) from error
    assert readings(path)[0] == path
    for reads in READERS:
        read = reads(path)
        assert routed(read) is found, (path, read, found)
        assert not re.search(rb"[\x00-\x1f\x7f]", read)
        assert not re.search(rb"(^|/)\.\.?(/|$)", read)
    assert not re.search(rb"(^|/)\.\.?(/|$)", unquote_to_bytes(unquote_to_bytes(path)))


TARGETS: dict[str, Callable[[bytes], None]] = {"heads": heads, "answers": answers, "paths": paths}
