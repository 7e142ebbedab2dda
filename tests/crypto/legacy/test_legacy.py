"""All families together: one answer for a hash, and none takes a password that nobody can have."""

from __future__ import annotations

import time

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from passlib.hash import ldap_salted_sha1, pbkdf2_sha256, sha256_crypt, sha512_crypt

from gatekeeper.crypto import legacy
from gatekeeper.crypto.hashing import Hasher, Verified, is_supported

HASHES = {
    "bcrypt": bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode(),
    "bcrypt, Dovecot": "{BLF-CRYPT}" + bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode(),
    "sha256-crypt": sha256_crypt.using(rounds=5000).hash("right"),
    "sha512-crypt": sha512_crypt.using(rounds=5000).hash("right"),
    "sha512-crypt, Dovecot": "{SHA512-CRYPT}" + sha512_crypt.using(rounds=5000).hash("right"),
    "SSHA": ldap_salted_sha1.hash("right"),
    "PBKDF2": pbkdf2_sha256.using(rounds=1000).hash("right"),
}


@pytest.mark.parametrize("stored", HASHES.values(), ids=HASHES)
async def test_every_family_is_verified_and_replaced_after_a_match(stored: str) -> None:
    hasher = Hasher(memory_kib=64, time_cost=1)
    assert is_supported(stored)
    assert await hasher.verify(stored, "right") == Verified(ok=True, outdated=True)
    assert await hasher.verify(stored, "other", "right") == Verified(ok=True, outdated=True)
    assert await hasher.verify(stored, "wrong") == Verified(ok=False, outdated=False)
    hasher.close()


@pytest.mark.parametrize("stored", HASHES.values(), ids=HASHES)
@pytest.mark.parametrize("password", ["", "\0", "\ud800", "right\0", "x" * 150, "ü" * 256, "x" * 4000])
async def test_no_password_is_an_error_nor_takes_long(stored: str, password: str) -> None:
    hasher = Hasher(memory_kib=64, time_cost=1)
    began = time.process_time()
    assert await hasher.verify(stored, password) == Verified(ok=False, outdated=False)
    assert time.process_time() - began < 1
    hasher.close()


def test_a_password_beyond_the_limit_is_not_tried() -> None:
    stored = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert legacy.verify(stored, b"x" * legacy.LONGEST)
    assert not legacy.verify(stored, b"x" * (legacy.LONGEST + 1))


@given(st.text(), st.binary(max_size=20))
def test_any_other_text_is_a_no(stored: str, password: bytes) -> None:
    assert not legacy.is_supported(stored)
    assert not legacy.verify(stored, password)
