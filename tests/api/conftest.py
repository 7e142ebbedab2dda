"""What the tests of the API share."""

from __future__ import annotations

from tests.api.world import world

__all__ = ["world"]
