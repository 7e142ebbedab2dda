"""PBKDF2 in passlib's form."""

from __future__ import annotations

import pytest
from passlib.hash import pbkdf2_sha256

from gatekeeper.crypto.legacy.pbkdf2 import is_supported, verify

# From the first page of passlib's documentation.
VECTOR = "$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk"


def test_the_published_vector_matches() -> None:
    assert is_supported(VECTOR)
    assert verify(VECTOR, b"toomanysecrets")
    assert not verify(VECTOR, b"joshua")


@pytest.mark.parametrize("salt", [b"", b"1", b"12", b"123", b"\xff" * 64])
def test_what_passlib_wrote_is_verified(salt: bytes) -> None:
    stored = pbkdf2_sha256.using(rounds=10, salt=salt).hash("Gärten")
    assert is_supported(stored) == bool(salt)
    assert verify(stored, "Gärten".encode()) == bool(salt)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        VECTOR[:-1],
        VECTOR + "A",
        VECTOR.replace("$29000$", "$0$"),
        VECTOR.replace("$29000$", "$5000001$"),
        VECTOR.replace("$N2", "$"),
        VECTOR.replace("$N2YMIWQsBWBMae09x1jrPQ$", "$N2YMI$"),
        VECTOR.replace("sha256", "sha512"),
    ],
)
def test_what_is_no_whole_hash_of_bearable_rounds_is_not_supported(stored: str) -> None:
    assert not verify(stored, b"toomanysecrets")
