"""Alembic's entry: it runs on the connection, and inside the transaction, that the hub hands it."""

from __future__ import annotations

from alembic import context

from sync.hub.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
context.run_migrations()
