"""One connection to an upstream, and what whoever takes it is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, cast

import structlog
from httptools import HttpParserError, HttpParserUpgrade

from gatekeeper.edge.pacing import Paced
from gatekeeper.edge.reply import MalformedResponse, ResponseReader

if TYPE_CHECKING:
    import asyncio

    from gatekeeper.edge.plain import PlainHead
    from gatekeeper.edge.pool import Pool

log = structlog.get_logger()

_CONTROLLED = re.compile(rb"^([!-9;-~]+)[ \t]*:.*[^\t\r\n\x20-\x7e\x80-\xff]", re.MULTILINE)
"""A header line with a control byte: the parser refuses it without saying which."""


class Taker(Protocol):
    """Whoever asked for a connection, and then for what comes out of it."""

    def connected(self, upstream: UpstreamConnection) -> None:
        """Here it is."""

    def refused(self, status: int, reason: str) -> None:
        """There is none to be had: 502, 503 or 504."""

    def deliver(self, upstream: UpstreamConnection) -> None:
        """The reader has something new."""

    def deliver_whole(self, upstream: UpstreamConnection, head: PlainHead, data: bytes) -> None:
        """A whole plain answer came at once."""

    def switched(self, upstream: UpstreamConnection, rest: bytes) -> None:
        """The upstream has switched protocols; ``rest`` came after."""

    def failed(self, upstream: UpstreamConnection, reason: str) -> None:
        """It broke, or what came out of it is no answer."""

    def upstream_full(self) -> None:
        """Send no more for now."""

    def upstream_drained(self) -> None:
        """Go on sending."""


class UpstreamConnection(Paced):
    """One connection to an upstream: at rest in the pool, or taken by one exchange.

    Attributes:
        reused: whether it has carried an answer before, so that it may have gone stale.
        rested_at: when it was put to rest.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.reader = ResponseReader(pool.limits.upstream_head_bytes)
        self.taker: Taker | None = None
        self.reused = False
        self.rested_at = 0.0
        self.counted = True
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        taker = self.taker
        if taker is None:
            self.close()
            return
        head = self.reader.plain(data)
        if head is not None:
            taker.deliver_whole(self, head, data)
            return
        try:
            self.reader.feed(data)
        except HttpParserUpgrade as upgrade:
            taker.switched(self, data[upgrade.args[0] :])
        except (HttpParserError, MalformedResponse) as error:
            self._malformed(taker, error, data)
        else:
            taker.deliver(self)

    def _malformed(self, taker: Taker, error: Exception, data: bytes) -> None:
        reader = self.reader
        cause = error.__context__ if isinstance(error.__context__, MalformedResponse) else error
        if reader.complete and not reader.switched:  # a 101 that names no protocol is no answer
            reader.surplus = True
            taker.deliver(self)
            return
        last = reader.lines[-2][2:-2].decode("ascii", "replace") if reader.lines else None
        controlled = _CONTROLLED.search(data) if not reader.head else None
        header = None if controlled is None else controlled.group(1).decode("ascii")
        log.warning("upstream.malformed", upstream=self._pool.name, reason=str(cause), header=header, after_header=last)
        taker.failed(self, "malformed")

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        taker, self.taker = self.taker, None
        self._pool.lost(self)
        if taker is None:
            return
        if exc is None and self.reader.end():
            taker.deliver(self)
        else:
            taker.failed(self, "closed")

    def pause_writing(self) -> None:
        if self.taker is not None:
            self.taker.upstream_full()

    def resume_writing(self) -> None:
        if self.taker is not None:
            self.taker.upstream_drained()

    def release(self) -> None:
        """Give it back after an answer that was read to its end."""
        self.taker = None
        if self.closed:
            return
        reader = self.reader
        if self.transport.is_closing() or (reader.begun and not reader.keeps_alive):
            self.close()
            return
        if reader.begun:
            reader.renew()
        self.reused = True
        self._pool.put(self)

    def release_unused(self) -> None:
        """Give it back as it was: whoever asked for it has gone meanwhile."""
        self.taker = None
        if not self.closed:
            self._pool.put(self)

    def close(self) -> None:
        """Give it up."""
        self.taker = None
        self.closed = True
        self._pool.lost(self)
        self.transport.abort()
