"""``/.well-known/jwks.json``: the public keys that check ``X-Gatekeeper-Assertion`` (RFC 7517 §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gatekeeper.crypto.keys import SigningKey

MAX_AGE = 300
"""Seconds for which a verifier may keep the set."""


class KeySet:
    """Answers with the public keys as they are now; while PostgreSQL is away, as they were last.

    Args:
        read: reads the pairs, those of every node.
    """

    def __init__(self, read: Callable[[], Awaitable[Sequence[SigningKey]]]) -> None:
        self._read = read
        self._last: Sequence[SigningKey] = ()

    async def answer(self, _: web.Request) -> web.Response:
        """Answer a request."""
        try:
            self._last = await self._read()
        except Unavailable:
            if not self._last:
                raise
        return web.json_response(
            {"keys": [key.jwk() for key in self._last]},
            content_type="application/jwk-set+json",
            headers={"Cache-Control": f"public, max-age={MAX_AGE}", "Access-Control-Allow-Origin": "*"},
        )


def setup(app: web.Application, prefix: str, read: Callable[[], Awaitable[Sequence[SigningKey]]]) -> None:
    """Publish the keys under the prefix."""
    app.router.add_get(f"{prefix}/.well-known/jwks.json", KeySet(read).answer)
