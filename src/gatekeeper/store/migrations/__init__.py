"""The history of the schema, and how a database is brought to its end.

Revisions are plain SQL, applied in one transaction under an advisory lock, so that several nodes may start at once and
a failed migration leaves nothing behind. A revision that was released is never changed.
"""

from __future__ import annotations

from gatekeeper.store.migrations.running import (
    MigrationForbidden,
    OutdatedSchema,
    current_schema,
    expected_schema,
    migrate,
)

__all__ = ["MigrationForbidden", "OutdatedSchema", "current_schema", "expected_schema", "migrate"]
