from __future__ import annotations

import pytest

from gatekeeper.cli.failures import without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://:secret@cache:6379/0", "redis://cache:6379/0"),
        ("redis://worker:secret@cache:6379/0", "redis://worker@cache:6379/0"),
        ("rediss://cache", "rediss://cache"),
        ("postgresql://gatekeeper:a%23b@db/gatekeeper", "postgresql://gatekeeper@db/gatekeeper"),
        ("postgresql://gatekeeper@/gatekeeper?host=/run/db&password=secret", "postgresql://gatekeeper@/gatekeeper"),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1"),
    ],
)
def test_an_address_is_shown_without_its_password(address, shown):
    assert without_password(address) == shown
