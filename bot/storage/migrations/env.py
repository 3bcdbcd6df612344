"""Run by Alembic; `bot.storage.database.migrate` hands it an open connection."""

from alembic import context

from bot.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="lobke_version",
    transactional_ddl=False,  # the caller's transaction holds everything
)
context.run_migrations()
