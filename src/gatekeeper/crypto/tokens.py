"""Random tokens and ids, and texts that are signed so that nobody else can have written them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid

TOKEN_BYTES = 32
TOTP_SECRET_BYTES = 20
API_TOKEN_PREFIX = "gk_"  # noqa: S105 - the beginning of every API token, not a token
RECOVERY_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_RECOVERY_HALF = 5


def new_token() -> str:
    """Return 256 random bits as 43 characters of base64url without padding (RFC 4648 §5)."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_id() -> str:
    """Return a random UUID as text (RFC 9562 §5.4)."""
    return str(uuid.uuid4())


def digest(token: str) -> str:
    """Return the SHA-256 of a token in hex: what is stored of it. Any text is taken, so any cookie may be looked up."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_totp_secret() -> str:
    """Return 160 random bits in base32: the length that RFC 4226 §4 (R6) recommends, 32 characters, no padding."""
    return base64.b32encode(secrets.token_bytes(TOTP_SECRET_BYTES)).decode("ascii")


def new_recovery_codes(count: int = 10) -> list[str]:
    """Return codes like ``"x7k2m-9fq3t"`` (49 bits each); no character of them is easily taken for another."""
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(f"{_recovery_half()}-{_recovery_half()}")
    return list(codes)


def new_api_token() -> str:
    """Return an API token: ``gk_`` and 256 random bits."""
    return API_TOKEN_PREFIX + new_token()


class Signer:
    """Signs short texts with HMAC-SHA256 (RFC 2104), each for one purpose: a signature for another does not count.

    Args:
        key: at least 32 secret bytes, such as ``SecretKey.derive("signer")``.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < TOKEN_BYTES:
            raise ValueError(f"a signing key has at least {TOKEN_BYTES} bytes")
        self._key = key

    def sign(self, text: str, purpose: str) -> str:
        """Return ``text`` followed by a dot and its signature; the text stays readable."""
        return f"{text}.{self.mac(text, purpose)}"

    def unsign(self, signed: str, purpose: str) -> str | None:
        """Return the text of what :meth:`sign` returned for this purpose, or ``None`` for anything else."""
        text, dot, mac = signed.rpartition(".")
        return text if dot and self.matches(mac, text, purpose) else None

    def mac(self, text: str, purpose: str) -> str:
        """Return the signature alone: 43 characters of base64url."""
        named = purpose.encode("utf-8", "surrogatepass")
        message = len(named).to_bytes(4, "big") + named + text.encode("utf-8", "surrogatepass")
        return base64.urlsafe_b64encode(hmac.digest(self._key, message, "sha256")).decode("ascii").rstrip("=")

    def matches(self, mac: str, text: str, purpose: str) -> bool:
        """Whether ``mac`` is the signature of ``text`` for this purpose, compared in constant time."""
        expected = self.mac(text, purpose).encode("ascii")
        return hmac.compare_digest(mac.encode("utf-8", "surrogatepass"), expected)


def _recovery_half() -> str:
    return "".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(_RECOVERY_HALF))
