"""SHA-crypt: the vectors of its specification, and lengths that would take a minute."""

from __future__ import annotations

import pytest

from gatekeeper.crypto.legacy.sha_crypt import is_supported, verify

# Drepper's specification, test vectors.
VECTORS = [
    "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
    "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
]


@pytest.mark.parametrize("stored", VECTORS)
def test_the_vectors_of_the_specification_match(stored: str) -> None:
    assert is_supported(stored)
    assert verify(stored, b"Hello world!")
    assert not verify(stored, b"Hello world")


def test_a_password_with_a_nul_never_matches() -> None:
    assert not verify(VECTORS[0], b"Hello world!\0")


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "$5$saltstring$" + "a" * 42,
        "$6$saltstring$" + "a" * 43,
        "$6$" + "a" * 86,
        "$6$saltstringsaltstr$" + "a" * 86,
        "$6$rounds=999$salt$" + "a" * 86,
        "$6$rounds=1000001$salt$" + "a" * 86,
        "$1$saltstring$" + "a" * 22,
    ],
)
def test_what_is_no_whole_hash_of_bearable_rounds_is_not_supported(stored: str) -> None:
    assert not is_supported(stored)
