"""Argon2id: what an import may take, and what it may not."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, Type
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.crypto.argon2id import Argon2id, is_argon2id, is_supported

CHEAP = Argon2id(memory_kib=64, time_cost=1, parallelism=1)


def test_a_hash_of_ours_is_supported_and_current() -> None:
    stored = CHEAP.hash(b"right")
    assert is_argon2id(stored)
    assert is_supported(stored)
    assert CHEAP.verify(stored, b"right")
    assert not CHEAP.verify(stored, b"wrong")
    assert not CHEAP.is_outdated(stored)


def test_the_dummy_has_the_costs_in_force_and_no_password() -> None:
    assert not CHEAP.is_outdated(CHEAP.dummy)
    assert not CHEAP.verify(CHEAP.dummy, b"")
    assert Argon2id(memory_kib=64, time_cost=1, parallelism=1).dummy != CHEAP.dummy


def test_other_kinds_of_argon2_are_not_supported() -> None:
    for kind in (Type.I, Type.D):
        assert not is_supported(PasswordHasher(1, 64, 1, type=kind).hash(b"right"))


@pytest.mark.parametrize("costs", ["m=1048577,t=1,p=1", "m=64,t=65,p=1", "m=64,t=1"])
def test_costs_beyond_reason_are_not_supported(costs: str) -> None:
    assert not is_supported(f"$argon2id$v=19${costs}$c2FsdHNhbHRzYWx0$" + "A" * 43)


def test_a_broken_hash_is_a_no() -> None:
    assert not CHEAP.verify("$argon2id$v=19$m=64,t=1,p=1$!$!", b"right")
    assert not CHEAP.verify("$argon2id$nonsense", b"right")
    assert not CHEAP.verify("$argon2id$v=19$ü", b"right")


@given(st.text(), st.sampled_from(["", "v=19$", "v=19$m=64,t=1,p=1$", "v=x$m=x,t=x,p=x$", "v=19$m=-1,t=0,p=0$a$"]))
def test_no_hash_is_an_error(text: str, beginning: str) -> None:
    stored = f"$argon2id${beginning}{text}"
    assert not is_supported(stored) or stored.isascii()
    assert not CHEAP.verify(stored, b"right")
