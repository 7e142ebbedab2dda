"""Base64url without padding, as JOSE writes it (RFC 7515 §2), read strictly."""

from __future__ import annotations

import base64
import binascii


def encode(data: bytes) -> str:
    """Return ``data`` in the URL-safe alphabet, without ``=``."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def decode(text: str) -> bytes:
    """Return the bytes that :func:`encode` wrote.

    Raises:
        ValueError: a character outside the alphabet, an impossible length, or a spelling that ``encode`` never writes.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if encode(data) != text:
        raise ValueError("not the one spelling of these bytes")
    return data
