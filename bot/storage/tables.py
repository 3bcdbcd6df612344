"""The tables, of what Rasa remembers too."""

from datetime import datetime, timezone
from typing import Any, Optional

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from bot.clock import ZONE

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
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


def _handoff_id(**options: Any) -> Column[str]:
    reference = ForeignKey("handoffs.id", ondelete="CASCADE")
    return Column("handoff_id", String(32), reference, nullable=False, **options)


conversations = Table(
    "conversations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("school", String(64)),  # where the chat was opened, when its page says so
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
    Column("about", json_value),  # {"intent"?, "kind", "subject"?} of an answer that can be rated
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

# What Rasa remembers of a conversation. No foreign key: Rasa may write before the web process does.
turns = Table(
    "turns",
    metadata,
    Column("conversation_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("events", LargeBinary, nullable=False),  # JSON, compressed; bot/components/trackers.py
)

interactions = Table(
    "interactions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("conversation", String(32), nullable=False, index=True),  # a keyed hash for one day, never the id
    Column("turn", Integer),  # which message of the pupil, from 1; None in rows from before it was kept
    Column("school", String(64)),  # where the chat was opened
    Column("intent", String(64)),
    Column("kind", String(64)),
    Column("subject", String(128)),
    Column("outcome", String(64)),
    Column("confidence", Float),
    Column("duration_ms", Integer),
    Column("text", Text),  # redacted, and only when it was not understood
)

# Conversations and handoffs that a pupil deleted, as hashes: a row that still waits in a spool must not bring one back.
forgotten = Table(
    "forgotten",
    metadata,
    Column("conversation", String(32), primary_key=True),
    Column("at", Moment, nullable=False),
)

# Whether an answer helped. The id is a keyed hash of conversation and message: without those it leads to nobody.
feedback = Table(
    "feedback",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("intent", String(64)),
    Column("kind", String(64)),
    Column("subject", String(128)),
    Column("helpful", Boolean, nullable=False),
    Column("school", String(64)),  # where the chat was opened
)

# What is counted by day beside the log: handoffs, the kalender, views of the widget. It leads to nobody.
counted = Table(
    "counted",
    metadata,
    Column("id", String(32), primary_key=True),  # a keyed hash where the same thing must not count twice
    Column("day", Date, nullable=False, index=True),
    Column("school", String(64)),
    Column("metric", String(32), nullable=False),
    Column("value", String(128), nullable=False),
    Column("number", Integer, nullable=False),
)

# The salts of today: with one the hash of a visitor is made. They are thrown away the next day.
salts = Table(
    "salts",
    metadata,
    Column("day", Date, primary_key=True),
    Column("salt", String(64), nullable=False),
)

# What the rows of each finished day come to, by school ("" for none). True numbers, which nobody is shown.
figures = Table(
    "figures",
    metadata,
    Column("day", Date, primary_key=True),
    Column("school", String(64), primary_key=True),
    Column("metric", String(32), primary_key=True),
    Column("value", String(128), primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,  # so that SQLite reads what it looks for in one place
)

# Which days are in `figures`. A day whose rows change later is taken out, and so counted again.
figure_days = Table(
    "figure_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("shown", Boolean, nullable=False),  # also counted in `shown_figures`
    Column("coarse", Boolean, nullable=False),  # the times of its rows are kept to the hour
)

# What may be shown: each month, school and value rounded to a multiple of 5; the school "*" is all together.
shown_figures = Table(
    "shown_figures",
    metadata,
    Column("school", String(64), primary_key=True),
    Column("month", Date, primary_key=True),  # its first day
    Column("metric", String(32), primary_key=True),
    Column("value", String(128), primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,  # so that SQLite reads what it looks for in one place
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

# A pupil's question for the decaan of a school. It outlives the conversation that it came from.
handoffs = Table(
    "handoffs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("code_hash", String(64), nullable=False, index=True, unique=True),
    Column("school", String(64), nullable=False),
    Column("status", String(20), nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("unread", Boolean, nullable=False),  # the pupil wrote something that no decaan opened yet
    Column("version", Integer, nullable=False),  # rises with every change
    Column("assignee", String(32)),  # id of an account
    Column("snoozed_until", Moment),
    Column("close_reason", String(20)),
    Column("created_at", Moment, nullable=False),
    Column("waiting_since", Moment, nullable=False),  # since when somebody is to do something
    Column("changed_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("leerjaar", Integer),
    Column("first_name", Text),
    # For live delivery only. No foreign key: the handoff stays when the conversation goes.
    Column("conversation_id", String(64), index=True),
    Column("attachments", json_value),  # [{"title", "text"}]; last, so that a list need not read past it
    Index(None, "school", "status"),
)

handoff_messages = Table(
    "handoff_messages",
    metadata,
    Column("id", ordered_text, primary_key=True),
    _handoff_id(),
    Column("request_key", String(64), nullable=False),  # the same key twice is one message
    Column("sender", String(8), nullable=False),  # pupil or decaan
    Column("author", Text),  # name of the decaan
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "handoff_id", "request_key", unique=True),
)

# What decanen of a school write down for themselves; never shown to a pupil.
handoff_notes = Table(
    "handoff_notes",
    metadata,
    Column("id", ordered_text, primary_key=True),
    _handoff_id(),
    Column("request_key", String(64), nullable=False),
    Column("author", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
    Column("forwarded_to", String(20)),  # the role it was written for, when the handoff was forwarded
    Index(None, "handoff_id", "request_key", unique=True),
)

# Who has a handoff open now, in any process: a row is written again and again while the page is open.
presence = Table(
    "presence",
    metadata,
    _handoff_id(primary_key=True),
    Column("account_id", String(32), primary_key=True),
    Column("seen_at", Moment, nullable=False),
)

# What decanen often answer: of one account, or of a school.
canned_answers = Table(
    "canned_answers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", String(32), index=True),  # None: of the school
    Column("school", String(64), index=True),  # None: of the account
    Column("title", String(80), nullable=False),
    Column("text", Text, nullable=False),
    Column("version", Integer, nullable=False),
)

# What pupils of a school read while its decaan is away.
away_messages = Table(
    "away_messages",
    metadata,
    Column("school", String(64), primary_key=True),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),  # the last day
    Column("text", Text, nullable=False),
)

# Mail that waits or was sent. It holds no text of a pupil: what it says follows from its kind.
mails = Table(
    "mails",
    metadata,
    Column("id", String(64), primary_key=True),  # follows from what it is about, so that nothing is mailed twice
    Column("account_id", String(32), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("subject", String(64), nullable=False),  # id of a handoff, the day of a digest or review, or ""
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent_at", Moment),
    Index(None, "sent_at", "due_at"),
)

# Which entries of the knowledge somebody was asked by mail to look at again, so that nobody is asked twice.
review_notices = Table(
    "review_notices",
    metadata,
    Column("account_id", String(32), primary_key=True),
    Column("entry", String(128), primary_key=True),  # a subject key: onderwerp:lesgeld …
    Column("day", Date, primary_key=True),  # its controleer_voor
    Column("mail_id", String(64), nullable=False, index=True),
)

# Questions that were not understood and need no answer: a keyed hash of the words.
ignored_gaps = Table(
    "ignored_gaps",
    metadata,
    Column("hash", String(32), primary_key=True),
    Column("at", Moment, nullable=False),
)

# What a school says in the LOB-scan, by point of lobscan.yml. A point that nobody touched has no row.
scan_answers = Table(
    "scan_answers",
    metadata,
    Column("school", String(64), primary_key=True),
    Column("year", Integer, primary_key=True),  # in which the school year begins
    Column("point", String(8), primary_key=True),
    Column("value", String(8), nullable=False),  # nee, deels, ja, nvt, or "" while it is not answered
    Column("evidence", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("owner", String(80), nullable=False),  # a name or function
    Column("due", Date),
    Index(None, "year"),
)

# Numbers of a school year that staff enter for the annual report; an empty one is not known.
report_numbers = Table(
    "report_numbers",
    metadata,
    Column("year", Integer, primary_key=True),  # in which the school year begins
    Column("activities_pupils", Integer),
    Column("activities_professionals", Integer),
    Column("pupils", Integer),
    Column("professionals", Integer),
    Column("visitors", Integer),  # of the site around Lobke, as are the views
    Column("views", Integer),
)

# What staff write in the annual report of a school year.
report_texts = Table(
    "report_texts",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("block", String(16), primary_key=True),
    Column("text", Text, nullable=False),
)

# Who saw or changed what. No text of a pupil.
audit = Table(
    "audit",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("account_id", String(32)),  # None: a pupil, or nobody who is logged in
    Column("action", String(40), nullable=False),
    Column("subject", String(64), nullable=False),  # id of a handoff or an account
    Column("detail", String(200), nullable=False),
    Index(None, "subject", "at"),
)

# An activity of which people are asked what they thought of it.
evaluations = Table(
    "evaluations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("school", String(64), index=True),  # None: of the whole region
    Column("name", String(120), nullable=False),
    Column("day", Date, nullable=False),  # the last day of the activity
)

# The address of a form: one for each audience. A code opens the form and nothing that was answered.
evaluation_links = Table(
    "evaluation_links",
    metadata,
    Column("code", String(8), primary_key=True),
    Column("evaluation_id", String(32), ForeignKey("evaluations.id", ondelete="CASCADE"), nullable=False),
    Column("audience", String(16), nullable=False),  # leerlingen, docenten or partners
    Column("closed", Boolean, nullable=False),
    Index(None, "evaluation_id", "audience", unique=True),
)

# What somebody answered: a day, no moment, and nothing of who it was.
evaluation_answers = Table(
    "evaluation_answers",
    metadata,
    Column("id", String(32), primary_key=True),  # a keyed hash of the code and the key in the form
    Column("code", String(8), ForeignKey("evaluation_links.code", ondelete="CASCADE"), nullable=False, index=True),
    Column("day", Date, nullable=False),
    Column("answers", json_value, nullable=False),  # {id of a question: id of an answer}
    Column("text", Text),  # redacted
)

# Where the leavers of a school went, and whether they are content: counts that the school fills in.
leavers = Table(
    "leavers",
    metadata,
    Column("school", String(64), primary_key=True),
    Column("year", Integer, primary_key=True),  # in which the school year began
    Column("counts", json_value, nullable=False),  # {name: number}
    Column("draft", Boolean, nullable=False),
    Column("version", Integer, nullable=False),  # rises with every change
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),  # in small letters
    Column("name", String(80), nullable=False),
    Column("role", String(16), nullable=False),  # decaan, redactie or beheer
    Column("password", String(200)),  # argon2id; none until an invitation is used
    Column("totp", String(32)),  # random; with Lobke's key it makes the secret of the second factor
    Column("notices", String(16), nullable=False, server_default="meteen"),  # meteen, dagelijks or geen
    Column("oidc_subject", String(255)),  # who she is at the provider of the login, since her first login with it
    Column("totp_step", Integer),  # the half minute of the last code, so that none is used twice
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
)


def _account_id(**options: Any) -> Column[str]:
    return Column("account_id", String(32), ForeignKey("accounts.id", ondelete="CASCADE"), **options)


account_schools = Table(
    "account_schools",
    metadata,
    _account_id(primary_key=True),
    Column("school", String(64), primary_key=True, index=True),
)

# Recovery codes, invitations and sessions are kept as hashes: who reads the table cannot use them.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("hash", String(64), primary_key=True),
    _account_id(nullable=False, index=True),
)

invitations = Table(
    "invitations",
    metadata,
    Column("hash", String(64), primary_key=True),
    _account_id(nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # uitnodiging: a new start; wachtwoord: only another password
    Column("expires_at", Moment, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    _account_id(nullable=False, index=True),
    Column("complete", Boolean, nullable=False),  # false while the second factor is still to come
    Column("second_factor_elsewhere", Boolean, nullable=False),  # the provider of the login asked for it
    Column("device", String(80), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

# What a knowledge file was after each change. The version before it is the one with the next lower id of the same file.
knowledge_versions = Table(
    "knowledge_versions",
    metadata,
    Column("id", Integer, primary_key=True),  # rises with every version
    Column("at", Moment, nullable=False),
    Column("account_id", String(32)),  # None: changed outside the portal
    Column("file", String(120), nullable=False),
    Column("entries", json_value, nullable=False),  # {id: nieuw, veranderd or weg}
    Column("summary", String(200), nullable=False),
    Column("hash", String(32), nullable=False),  # of the text
    Column("content", LargeBinary, nullable=False),  # the text, compressed
    Index(None, "file", "id"),
)
