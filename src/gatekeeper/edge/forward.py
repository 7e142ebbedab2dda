"""A request that is let through: where it goes, and its head as the upstream gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper.domain.model import Session
    from gatekeeper.edge.head import Request
    from gatekeeper.edge.pool import Pool


class Forward:
    """The gate's yes.

    Attributes:
        pool: where it goes.
        head: what the upstream gets, but for the framing of the body and the empty line.
        session: whose it is; ``None`` where nobody is known, and for our own pages, which see to that themselves.
        private: whether the answer is for one person's eyes, since a session was sent.
        own: whether it goes to our own pages.
        bodyless: whether its body is left out.
        identity: the lines of the head that say who is asking, each with its CRLF.
    """

    __slots__ = ("bodyless", "head", "identity", "own", "pool", "private", "session")

    def __init__(self, pool: Pool, head: bytes, session: Session | None, identity: bytes) -> None:
        self.pool = pool
        self.head = head
        self.session = session
        self.identity = identity
        self.private = session is not None
        self.own = False
        self.bodyless = False


def head_of(request: Request, host: bytes, about: bytes, request_id: bytes, identity: bytes) -> bytes:
    """A head as the upstream gets it, up to the framing of the body: written anew from what was parsed.

    Args:
        request: gives the request line, and the lines that pass.
        host: of the upstream, or as the client named it.
        about: the lines about the client, up to the value of ``X-Request-Id``.
        request_id: that value.
        identity: the lines that say who is asking, each with its CRLF.
    """
    sifted = request.sifted
    lines = b"".join(request.lines) if sifted is None else sifted.outgoing
    return b"".join(
        (
            request.method,
            b" ",
            request.target,
            b" HTTP/1.1\r\nHost: ",
            host,
            lines,
            b"\r\n",
            about,
            request_id,
            b"\r\n",
            identity,
        )
    )
