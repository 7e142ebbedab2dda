"""Raw bytes in, raw bytes upstream: an upstream that trusts nobody, and the invariant that every row is held against.

What was judged is what was sent, and one request is never two.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
from typing import Any

from gatekeeper.edge.forward import Forward
from tests.edge.conftest import COOKIE, HOST, House

HOST_LINE = f"Host: {HOST}\r\n".encode()
COOKIE_LINE = f"Cookie: {COOKIE}\r\n".encode()
SENTINEL = b"GET /after HTTP/1.1\r\n" + HOST_LINE + COOKIE_LINE + b"Connection: close\r\n\r\n"
"""Follows every row on the same connection: where framing slipped, it is not this that the upstream gets."""
PATIENCE = 10.0

_REQUEST_LINE = re.compile(rb"([A-Z-]+) (/[\x21\x22\x24-\x7e]*) HTTP/1\.1")
_LINE = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
)
_CHUNK = re.compile(rb"[0-9a-f]+\r\n")
_FRAMING = re.compile(
    rb"(?:Content-Length: [0-9]+\r\n|Transfer-Encoding: chunked\r\n|Connection: Upgrade\r\nUpgrade: websocket\r\n)?\r\n"
)
_ONCE = (
    b"host",
    b"content-length",
    b"transfer-encoding",
    b"x-forwarded-user",
    b"x-request-id",
    b"x-gatekeeper-assertion",
)


class Wrong(Exception):
    """An upstream that takes nothing but the letter of RFC 9112 would not have taken this."""


def is_line(line: bytes) -> bool:
    """Whether this is one header line by the letter, but for what is optional between name and value."""
    name, colon, value = line.partition(b":")
    return _LINE.fullmatch(name + colon + b" " + value.strip(b" \t")) is not None


def by_the_letter(head: bytes) -> tuple[bytes, bytes, dict[bytes, bytes]]:
    """Method, target and headers (names in lower case) of a head, its empty line included.

    Raises:
        Wrong: it is not exactly one head.
    """
    first, *lines = head[:-4].split(b"\r\n")
    request_line = _REQUEST_LINE.fullmatch(first)
    if request_line is None:
        raise Wrong(f"request line {first!r}")
    fields: dict[bytes, bytes] = {}
    for line in lines:
        parts = _LINE.fullmatch(line)
        if parts is None:
            raise Wrong(f"header line {line!r}")
        name = parts[1].lower()
        if name in fields and name in _ONCE:
            raise Wrong(f"twice: {line!r}")
        fields[name] = parts[2] or b""
    if b"host" not in fields:
        raise Wrong("no host")
    return request_line[1], request_line[2], fields


@dataclasses.dataclass
class Got:
    """One request as the upstream got it. ``raw`` is all of it, its chunks made one and its name taken out."""

    method: bytes
    target: bytes
    lines: dict[bytes, bytes]
    head: bytes
    body: bytes
    raw: bytes


class Witness:
    """An upstream that reads by the letter, keeps what it got, and answers each request with that request's target."""

    def __init__(self) -> None:
        self.port = 0
        self.reset()

    def reset(self) -> None:
        self.got: list[Got] = []
        self.wrong: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not reader.at_eof():
                got = await self._read(reader)
                self.got.append(got)
                body = b"" if got.method == b"HEAD" else got.target
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(got.target), body))
        except Wrong as error:
            self.wrong.append(str(error))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the end; or cut in the middle of a body, as where its client was refused: that is no request
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Got:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, fields = by_the_letter(head)
        body, framed = await self._body(reader, fields)
        raw = re.sub(rb"X-Request-Id: [^\r]*", b"X-Request-Id: *", head) + framed
        return Got(method, target, fields, head, body, raw)

    @staticmethod
    async def _body(reader: asyncio.StreamReader, fields: dict[bytes, bytes]) -> tuple[bytes, bytes]:
        coding, length = fields.get(b"transfer-encoding"), fields.get(b"content-length")
        if coding is None:
            if length is not None and not length.isdigit():
                raise Wrong(f"length {length!r}")
            body = await reader.readexactly(int(length or b"0"))
            return body, body
        if coding != b"chunked" or length is not None:
            raise Wrong(f"framing {coding!r} {length!r}")
        body = b""
        while True:
            line = await reader.readuntil(b"\r\n")
            if not _CHUNK.fullmatch(line):
                raise Wrong(f"chunk {line!r}")
            if (size := int(line, 16)) == 0:
                break
            piece = await reader.readexactly(size + 2)
            if piece[-2:] != b"\r\n":
                raise Wrong(f"end of chunk {piece[-2:]!r}")
            body += piece[:-2]
        trailers = b""
        while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
            if not _LINE.fullmatch(line[:-2]):
                raise Wrong(f"trailer {line!r}")
            trailers += line
        whole = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return body, whole + b"0\r\n" + trailers + b"\r\n"


class Verdicts:
    """Listens at the gate: every head that it let through."""

    def __init__(self, house: House) -> None:
        self.heads: list[bytes] = []
        gate = house.edge._serving.gate
        judge = gate.judge

        def heard(request: Any, peer: Any) -> Any:
            verdict = judge(request, peer)
            if isinstance(verdict, Forward):
                self.heads.append(verdict.head)
                assert verdict.head.startswith(request.method + b" " + request.target + b" HTTP/1.1\r\n")
            return verdict

        gate.judge = heard  # type: ignore[method-assign]


def check_invariant(witness: Witness, verdicts: Verdicts) -> None:
    """What was judged is what was sent, and one request is never two: holds after any bytes whatever.

    Every request that the upstream got is one that the gate let through, in the same bytes and in the same order, once;
    and to a reader by the letter of RFC 9112 it is exactly one request, of one person, who is the one that was judged.
    """
    assert witness.wrong == []
    assert len(witness.got) <= len(verdicts.heads)
    waiting = list(verdicts.heads)
    for got in witness.got:
        judged = next((head for head in waiting if got.head.startswith(head)), None)
        assert judged is not None, f"sent and never judged: {got.head!r}"
        waiting.remove(judged)
        framing = got.head[len(judged) :]
        assert _FRAMING.fullmatch(framing), framing
        assert got.lines.get(b"x-forwarded-user", b"anna@example.com") == b"anna@example.com"


async def talk(house: House, raw: bytes, *, pieces: list[bytes] | None = None) -> bytes:
    """Send bytes and then the sentinel; all that comes back until the end of the connection."""
    reader, writer = await house.connect()
    try:
        for piece in pieces if pieces is not None else [raw + SENTINEL]:
            writer.write(piece)
            if pieces is not None:
                await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]*\r\n)*?)\r\n")


def statuses(answered: bytes) -> list[int]:
    """The statuses of the answers that a connection's bytes are. One to ``HEAD`` is known by the end or by the next."""
    found: list[int] = []
    while answered:
        match = _ANSWER.match(answered)
        assert match is not None, f"no answer: {answered[:200]!r}"
        found.append(int(match[1]))
        lengths = re.findall(rb"(?im)^content-length: (\d+)\r$", match[2])
        assert len(lengths) <= 1
        if found[-1] == 100:
            found.pop()
        answered = answered[match.end() :]
        if lengths and answered and not answered.startswith(b"HTTP/1.1 "):
            assert len(answered) >= int(lengths[0])
            answered = answered[int(lengths[0]) :]
    return found


def sent(line: bytes, *lines: bytes, host: bytes = HOST.encode(), framing: bytes = b"", body: bytes = b"") -> bytes:
    """What the upstream gets of a request, byte for byte.

    Args:
        line: method and target.
        lines: the client's lines that pass.
        host: as it goes on.
        framing: the line that frames the body, if there is one.
        body: as framed.
    """
    name = host.partition(b":")
    port = name[2] if name[2].isdigit() else b"443"
    end = framing + b"\r\n\r\n" if framing else b"\r\n"
    return b"".join(
        (
            line + b" HTTP/1.1\r\nHost: " + host,
            *(b"\r\n" + one for one in lines),
            b"\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: " + host,
            b"\r\nX-Forwarded-Port: " + port,
            b'\r\nForwarded: for=127.0.0.1;host="' + host + b'";proto=https\r\nX-Real-IP: 127.0.0.1\r\n',
            b"X-Request-Id: *\r\n",
            b"X-Forwarded-User: anna@example.com\r\nX-Forwarded-Preferred-Username: anna@example.com\r\n",
            b"X-Forwarded-Email: anna@example.com\r\nX-Forwarded-Groups: staff\r\nX-Forwarded-Name: Anna\r\n",
            b"X-Gatekeeper-Assertion: signed-for-webmail\r\n",
            end,
            body,
        )
    )


def chunked(body: bytes, trailers: bytes = b"") -> bytes:
    """A body as it goes upstream in chunks, its chunks made one."""
    return (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n" + trailers + b"\r\n"


async def stop(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
