"""Base64url: one spelling for each byte string, and nothing else is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.crypto import base64url


@given(st.binary())
def test_what_was_written_is_read_back(data: bytes) -> None:
    assert base64url.decode(base64url.encode(data)) == data


@pytest.mark.parametrize(
    "text", ["A", "AB==", "AB=", "A+B/", "AB\n", " AB", "AB!C", "äöüß", "AAB", "A===", "\ud800AAA"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is the promise
        base64url.decode(text)


@given(st.text())
def test_no_two_texts_mean_the_same_bytes(text: str) -> None:
    try:
        data = base64url.decode(text)
    except ValueError:
        return
    assert base64url.encode(data) == text
