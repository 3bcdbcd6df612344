"""Accounts of staff, with their schools, recovery codes, invitations and sessions."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import Moment

revision = "0004"
down_revision = "0003"


def _account_id(**options: bool) -> sa.Column:
    return sa.Column("account_id", sa.String(32), sa.ForeignKey("accounts.id", ondelete="CASCADE"), **options)


def upgrade() -> None:
    """Makes the tables of accounts."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.String(200)),
        sa.Column("totp", sa.String(32)),
        sa.Column("notices", sa.String(16), nullable=False, server_default="meteen"),
        sa.Column("oidc_subject", sa.String(255)),
        sa.Column("totp_step", sa.Integer),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("disabled_at", Moment),
        sa.UniqueConstraint("email", name="uq_accounts_email"),
    )
    op.create_table(
        "account_schools",
        _account_id(primary_key=True),
        sa.Column("school", sa.String(64), primary_key=True),
        sa.Index("ix_account_schools_school", "school"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("hash", sa.String(64), primary_key=True),
        _account_id(nullable=False),
        sa.Index("ix_recovery_codes_account_id", "account_id"),
    )
    op.create_table(
        "invitations",
        sa.Column("hash", sa.String(64), primary_key=True),
        _account_id(nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Index("ix_invitations_account_id", "account_id"),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), primary_key=True),
        _account_id(nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("second_factor_elsewhere", sa.Boolean, nullable=False),
        sa.Column("device", sa.String(80), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Index("ix_sessions_account_id", "account_id"),
    )
