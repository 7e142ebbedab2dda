"""Which session a ``Cookie`` header names, and what of it goes on to the platform; worked out once for each header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.cookies import CookieNames, values_of, without

if TYPE_CHECKING:
    from gatekeeper.edge.head import Request
    from gatekeeper.edge.sieve import Sifted

_MOST_REMEMBERED = 8_192
_LONGEST_REMEMBERED = 4_096


class OwnCookies:
    """Tells our own cookies from the platform's.

    Args:
        names: ours.
    """

    def __init__(self, names: CookieNames) -> None:
        self._names = names.all
        self._session_name = names.session.encode()
        self._known: dict[bytes, tuple[str | None, bytes | None]] = {}

    def take(self, request: Request) -> str | None:
        """Move the cookies that pass to the lines that pass; the session's id, if one is named among the others."""
        found: str | None = None
        for value in request.cookies:
            session_id, rest = self._read(value)
            if rest is not None:
                request.lines += (b"\r\nCookie: ", rest)
            found = found or session_id
        return found

    def learn(self, sifted: Sifted) -> str | None:
        """The same for sifted headers, which remember it."""
        pieces = [sifted.passing]
        for value in sifted.cookies:
            session_id, rest = self._read(value)
            sifted.session_id = sifted.session_id or session_id
            if rest is not None:
                pieces.append(rest)
        sifted.outgoing = b"\r\nCookie: ".join(pieces)
        sifted.known = True
        return sifted.session_id

    def session_id(self, cookies: tuple[bytes, ...]) -> str | None:
        """The session's id, if these headers name one; nothing is moved."""
        return next((found for found, _ in map(self._read, cookies) if found is not None), None)

    def _read(self, value: bytes) -> tuple[str | None, bytes | None]:
        known = self._known.get(value)
        if known is not None:
            return known
        tokens = values_of((value,), self._session_name)
        session_id = digest(tokens[0].strip(b'"').decode("latin-1")) if tokens and tokens[0] else None
        known = (session_id, without(value, self._names))
        if len(value) <= _LONGEST_REMEMBERED:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[value] = known
        return known
