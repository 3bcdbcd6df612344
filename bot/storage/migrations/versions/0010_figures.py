"""The figures: what was counted by day, and what of it may be shown."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Makes room for them, and for the school and the order of what was asked."""
    for table in ("conversations", "interactions", "feedback"):
        op.add_column(table, sa.Column("school", sa.String(64)))
    op.add_column("interactions", sa.Column("turn", sa.Integer))
    op.create_table(
        "counted",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("day", sa.Date, nullable=False, index=True),
        sa.Column("school", sa.String(64)),
        sa.Column("metric", sa.String(32), nullable=False),
        sa.Column("value", sa.String(128), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.create_table(
        "salts",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("salt", sa.String(64), nullable=False),
    )
    op.create_table(
        "figures",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("school", sa.String(64), primary_key=True),
        sa.Column("metric", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(128), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "figure_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("shown", sa.Boolean, nullable=False),
        sa.Column("coarse", sa.Boolean, nullable=False),
    )
    op.create_table(
        "shown_figures",
        sa.Column("school", sa.String(64), primary_key=True),
        sa.Column("month", sa.Date, primary_key=True),
        sa.Column("metric", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(128), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
