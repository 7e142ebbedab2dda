"""Seals: opened where they were made for, with the keys that are known, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.crypto.keys import SecretKey
from gatekeeper.crypto.secretbox import Damaged, SecretBox

OLD, NEW = SecretKey(b"o" * 32), SecretKey(b"n" * 32)
BOX = SecretBox([NEW])


@given(st.text(), st.text())
def test_what_was_sealed_is_opened_in_its_context(plain: str, context: str) -> None:
    assert BOX.open(BOX.seal(plain, context), context) == plain


def test_a_seal_tells_nothing_and_is_never_the_same() -> None:
    first, second = BOX.seal("JBSWY3DPEHPK3PXP", "totp anna"), BOX.seal("JBSWY3DPEHPK3PXP", "totp anna")
    assert first != second
    assert "JBSWY3DP" not in first


def test_a_seal_that_was_copied_to_another_person_stays_shut() -> None:
    with pytest.raises(Damaged):
        BOX.open(BOX.seal("secret", "totp anna"), "totp marco")


@given(st.data())
def test_a_changed_character_is_noticed(data: st.DataObject) -> None:
    sealed = BOX.seal("secret", "totp anna")
    place = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters(max_codepoint=127).filter(lambda character: character != sealed[place]))
    with pytest.raises(Damaged):
        BOX.open(sealed[:place] + other + sealed[place + 1 :], "totp anna")


@given(st.text())
def test_anything_else_is_damaged(text: str) -> None:
    for sealed in (text, f"1.{NEW.id}.{text}"):
        with pytest.raises(Damaged):
            BOX.open(sealed, "totp anna")


def test_after_a_rotation_old_seals_open_and_are_known_to_be_old() -> None:
    sealed = SecretBox([OLD]).seal("secret", "totp anna")
    rotated = SecretBox([NEW, OLD])
    assert rotated.open(sealed, "totp anna") == "secret"
    assert rotated.is_outdated(sealed)
    assert not rotated.is_outdated(rotated.seal("secret", "totp anna"))


def test_a_seal_whose_key_is_gone_says_so_without_the_secret() -> None:
    sealed = SecretBox([OLD]).seal("secret", "totp anna")
    with pytest.raises(Damaged, match="key that is not in the secret key file"):
        BOX.open(sealed, "totp anna")
