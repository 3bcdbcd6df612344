"""The tables of Lobke's own data. Rasa keeps its events in the same database, in tables of its own."""

from datetime import datetime, timezone
from typing import Any, Optional

from sqlalchemy import JSON, Column, DateTime, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from bot.clock import ZONE

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware date-time: kept in UTC, read in the zone Europe/Amsterdam."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: Optional[datetime], dialect: Dialect) -> Optional[datetime]:
        """The value in UTC; SQLite, which knows no zones, gets it without one."""
        if value is None:
            return None
        moment = value.astimezone(timezone.utc)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Optional[datetime], dialect: Dialect) -> Optional[datetime]:
        """The stored value in the zone of the clock."""
        if value is None:
            return None
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).astimezone(ZONE)


# Message ids are compared as text; without the C collation PostgreSQL would order them by language rules.
ordered_text = String(32).with_variant(postgresql.VARCHAR(32, collation="C"), "postgresql")
json_value = JSON(none_as_null=True)


def _conversation_id(**options: Any) -> Column[str]:
    return Column("conversation_id", String(64), ForeignKey("conversations.id", ondelete="CASCADE"), **options)


conversations = Table(
    "conversations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

messages = Table(
    "messages",
    metadata,
    Column("id", ordered_text, primary_key=True),
    _conversation_id(nullable=False),
    Column("sender", String(8), nullable=False),  # bot, pupil or decaan
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
    Column("choices", json_value),  # [{"id", "label", "role"?}]
    Column("card", json_value),
    Column("request_key", String(64)),
    Index(None, "conversation_id", "id"),
)

choices = Table(
    "choices",
    metadata,
    Column("id", String(32), primary_key=True),
    _conversation_id(nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("meaning", Text, nullable=False),
)

interactions = Table(
    "interactions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("conversation", String(32), nullable=False, index=True),  # a keyed hash, never the id
    Column("intent", String(64)),
    Column("kind", String(64)),
    Column("subject", String(128)),
    Column("outcome", String(64)),
    Column("confidence", Float),
    Column("duration_ms", Integer),
    Column("text", Text),  # redacted, and only when it was not understood
)

# Conversations that a pupil deleted, as hashes: a row that still waits in a spool must not bring one back.
forgotten = Table(
    "forgotten",
    metadata,
    Column("conversation", String(32), primary_key=True),
    Column("at", Moment, nullable=False),
)

# What is only counted over all pupils, such as the types of a verkenning: no moment and no conversation to trace it to.
tallies = Table(
    "tallies",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("month", String(7), nullable=False),  # 2026-11
    Column("name", String(64), nullable=False),
    Column("value", String(64), nullable=False),
    Index(None, "name", "month"),
)
