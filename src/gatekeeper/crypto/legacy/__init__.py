"""Password hashes that other systems wrote, verified so that imported people can sign in; none is ever made here.

Each file knows one family and its source. ``verify`` takes the stored text and the password in UTF-8 and answers yes or
no; a stored text that is broken is no error but a no. Costs above a file's limit are not supported: an import says so,
rather than a sign-in that takes a minute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.crypto.legacy import bcrypt_hash, ldap, pbkdf2, sha_crypt

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 1024
"""Bytes of a password that are tried at all: SHA-crypt's work grows with the length (CVE-2016-20013)."""

_FAMILIES: tuple[tuple[Callable[[str], bool], Callable[[str, bytes], bool]], ...] = (
    (bcrypt_hash.is_supported, bcrypt_hash.verify),
    (sha_crypt.is_supported, sha_crypt.verify),
    (pbkdf2.is_supported, pbkdf2.verify),
    (ldap.is_supported, ldap.verify),
)


def is_supported(stored: str) -> bool:
    """Whether a stored text is a whole hash of one of the families."""
    return any(supported(stored) for supported, _ in _FAMILIES)


def verify(stored: str, password: bytes) -> bool:
    """Whether the password is the one that was hashed; ``False`` too where the hash is of no known family.

    A password with a NUL never is: C programs cannot have hashed one, and PBKDF2 takes it for the one without.
    """
    if len(password) > LONGEST or b"\0" in password:
        return False
    return any(supported(stored) and check(stored, password) for supported, check in _FAMILIES)
