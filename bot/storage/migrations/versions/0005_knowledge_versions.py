"""What the knowledge files were after each change."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import Moment, json_value

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the table of versions."""
    op.create_table(
        "knowledge_versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("account_id", sa.String(32)),
        sa.Column("file", sa.String(120), nullable=False),
        sa.Column("entries", json_value, nullable=False),
        sa.Column("summary", sa.String(200), nullable=False),
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Index("ix_knowledge_versions_file_id", "file", "id"),
    )
