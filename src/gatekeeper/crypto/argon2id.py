"""Argon2id (RFC 9106), the form in which passwords are kept: ``$argon2id$v=19$m=…,t=…,p=…$salt$hash``.

The default costs are those of OWASP's Password Storage Cheat Sheet (19 MiB, two passes, one lane).
"""

from __future__ import annotations

import base64
import secrets

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

_MEMORY_LIMIT_KIB = 1024 * 1024
_PASSES_LIMIT = 64
_SHORTEST_DIGEST = 12
_PREFIX = "$argon2id$"


class Argon2id:
    """Hashes and verifies, blocking: 24 ms of work and the memory asked for, each time.

    Args:
        memory_kib: memory in KiB.
        time_cost: passes over the memory.
        parallelism: lanes.
    """

    def __init__(self, *, memory_kib: int, time_cost: int, parallelism: int) -> None:
        self._hasher = PasswordHasher(time_cost, memory_kib, parallelism, type=Type.ID)
        salt, digest = (
            base64.b64encode(secrets.token_bytes(size)).decode("ascii").rstrip("=")
            for size in (self._hasher.salt_len, self._hasher.hash_len)
        )
        self.dummy = f"{_PREFIX}v=19$m={memory_kib},t={time_cost},p={parallelism}${salt}${digest}"
        """A hash that no password has; verifying it costs what every other does."""

    def hash(self, password: bytes) -> str:
        """Return the hash of a password under a new random salt."""
        return self._hasher.hash(password)

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether the password is the one that was hashed; a broken hash is a no."""
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash has other costs than those in force."""
        return self._hasher.check_needs_rehash(stored)


def is_argon2id(stored: str) -> bool:
    """Whether this looks like an Argon2id hash, whole or not."""
    return stored.startswith(_PREFIX)


def is_supported(stored: str) -> bool:
    """Whether this is a whole Argon2id hash of at most 1 GiB and 64 passes."""
    try:
        costs = extract_parameters(stored)
    except InvalidHashError:
        return False
    bearable = costs.memory_cost <= _MEMORY_LIMIT_KIB and costs.time_cost <= _PASSES_LIMIT
    return costs.type is Type.ID and costs.hash_len >= _SHORTEST_DIGEST and bearable and stored.isascii()
