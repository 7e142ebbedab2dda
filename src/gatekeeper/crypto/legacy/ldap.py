"""Salted SHA as directories keep it: ``{SSHA}``, ``{SSHA256}``, ``{SSHA512}``, then base64 of digest and salt.

Source: RFC 2307 §5.3 for the braces, OpenLDAP's Administrator's Guide §14.4 for the salt, Dovecot's password schemes
for the longer digests. One round only: such a hash is replaced at the first sign-in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

_FORM = re.compile(r"\{(SSHA|SSHA256|SSHA512)\}([A-Za-z0-9+/]{1,256}={0,2})")
_DIGESTS = {"SSHA": "sha1", "SSHA256": "sha256", "SSHA512": "sha512"}


def is_supported(stored: str) -> bool:
    """Whether this is a whole salted hash."""
    return _parts(stored) is not None


def verify(stored: str, password: bytes) -> bool:
    """Whether the password is the one that was hashed."""
    parts = _parts(stored)
    if parts is None:
        return False
    name, digest, salt = parts
    return hmac.compare_digest(hashlib.new(name, password + salt).digest(), digest)


def _parts(stored: str) -> tuple[str, bytes, bytes] | None:
    match = _FORM.fullmatch(stored)
    if match is None:
        return None
    name = _DIGESTS[match[1]]
    try:
        data = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return None
    size = hashlib.new(name).digest_size
    return (name, data[:size], data[size:]) if len(data) > size else None
