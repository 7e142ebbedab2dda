"""Time-based one-time passwords (RFC 6238: SHA-1, 6 digits, 30 s), as every authenticator app reads them."""

from __future__ import annotations

from urllib.parse import quote

import pyotp
from pyotp.exceptions import OTPVerificationError

DIGITS = 6
_IGNORED = frozenset("-\u2010\u2011\u2012\u2013\u2014\u200b\u2060\ufeff")
WINDOW = 1
"""Steps of 30 s accepted before and after the present one (RFC 6238 §5.2)."""


def clean_code(text: str) -> str:
    """A code as it was meant: without spaces of any kind and dashes, digits of any script as ASCII.

    >>> clean_code("012 345")
    '012345'
    """
    kept = (character for character in text if not character.isspace() and character not in _IGNORED)
    return "".join(str(int(character)) if character.isdecimal() else character for character in kept)


def looks_like_code(text: str) -> bool:
    """Whether a cleaned text is six digits, and so a code rather than a recovery code."""
    return len(text) == DIGITS and text.isascii() and text.isdigit()


def verify(secret: str, code: str, now: float, last_counter: int | None) -> int | None:
    """The counter of the step that a code belongs to, or ``None`` where it is wrong or was used already.

    The caller stores the counter by a write that checks it once more, so that a code works once even when it is sent
    many times at once (RFC 6238 §5.2).

    Args:
        secret: base32.
        code: as typed.
        now: the time.
        last_counter: the counter of the last code accepted, ``None`` before the first.
    """
    cleaned = clean_code(code)
    if not looks_like_code(cleaned):
        return None
    try:
        counter = pyotp.TOTP(secret, digits=DIGITS).verify_and_get_timecode(cleaned, for_time=now, valid_window=WINDOW)
    except OTPVerificationError:
        return None
    return counter if last_counter is None or counter > last_counter else None


def provisioning_uri(secret: str, issuer: str, account: str) -> str:
    """The ``otpauth:`` address that the QR code holds (Key Uri Format).

    The issuer is both the label's prefix and a parameter, spelt the same, without a colon, spaces as ``%20``. The
    algorithm is left out: it is SHA-1, and apps ignore any other.
    """
    name = quote(issuer.replace(":", " ").strip(), safe="")
    return (
        f"otpauth://totp/{name}:{quote(account.replace(':', ' ').strip(), safe='@')}"
        f"?secret={secret}&issuer={name}&digits={DIGITS}&period=30"
    )
