"""WebSockets: two-way pipes under back-pressure that the end of a session, or of the gateway, closes.

What is inside passes unread, of any size; only the ends of frames are followed, so that a close frame of our own can be
put between two of theirs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gatekeeper.edge.frames import Boundaries, close_frame
from gatekeeper.edge.limits import NEVER

if TYPE_CHECKING:
    from gatekeeper.domain.model import Session
    from gatekeeper.edge.connection import ClientConnection
    from gatekeeper.edge.serving import Serving
    from gatekeeper.edge.upstream import UpstreamConnection

GRACE = 0.4
"""Seconds that both ends get to take a close frame."""


class End(asyncio.Protocol):
    """One end of a tunnel.

    Args:
        tunnel: the tunnel.
        transport: this end's connection.
        masked: whether what goes out at this end goes to a server.
    """

    def __init__(self, tunnel: Tunnel, transport: asyncio.Transport, *, masked: bool) -> None:
        self.transport = transport
        self.masked = masked
        self.boundaries = Boundaries()
        self.said_goodbye = False
        self.other: End
        self._tunnel = tunnel

    def data_received(self, data: bytes) -> None:
        self.other.send(data)

    def send(self, data: bytes) -> None:
        """Pass on what came in at the other end."""
        if self.said_goodbye or self.transport.is_closing():
            return
        goodbye = self._tunnel.goodbye
        if goodbye is None:
            self.boundaries.advance(data)
            self.transport.write(data)
            return
        passed = self.boundaries.advance(data, to_boundary=True)
        self.transport.write(data[:passed])
        self.say_goodbye(*goodbye)

    def say_goodbye(self, code: int, reason: str) -> None:
        """Put a close frame behind the last whole frame, if that is where the stream stands."""
        if not self.said_goodbye and self.boundaries.between_frames and not self.transport.is_closing():
            self.said_goodbye = True
            self.transport.write(close_frame(code, reason, masked=self.masked))

    def pause_writing(self) -> None:
        if not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - however it ended
        self._tunnel.lost(self)


class Tunnel:
    """Two ends and what closes them.

    Attributes:
        session: whose it is; ``None`` on a public route without one.
        goodbye: code and reason, once it is to be closed.
        deadline: when :meth:`expire` is called.
    """

    def __init__(self, serving: Serving, client: ClientConnection, session: Session | None) -> None:
        self.session = session
        self.goodbye: tuple[int, str] | None = None
        self.deadline = NEVER
        self._serving = serving
        self._client = client

    @classmethod
    def open(
        cls,
        serving: Serving,
        client: ClientConnection,
        upstream: UpstreamConnection,
        session: Session | None,
        *,
        head: bytes,
        early: bytes,
        rest: bytes,
    ) -> Tunnel:
        """Put a tunnel in the place of both connections.

        Args:
            serving: what all connections share.
            client: where the request came from.
            upstream: where it went.
            session: whose it is.
            head: of the answer (101), for the client.
            early: bytes that the client sent after its request.
            rest: bytes that the upstream sent after its answer.
        """
        tunnel = cls(serving, client, session)
        tunnel.near = near = End(tunnel, client.transport, masked=False)
        tunnel.far = far = End(tunnel, upstream.transport, masked=True)
        near.other, far.other = far, near
        client.transport.set_protocol(near)
        upstream.transport.set_protocol(far)
        upstream.taker = None
        serving.tunnels.add(tunnel)
        near.transport.write(head)
        if rest:
            near.send(rest)
        if early:
            far.send(early)
        client.go_on()
        return tunnel

    near: End
    far: End

    def close(self, code: int, reason: str) -> None:
        """Close it with a status code: at the next end of a frame, or without one where none comes in time."""
        if self.goodbye is not None:
            return
        self.goodbye = (code, reason)
        self.near.say_goodbye(code, reason)
        self.far.say_goodbye(code, reason)
        self.deadline = self._serving.clock.now + GRACE
        self._serving.sweep.members.add(self)

    def expire(self, now: float) -> None:
        """The grace is over."""
        for end in (self.near, self.far):
            end.transport.close()
        if self.deadline + GRACE < now:
            for end in (self.near, self.far):
                end.transport.abort()
            self.deadline = NEVER

    def lost(self, end: End) -> None:
        """One end is gone, and so is the other as soon as it has what is on its way."""
        self._serving.tunnels.discard(self)
        self._serving.sweep.members.discard(self)
        self._client.left()
        if not end.other.transport.is_closing():
            end.other.transport.close()
