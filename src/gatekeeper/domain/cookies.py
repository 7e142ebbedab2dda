"""Cookie headers as bytes: finding ours, taking ours out, and leaving every other byte as it came.

A header is split at its semicolons and nowhere else (RFC 6265 §5.4 writes it that way), so a cookie that cannot be
parsed hides none beside it. A name is ours only if it is exactly ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SESSION = "gatekeeper"
ATTEMPT = "gatekeeper-login"
DEVICE = "gatekeeper-device"
PREFIX = "__Host-"


@dataclass(frozen=True, slots=True)
class CookieNames:
    """The names of our cookies; ``secure`` says whether they carry the ``__Host-`` prefix and ``Secure``."""

    secure: bool = True

    @property
    def session(self) -> str:
        return self._named(SESSION)

    @property
    def attempt(self) -> str:
        return self._named(ATTEMPT)

    @property
    def device(self) -> str:
        return self._named(DEVICE)

    @property
    def all(self) -> frozenset[bytes]:
        """All three, as they stand in a header."""
        return frozenset(name.encode() for name in (self.session, self.attempt, self.device))

    def _named(self, name: str) -> str:
        return PREFIX + name if self.secure else name


def values_of(headers: Iterable[bytes], name: bytes) -> list[bytes]:
    """Every value of one cookie, in order.

    Args:
        headers: the values of all ``Cookie`` headers of a request.
        name: the exact name.
    """
    return [
        value.strip(b" \t")
        for header in headers
        if name in header
        for key, mark, value in (piece.partition(b"=") for piece in header.split(b";"))
        if mark and key.strip(b" \t") == name
    ]


def without(header: bytes, names: frozenset[bytes]) -> bytes | None:
    """A ``Cookie`` header's value with our cookies taken out; ``None`` where nothing is left.

    >>> without(b"a=1; __Host-gatekeeper=x; b=2", frozenset({b"__Host-gatekeeper"}))
    b'a=1; b=2'

    Args:
        header: the value as sent.
        names: exact names.
    """
    ours = _pattern(names)
    first = ours.match(header)
    rest = ours.sub(b"", header)
    if first is not None:
        rest = rest[1:].lstrip(b" \t")
    return rest or None


@lru_cache(maxsize=16)
def _pattern(names: frozenset[bytes]) -> re.Pattern[bytes]:
    either = b"|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rb"(?:\A|;)[ \t]*(?:" + either + rb")[ \t]*(?:=[^;]*)?(?=;|\Z)")


def sets_one_of(set_cookie: bytes, names: frozenset[bytes]) -> bool:
    """Whether a ``Set-Cookie`` header would make the browser send a cookie by one of these names.

    A cookie without a name (``=name=value``) is sent back as ``name=value``, so it counts too. Letters' case is
    ignored: no platform has business with a name so near to ours.
    """
    return _name(set_cookie.partition(b";")[0].lstrip(b"= \t")).lower() in _lowered(names)


@lru_cache(maxsize=16)
def _lowered(names: frozenset[bytes]) -> frozenset[bytes]:
    return frozenset(name.lower() for name in names)


def _name(piece: bytes) -> bytes:
    return piece.partition(b"=")[0].strip(b" \t")
