"""Handoffs to a decaan with all that hangs on them, mail about them, and the audit log."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import Moment, json_value, ordered_text

revision = "0003"
down_revision = "0002"


def _handoff_id(**options: bool) -> sa.Column:
    reference = sa.ForeignKey("handoffs.id", ondelete="CASCADE")
    return sa.Column("handoff_id", sa.String(32), reference, nullable=False, **options)


def upgrade() -> None:
    """Makes the tables of handoffs, mail and the audit log."""
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
        sa.Column("forwarded_to", sa.String(20)),
        sa.Index("ix_handoff_notes_handoff_id_request_key", "handoff_id", "request_key", unique=True),
    )
    op.create_table(
        "presence",
        _handoff_id(primary_key=True),
        sa.Column("account_id", sa.String(32), primary_key=True),
        sa.Column("seen_at", Moment, nullable=False),
    )
    op.create_table(
        "canned_answers",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("account_id", sa.String(32)),
        sa.Column("school", sa.String(64)),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Index("ix_canned_answers_account_id", "account_id"),
        sa.Index("ix_canned_answers_school", "school"),
    )
    op.create_table(
        "away_messages",
        sa.Column("school", sa.String(64), primary_key=True),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("sent_at", Moment),
        sa.Index("ix_mails_account_id", "account_id"),
        sa.Index("ix_mails_sent_at_due_at", "sent_at", "due_at"),
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
