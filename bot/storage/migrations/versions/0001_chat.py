"""Conversations, their messages and choices, and the interaction log."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import Moment, json_value, ordered_text

revision = "0001"
down_revision = None


def _conversation_id() -> sa.Column:
    return sa.Column(
        "conversation_id",
        sa.String(64),
        sa.ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
    )


def upgrade() -> None:
    """Makes the first tables."""
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False, index=True),
    )
    op.create_table(
        "messages",
        sa.Column("id", ordered_text, primary_key=True),
        _conversation_id(),
        sa.Column("sender", sa.String(8), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("choices", json_value),
        sa.Column("card", json_value),
        sa.Column("request_key", sa.String(64)),
        sa.Index("ix_messages_conversation_id_id", "conversation_id", "id"),
    )
    op.create_table(
        "choices",
        sa.Column("id", sa.String(32), primary_key=True),
        _conversation_id(),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("meaning", sa.Text, nullable=False),
        sa.Index("ix_choices_conversation_id", "conversation_id"),
    )
    op.create_table(
        "interactions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("at", Moment, nullable=False, index=True),
        sa.Column("conversation", sa.String(32), nullable=False, index=True),
        sa.Column("intent", sa.String(64)),
        sa.Column("kind", sa.String(64)),
        sa.Column("subject", sa.String(128)),
        sa.Column("outcome", sa.String(64)),
        sa.Column("confidence", sa.Float),
        sa.Column("duration_ms", sa.Integer),
        sa.Column("text", sa.Text),
    )
    op.create_table(
        "forgotten",
        sa.Column("conversation", sa.String(32), primary_key=True),
        sa.Column("at", Moment, nullable=False),
    )
