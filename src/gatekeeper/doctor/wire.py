"""Sends bytes as they are, and reads what comes back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httptools

if TYPE_CHECKING:
    import ssl

PATIENCE = 10.0
AT_ONCE = 4
_LARGEST = 2 * 1_048_576
_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Place:
    """Where to connect; ``tls`` of ``None``: in the clear. ``name`` is whom the certificate must be for."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    name: str | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def get(self, name: str) -> str | None:
        """The first value of a header, by its name in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def says(self, text: str) -> bool:
        """Whether a text is anywhere in it, in whatever case."""
        wanted = text.lower()
        return wanted.encode() in self.body.lower() or any(wanted in value.lower() for _, value in self.headers)


class NoAnswer(Exception):
    """Nothing came back that is an answer; the text says why.

    Attributes:
        unreachable: whether not even a connection was made.
    """

    def __init__(self, why: str, *, unreachable: bool = False) -> None:
        super().__init__(why)
        self.unreachable = unreachable


class Wire:
    """Asks, a few requests at a time, each on a connection of its own.

    Attributes:
        asked: how many requests were sent.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self.asked = 0
        self._patience = patience
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ask(self, place: Place, raw: bytes) -> Seen:
        """Send a request; it should say ``Connection: close``.

        Raises:
            NoAnswer: nothing came back that is an answer.
        """
        async with self._turns:
            self.asked += 1
            try:
                async with asyncio.timeout(self._patience):
                    return await self._ask(place, raw)
            except TimeoutError:
                raise NoAnswer(f"{place} did not answer in {self._patience:.0f} s") from None

    @staticmethod
    async def _ask(place: Place, raw: bytes) -> Seen:
        try:
            reader, writer = await asyncio.open_connection(
                place.host, place.port, ssl=place.tls, server_hostname=place.name if place.tls else None
            )
        except OSError as error:  # ssl.SSLError is one
            why = getattr(error, "verify_message", None) or error.strerror or str(error)
            raise NoAnswer(f"{place} cannot be reached: {why}", unreachable=True) from None
        reading = _Reading()
        try:
            writer.write(raw)
            while not reading.done and (piece := await reader.read(_PIECE)):
                reading.feed(piece)
        except (OSError, httptools.HttpParserError) as error:
            if not reading.status:
                raise NoAnswer(f"{place} ended the connection ({error})") from None
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        if not reading.status:
            raise NoAnswer(f"{place} ended the connection without an answer")
        return Seen(reading.status, tuple(reading.headers), bytes(reading.body))


@dataclass(slots=True)
class _Reading:
    """An answer that is being read (callbacks of ``httptools.HttpResponseParser``)."""

    status: int = 0
    done: bool = False
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    parser: httptools.HttpResponseParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def feed(self, piece: bytes) -> None:
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self.done = True
        if len(self.body) > _LARGEST:
            self.done = True

    def on_message_begin(self) -> None:
        self.headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.done = self.status >= 200  # noqa: PLR2004 - those below come before the answer
