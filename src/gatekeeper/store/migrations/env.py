"""Where Alembic begins: it runs on the connection, and in the transaction, that ``running.migrate`` hands it."""

from __future__ import annotations

from alembic import context

from gatekeeper.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
