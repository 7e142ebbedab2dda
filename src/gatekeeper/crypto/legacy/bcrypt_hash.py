"""bcrypt as PHP, Apache, Dovecot and OpenBSD write it: ``$2a$``, ``$2b$``, ``$2y$``.

Source: Provos and Mazières, *A Future-Adaptable Password Scheme* (USENIX 1999); the prefixes as in OpenBSD's
``crypt(3)`` and PHP's ``password_hash``. All three mean the same for correct implementations, which is what wrote them.
"""

from __future__ import annotations

import hmac
import re

import bcrypt

LONGEST = 72
"""Bytes that the algorithm reads. Those systems silently cut off the rest; so does this file, or people stay out."""

_COST_LIMIT = 15
_FORM = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_LOWEST_COST = 4


def is_supported(stored: str) -> bool:
    """Whether this is a whole bcrypt hash with a cost from 4 to 15 (2.5 seconds)."""
    match = _FORM.fullmatch(stored)
    return match is not None and _LOWEST_COST <= int(match[1]) <= _COST_LIMIT


def verify(stored: str, password: bytes) -> bool:
    """Whether the first 72 bytes of the password are those that were hashed."""
    try:
        made = bcrypt.hashpw(password[:LONGEST], stored.encode("ascii"))
    except ValueError:
        return False
    return hmac.compare_digest(made, stored.encode("ascii"))
