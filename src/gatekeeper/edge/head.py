"""A request: its head as parsed, sorted into what passes, what is ours to read, and what goes no further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.headers import connection_options, folded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatekeeper.edge.sieve import Sifted

_NEVER_TRAILERS = frozenset({b"authorization", b"contentencoding", b"contenttype", b"contentrange", b"setcookie"})
_CONNECTION_WORDS = frozenset({b"close", b"keep-alive", b"upgrade"})


class Request:
    """One request: its head as parsed, and of its body what has come and not been passed on.

    Attributes:
        sifted: set for a plain request, whose lines are made out of it only if somebody asks.
        stripped: names (as sent) and values of lines that claim what only a trusted proxy may say.
        connection: values of the ``Connection`` headers.
        body: pieces that wait to be passed on.
        complete: whether the whole of it has come.
    """

    method = b""
    target = b""
    version = "1.1"
    host: bytes | None = None
    hosts = 0
    cookies: tuple[bytes, ...] = ()
    stripped: tuple[tuple[bytes, bytes], ...] = ()
    connection: tuple[bytes, ...] = ()
    length: bytes | None = None
    coding: bytes | None = None
    upgrade: bytes | None = None
    expectation: bytes | None = None
    service_worker = False
    keeps_alive = True
    upgrades = False
    head_bytes = 0
    complete = False
    trailers: list[bytes] | None = None
    sifted: Sifted | None = None
    body: list[bytes]
    _lines: list[bytes] | None = None

    def __init__(self) -> None:
        self._lines = []
        self.body = []

    @classmethod
    def plain(cls, method: bytes, target: bytes, sifted: Sifted) -> Request:
        """A request without a body, whose headers were sifted."""
        request = cls.__new__(cls)
        request.method = method
        request.target = target
        request.host = sifted.host
        request.sifted = sifted
        request.cookies = sifted.cookies
        request.stripped = sifted.stripped
        request.complete = True
        return request

    @property
    def lines(self) -> list[bytes]:
        """Beginnings and values of the lines that pass, in turns."""
        lines = self._lines
        if lines is None:
            lines = self._lines = []
            if self.sifted is not None:
                for line in self.sifted.passing.split(b"\r\n")[1:]:
                    name, _, value = line.partition(b":")
                    lines += (b"\r\n" + name + b": ", value.strip(b" \t"))
        return lines

    @lines.setter
    def lines(self, lines: list[bytes]) -> None:
        self._lines = lines

    def unsift(self) -> None:
        """Make it like any other request, so that its lines can be changed."""
        self._lines = self.lines
        self.sifted = None

    def flatten(self) -> None:
        """The same, the cookies that go on among the lines."""
        sifted = self.sifted
        if sifted is not None:
            cookies = sifted.outgoing[len(sifted.passing) :].split(b"\r\nCookie: ")[1:]
            self.unsift()
            for value in cookies:
                self.lines += (b"\r\nCookie: ", value)

    @property
    def has_body(self) -> bool:
        """Whether the head announces a body."""
        return self.coding is not None or (self.length is not None and self.length.strip(b"0") != b"")

    @property
    def says_close(self) -> bool:
        """Whether a ``Connection`` header says that the connection ends, whatever else it says (RFC 9112 §9.3)."""
        return b"close" in connection_options(self.connection)

    @property
    def wants_websocket(self) -> bool:
        """Whether this is the opening handshake of a WebSocket (RFC 6455 §4.1)."""
        return (
            self.upgrades
            and self.method == b"GET"
            and self.version == "1.1"
            and not self.has_body
            and self.upgrade is not None
            and self.upgrade.strip().lower() == b"websocket"
        )

    def get(self, name: bytes) -> bytes | None:
        """The first value of a line that passes, by its name in lower case without separators."""
        lines = self.lines
        for position in range(0, len(lines), 2):
            if folded(lines[position]) == name:
                return lines[position + 1]
        return None

    def drop(self, names: Iterable[bytes]) -> None:
        """Take lines out, by names as :meth:`get` has them."""
        self.unsift()
        gone = frozenset(names)
        lines = self.lines
        self.lines = [
            piece
            for position in range(0, len(lines), 2)
            if folded(lines[position]) not in gone
            for piece in (lines[position], lines[position + 1])
        ]

    def drop_hops(self) -> None:
        """Take out the lines that ``Connection`` names (RFC 9110 §7.6.1)."""
        named = connection_options(self.connection) - _CONNECTION_WORDS
        if named:
            self.drop(folded(name) for name in named)

    def trailer_lines(self) -> bytes:
        """The trailers that pass, each with its CRLF."""
        found = self.trailers or []
        return b"".join(
            found[position][2:] + found[position + 1] + b"\r\n"
            for position in range(0, len(found), 2)
            if folded(found[position]) not in _NEVER_TRAILERS
        )
