"""One person, one spelling."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.names import canonical_name, stored_email, stored_name, stored_username


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Test@example.org", "test@example.org"),
        ("anna@example.com ", "anna@example.com"),
        ("\u00a0anna", "anna"),
        ("anna@müller.example", "anna@xn--mller-kva.example"),
        ("anna@MÜLLER.example", "anna@XN--MLLER-KVA.example"),
        ("anna@example.com.", "anna@example.com"),
        ("ＡＮＮＡ", "anna"),
        ("straße", "STRASSE"),
        ("\ufb01nn", "finn"),
        ("anna@under_score.example", "ANNA@Under_Score.example"),
    ],
)
def test_two_spellings_of_one_name_are_one(one, other):
    assert canonical_name(one) == canonical_name(other)


def test_the_stored_spelling_keeps_the_case_and_has_the_domain_in_one_form():
    assert stored_name(" Anna@Müller.Example ") == "Anna@xn--mller-kva.example"


@pytest.mark.parametrize("text", ["", "  ", "a\x00b", "a\nb", "a\u202eb", "a" * 256])
def test_a_name_that_cannot_be_shown_is_refused(text):
    with pytest.raises(ValueError, match="name"):
        stored_name(text)


def test_a_user_name_has_no_spaces():
    with pytest.raises(ValueError, match="spaces"):
        stored_username("anna rossi")
    assert stored_username("anna ") == "anna"


@pytest.mark.parametrize(
    "text", ["anna", "anna@", "@example.com", "anna@example", "a b@example.com", "a@b@example.com", "a@x..com"]
)
def test_an_address_looks_like_one(text):
    with pytest.raises(ValueError, match="looks like"):
        stored_email(text)


@given(st.text(max_size=30))
def test_comparing_is_stable_under_case_and_normal_form(text):
    once = canonical_name(text)
    assert canonical_name(once) == once
    assert canonical_name(unicodedata.normalize("NFC", text)) == once
