"""RFC 6238, and what people and apps make of it."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.totp import clean_code, looks_like_code, provisioning_uri, verify

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("now", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_vectors_of_rfc_6238_appendix_b(now, code):
    assert verify(SECRET, code, now, None) == now // 30


def test_a_code_works_once():
    assert verify(SECRET, "287082", 59, 1) is None
    assert verify(SECRET, "287082", 59, 0) == 1


@pytest.mark.parametrize(("late", "accepted"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_one_step_of_drift_is_accepted_either_way(late, accepted):
    now = 1_800_000_015
    assert (verify(SECRET, pyotp.TOTP(SECRET).at(now), now + late, None) is not None) is accepted


@pytest.mark.parametrize(
    "typed", ["123 456", "123\u00a0456", " 123456 ", "123-456", "123\u202f456", "\u200b123456", "１２３４５６"]
)
def test_a_code_is_read_as_it_was_meant(typed):
    assert clean_code(typed) == "123456"


def test_a_leading_zero_is_text():
    assert clean_code("012345") == "012345"
    assert verify(SECRET, "005924", 1234567890, None) is not None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "12345a"])
def test_what_is_no_code_is_refused(typed):
    assert not looks_like_code(clean_code(typed))
    assert verify(SECRET, typed, 59, None) is None


def test_the_issuer_is_the_labels_prefix_and_a_parameter_spelt_alike():
    uri = provisioning_uri(SECRET, "Müller & Söhne", "anna@example.com")
    assert uri.startswith("otpauth://totp/M%C3%BCller%20%26%20S%C3%B6hne:anna@example.com?")
    assert "issuer=M%C3%BCller%20%26%20S%C3%B6hne" in uri
    assert "algorithm" not in uri


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_a_label_has_one_colon_and_reads_back(issuer, account):
    uri = urlsplit(provisioning_uri(SECRET, issuer, account))
    label = unquote(uri.path.removeprefix("/"))
    query = parse_qs(uri.query, keep_blank_values=True, strict_parsing=True)
    assert label.count(":") == 1
    assert label.split(":")[0] == query["issuer"][0]
    assert query["secret"] == [SECRET]
    assert ":" not in query["issuer"][0]
