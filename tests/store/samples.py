"""People for the store's tests."""

from __future__ import annotations

import uuid
from typing import Any

from gatekeeper.domain.model import NewUser

BEGAN = 1_700_000_000.0
NOBODY = "00000000-0000-0000-0000-000000000000"


def new_id() -> str:
    return str(uuid.uuid4())


def new_user(username: str, **changes: Any) -> NewUser:
    """A person by the name of ``username``, with an address of the same name."""
    values: dict[str, Any] = {
        "id": new_id(),
        "username": username,
        "email": f"{username.partition('@')[0]}@example.com",
        "display_name": username.title(),
        "groups": (),
        "permissions": frozenset(),
        "created_at": BEGAN,
    }
    return NewUser(**{**values, **changes})
