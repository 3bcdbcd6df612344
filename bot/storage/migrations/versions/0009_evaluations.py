"""What people thought of an activity, and where leavers went."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import json_value

revision = "0009"
down_revision = "0008"


def _reference(name: str, to: str, length: int, **options: bool) -> sa.Column:
    return sa.Column(name, sa.String(length), sa.ForeignKey(to, ondelete="CASCADE"), nullable=False, **options)


def upgrade() -> None:
    """Makes the tables of both."""
    op.create_table(
        "evaluations",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("school", sa.String(64), index=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
    )
    op.create_table(
        "evaluation_links",
        sa.Column("code", sa.String(8), primary_key=True),
        _reference("evaluation_id", "evaluations.id", 32),
        sa.Column("audience", sa.String(16), nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Index("ix_evaluation_links_evaluation_id_audience", "evaluation_id", "audience", unique=True),
    )
    op.create_table(
        "evaluation_answers",
        sa.Column("id", sa.String(32), primary_key=True),
        _reference("code", "evaluation_links.code", 8, index=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("answers", json_value, nullable=False),
        sa.Column("text", sa.Text),
    )
    op.create_table(
        "leavers",
        sa.Column("school", sa.String(64), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("counts", json_value, nullable=False),
        sa.Column("draft", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
