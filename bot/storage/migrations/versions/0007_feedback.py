"""What an answer was about, and whether it helped."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import Moment, json_value

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes room for both."""
    op.add_column("messages", sa.Column("about", json_value))
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("at", Moment, nullable=False, index=True),
        sa.Column("intent", sa.String(64)),
        sa.Column("kind", sa.String(64)),
        sa.Column("subject", sa.String(128)),
        sa.Column("helpful", sa.Boolean, nullable=False),
    )
