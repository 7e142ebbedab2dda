"""SHA-crypt, the hashes of ``/etc/shadow``: ``$5$`` (SHA-256) and ``$6$`` (SHA-512).

Source: Ulrich Drepper, *Unix crypt using SHA-256 and SHA-512* (2008), as libpass implements it in Python. The C
library's ``crypt`` would be faster, but holds the interpreter for its whole run and is gone from Python 3.13.
"""

from __future__ import annotations

import re

from passlib.hash import sha256_crypt, sha512_crypt

_ROUNDS_LIMIT = 1_000_000
_DEFAULT_ROUNDS = 5000
_LOWEST_ROUNDS = 1000
_SHA256 = re.compile(r"\$5\$(?:rounds=(\d{1,9})\$)?[./A-Za-z0-9]{0,16}\$[./A-Za-z0-9]{43}")
_SHA512 = re.compile(r"\$6\$(?:rounds=(\d{1,9})\$)?[./A-Za-z0-9]{0,16}\$[./A-Za-z0-9]{86}")

for _scheme in (sha256_crypt, sha512_crypt):
    _scheme.set_backend("builtin")


def is_supported(stored: str) -> bool:
    """Whether this is a whole SHA-crypt hash of 1,000 to 1,000,000 rounds."""
    match = _SHA256.fullmatch(stored) or _SHA512.fullmatch(stored)
    return match is not None and _LOWEST_ROUNDS <= int(match[1] or _DEFAULT_ROUNDS) <= _ROUNDS_LIMIT


def verify(stored: str, password: bytes) -> bool:
    """Whether the password is the one that was hashed."""
    scheme = sha256_crypt if stored.startswith("$5$") else sha512_crypt
    try:
        return bool(scheme.verify(password, stored))
    except ValueError:
        return False
