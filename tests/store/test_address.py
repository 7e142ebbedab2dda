"""Addresses: a password escaped once, or given apart as it is; faults never repeat what was given."""

from __future__ import annotations

import pytest

from gatekeeper.store.address import make_engine, read_address
from gatekeeper.store.database import Database


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://gatekeeper:secret@db:5432/gatekeeper",
        "postgresql://gatekeeper@/gatekeeper?host=%2Fsocket%2Fdir&port=5432",
        "postgresql:///gatekeeper",
        "postgresql://u:a%23b%252F%40c%2Fd@h/db",
    ],
)
def test_an_address_reaches_the_driver_as_it_is(url):
    assert read_address(url).dsn == url


def test_other_spellings_of_the_scheme_are_taken():
    for scheme in ("postgres", "postgresql+asyncpg"):
        assert read_address(f"{scheme}://u@h/db").dsn == "postgresql://u@h/db"


def test_behind_a_pooler_nothing_is_prepared_for_later():
    address = read_address("postgresql://u@h/db?statement_cache_size=0&sslmode=require")
    assert address.pooled_elsewhere
    assert address.dsn == "postgresql://u@h/db?sslmode=require"
    assert not read_address("postgresql://u@h/db").pooled_elsewhere


@pytest.mark.parametrize(
    "url",
    [
        "",
        "secret",
        "mysql://u:secret@h/db",
        "postgresql://u:secret#x@h/db",
        "postgresql://u:secret/d@h:x/db",
        "postgresql://u:secret@h/db?statement_cache_size=many",
        "postgresql://u:secret@h/db?nonsense",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError, match="PostgreSQL database") as fault:
        Database.connect(url)
    assert "secret" not in str(fault.value)
    assert fault.value.__cause__ is None


def test_an_address_does_not_show_its_password():
    address = read_address("postgresql://u:secret@h/db", "hidden")
    assert "secret" not in repr(address)
    assert "hidden" not in repr(address)
    engine = make_engine(address, pool_size=1, connect_timeout=1.0, command_timeout=1.0)
    assert "secret" not in repr(engine)
