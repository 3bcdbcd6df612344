"""Which entries somebody was asked to look at again, and questions that need no answer."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Makes the tables of reviews and of ignored questions."""
    op.create_table(
        "review_notices",
        sa.Column("account_id", sa.String(32), primary_key=True),
        sa.Column("entry", sa.String(128), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("mail_id", sa.String(64), nullable=False),
        sa.Index("ix_review_notices_mail_id", "mail_id"),
    )
    op.create_table(
        "ignored_gaps",
        sa.Column("hash", sa.String(32), primary_key=True),
        sa.Column("at", Moment, nullable=False),
    )
