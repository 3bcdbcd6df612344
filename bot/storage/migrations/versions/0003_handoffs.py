"""Handoffs to a decaan, their threads and notes, and the audit log."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import Moment, json_value, ordered_text

revision = "0003"
down_revision = "0002"


def _handoff_id() -> sa.Column:
    return sa.Column("handoff_id", sa.String(32), sa.ForeignKey("handoffs.id", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    """Makes the tables of handoffs and the audit log."""
    op.create_table(
        "handoffs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("code_hash", sa.String(64), nullable=False, index=True, unique=True),
        sa.Column("school", sa.String(64), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("unread", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("assignee", sa.String(32)),
        sa.Column("snoozed_until", Moment),
        sa.Column("close_reason", sa.String(20)),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("waiting_since", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("closed_at", Moment),
        sa.Column("leerjaar", sa.Integer),
        sa.Column("first_name", sa.Text),
        sa.Column("conversation_id", sa.String(64), index=True),
        sa.Column("attachments", json_value),
        sa.Index("ix_handoffs_school_status", "school", "status"),
    )
    op.create_table(
        "handoff_messages",
        sa.Column("id", ordered_text, primary_key=True),
        _handoff_id(),
        sa.Column("request_key", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(8), nullable=False),
        sa.Column("author", sa.Text),
        sa.Column("at", Moment, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Index("ix_handoff_messages_handoff_id_request_key", "handoff_id", "request_key", unique=True),
    )
    op.create_table(
        "handoff_notes",
        sa.Column("id", ordered_text, primary_key=True),
        _handoff_id(),
        sa.Column("request_key", sa.String(64), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Index("ix_handoff_notes_handoff_id_request_key", "handoff_id", "request_key", unique=True),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("at", Moment, nullable=False, index=True),
        sa.Column("account_id", sa.String(32)),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Index("ix_audit_subject_at", "subject", "at"),
    )
