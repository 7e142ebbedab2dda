"""Tokens: long enough, never alike, and signed texts that nobody else can have written."""

from __future__ import annotations

import base64
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.crypto.tokens import (
    RECOVERY_ALPHABET,
    Signer,
    digest,
    new_api_token,
    new_id,
    new_recovery_codes,
    new_token,
    new_totp_secret,
)

SIGNER = Signer(b"k" * 32)


def test_a_token_has_256_bits_and_none_is_like_another() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_an_id_is_a_random_uuid() -> None:
    assert uuid.UUID(new_id()).version == 4
    assert new_id() != new_id()


def test_a_digest_is_sha_256_in_hex() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(st.text(alphabet=st.characters()))
def test_any_cookie_has_a_digest(token: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", digest(token))


def test_an_authenticator_secret_has_160_bits_in_base32_without_padding() -> None:
    secret = new_totp_secret()
    assert len(base64.b32decode(secret)) == 20
    assert "=" not in secret
    assert secret != new_totp_secret()


def test_recovery_codes_are_all_different_and_legible() -> None:
    codes = new_recovery_codes(200)
    assert len(set(codes)) == 200
    assert all(re.fullmatch(f"[{RECOVERY_ALPHABET}]{{5}}-[{RECOVERY_ALPHABET}]{{5}}", code) for code in codes)
    assert not set("01ilo") & set(RECOVERY_ALPHABET)
    assert len(new_recovery_codes()) == 10


def test_an_api_token_says_whose_it_is() -> None:
    assert re.fullmatch(r"gk_[A-Za-z0-9_-]{43}", new_api_token())


def test_a_signing_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Signer(b"k" * 31)


@given(st.text(alphabet=st.characters()), st.text())
def test_what_was_signed_is_read_back(text: str, purpose: str) -> None:
    assert SIGNER.unsign(SIGNER.sign(text, purpose), purpose) == text


@given(st.text(alphabet=st.characters()))
def test_what_was_not_signed_is_refused(text: str) -> None:
    assert SIGNER.unsign(text, "attempt") is None
    assert not SIGNER.matches(text, text, "attempt")


@given(st.text(min_size=1), st.data())
def test_a_changed_character_is_noticed(text: str, data: st.DataObject) -> None:
    signed = SIGNER.sign(text, "attempt")
    place = data.draw(st.integers(0, len(signed) - 1))
    other = data.draw(st.characters().filter(lambda character: character != signed[place]))
    assert SIGNER.unsign(signed[:place] + other + signed[place + 1 :], "attempt") is None


def test_a_signature_for_another_purpose_or_by_another_key_does_not_count() -> None:
    signed = SIGNER.sign("anna", "attempt")
    assert SIGNER.unsign(signed, "csrf") is None
    assert Signer(b"o" * 32).unsign(signed, "attempt") is None


def test_a_purpose_never_runs_into_the_text() -> None:
    assert SIGNER.mac("bc", "a") != SIGNER.mac("c", "ab")
    assert not SIGNER.matches(SIGNER.mac("bc", "a"), "c", "ab")


def test_a_mac_fits_into_a_cookie_and_a_field() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", SIGNER.mac("anna", "csrf"))
    assert SIGNER.matches(SIGNER.mac("anna", "csrf"), "anna", "csrf")
