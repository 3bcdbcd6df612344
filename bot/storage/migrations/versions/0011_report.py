"""What staff enter for the annual report."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Makes the tables of the numbers and the texts of each school year."""
    op.create_table(
        "report_numbers",
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("activities_pupils", sa.Integer),
        sa.Column("activities_professionals", sa.Integer),
        sa.Column("pupils", sa.Integer),
        sa.Column("professionals", sa.Integer),
        sa.Column("visitors", sa.Integer),
        sa.Column("views", sa.Integer),
    )
    op.create_table(
        "report_texts",
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("block", sa.String(16), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
    )
