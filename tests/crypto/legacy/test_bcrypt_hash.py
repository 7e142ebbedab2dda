"""bcrypt: the published vectors, the three prefixes, and 72 bytes as those systems read them."""

from __future__ import annotations

import bcrypt
import pytest

from gatekeeper.crypto.legacy.bcrypt_hash import is_supported, verify

VECTORS = [
    # The first is of Openwall's crypt_blowfish, the second as libxcrypt computes it.
    (b"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    (b"rasmuslerdorf", "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq"),
]


@pytest.mark.parametrize(("password", "stored"), VECTORS)
def test_what_other_implementations_wrote_matches(password: bytes, stored: str) -> None:
    assert is_supported(stored)
    assert verify(stored, password)
    assert not verify(stored, password + b"x")


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_the_three_prefixes_mean_the_same(prefix: str) -> None:
    stored = bcrypt.hashpw("Gärten".encode(), bcrypt.gensalt(4)).decode().replace("$2b$", prefix)
    assert is_supported(stored)
    assert verify(stored, "Gärten".encode())


def test_a_long_password_is_compared_by_its_first_72_bytes() -> None:
    stored = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert verify(stored, b"x" * 72)
    assert verify(stored, b"x" * 150)
    assert not verify(stored, b"x" * 71)
    assert not verify(stored, b"x" * 71 + b"y" * 79)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "$2b$04$" + "a" * 52,
        "$2b$04$" + "a" * 54,
        "$2b$04$" + "!" * 53,
        "$2x$04$" + "a" * 53,
        "$2$04$" + "a" * 53,
        "$2b$03$" + "a" * 53,
        "$2b$16$" + "a" * 53,
        "$2b$99$" + "a" * 53,
    ],
)
def test_what_is_no_whole_hash_of_a_bearable_cost_is_not_supported(stored: str) -> None:
    assert not is_supported(stored)


def test_a_salt_that_the_library_refuses_is_a_no() -> None:
    assert not verify("$2b$04$short", b"right")
