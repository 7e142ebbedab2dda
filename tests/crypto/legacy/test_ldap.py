"""Salted SHA of directories."""

from __future__ import annotations

import base64
import hashlib

import pytest

from gatekeeper.crypto.legacy.ldap import is_supported, verify


def salted(scheme: str, name: str, password: bytes, salt: bytes) -> str:
    return f"{{{scheme}}}" + base64.b64encode(hashlib.new(name, password + salt).digest() + salt).decode()


@pytest.mark.parametrize(("scheme", "name"), [("SSHA", "sha1"), ("SSHA256", "sha256"), ("SSHA512", "sha512")])
@pytest.mark.parametrize("salt", [b"x", b"12345678", bytes(16)])
def test_a_right_password_matches_and_a_wrong_one_does_not(scheme: str, name: str, salt: bytes) -> None:
    stored = salted(scheme, name, "Gärten".encode(), salt)
    assert is_supported(stored)
    assert verify(stored, "Gärten".encode())
    assert not verify(stored, b"G")


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "{SSHA}",
        "{SSHA}!!!!",
        "{SSHA}A",
        "{SSHA}" + base64.b64encode(bytes(20)).decode(),
        "{SSHA512}" + base64.b64encode(bytes(60)).decode(),
        "{SHA}" + base64.b64encode(bytes(24)).decode(),
        "{ssha}" + base64.b64encode(bytes(24)).decode(),
    ],
)
def test_what_is_no_whole_salted_hash_is_not_supported(stored: str) -> None:
    assert not is_supported(stored)
    assert not verify(stored, b"")
