"""What schools say in the LOB-scan."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Makes the table of the LOB-scan."""
    op.create_table(
        "scan_answers",
        sa.Column("school", sa.String(64), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("point", sa.String(8), primary_key=True),
        sa.Column("value", sa.String(8), nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("due", sa.Date),
        sa.Index("ix_scan_answers_year", "year"),
    )
