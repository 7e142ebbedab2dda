"""PBKDF2 with SHA-256 in passlib's form: ``$pbkdf2-sha256$<rounds>$<salt>$<digest>``.

Source: RFC 8018 §5.2; the form is that of passlib's ``pbkdf2_sha256``, whose base64 has ``.`` for ``+`` and no padding.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

_FORM = re.compile(r"\$pbkdf2-sha256\$([1-9]\d{0,7})\$([A-Za-z0-9./]{1,256})\$([A-Za-z0-9./]{43})")
_ROUNDS_LIMIT = 5_000_000


def is_supported(stored: str) -> bool:
    """Whether this is a whole hash of at most 5,000,000 rounds."""
    return _parts(stored) is not None


def verify(stored: str, password: bytes) -> bool:
    """Whether the password is the one that was hashed."""
    parts = _parts(stored)
    if parts is None:
        return False
    rounds, salt, digest = parts
    return hmac.compare_digest(hashlib.pbkdf2_hmac("sha256", password, salt, rounds), digest)


def _parts(stored: str) -> tuple[int, bytes, bytes] | None:
    match = _FORM.fullmatch(stored)
    if match is None or int(match[1]) > _ROUNDS_LIMIT:
        return None
    try:
        return int(match[1]), _decode(match[2]), _decode(match[3])
    except binascii.Error:
        return None


def _decode(text: str) -> bytes:
    return base64.b64decode(text.replace(".", "+") + "=" * (-len(text) % 4))
