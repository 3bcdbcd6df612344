"""The pupil's side of a handoff: send it, and with its code read, answer, take back, export or delete it."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Optional

from sqlalchemy import Table, delete, select, update
from sqlalchemy.engine import Connection

from bot import clock
from bot.accounts.audit import record
from bot.handoff import rules
from bot.handoff.codes import code_hash, return_code
from bot.keys import conversation_hash
from bot.monitoring.log import counted
from bot.storage import tables
from bot.storage.conversations import message_id, storable
from bot.storage.database import DatabaseDown, Row, shrink_wal, transaction, write_rows
from bot.storage.spool import Spool

ATTEMPTS = 3  # to find a code that no other handoff has; one in 10^12 is taken


class Deleted(Exception):
    """The pupil deleted this handoff, so it is not sent again."""


@dataclass(frozen=True)
class Handoff:
    """What a pupil sends. The id (32 hex digits) is made before sending, so that sending twice is sending once."""

    id: str
    school: str  # id of an entry of scholen.yml
    text: str
    leerjaar: Optional[int] = None
    first_name: Optional[str] = None
    attachments: Sequence[dict[str, str]] = ()  # {"title", "text"}
    urgent: bool = False
    conversation_id: Optional[str] = None


@dataclass(frozen=True)
class Message:
    """One message of a thread; `author` is the name of a decaan."""

    sender: str  # pupil or decaan
    author: Optional[str]
    at: datetime
    text: str


@dataclass(frozen=True)
class Thread:
    """What a pupil may see of a handoff: everything but the notes of the decaan."""

    school: str
    leerjaar: Optional[int]
    first_name: Optional[str]
    urgent: bool
    status: rules.Status
    close_reason: Optional[rules.Reason]
    created_at: datetime
    attachments: list[dict[str, str]]
    messages: list[Message]


class Handoffs:
    """All calls block; call them from a thread. Every call but `send` raises DatabaseDown.

    A code is what a pupil typed; an unknown one gives None or False. A key has at most 64 letters, and the same key
    twice is one message.
    """

    def __init__(self, spool: Spool) -> None:
        self.spool = spool

    def send(self, handoff: Handoff) -> str:
        """Stores the handoff unless it is there, and returns its code; waits in the spool when the database fails.

        Raises Deleted.
        """
        now = clock.now()
        code = return_code(handoff.id)
        try:
            with transaction(write=True) as connection:
                for attempt in range(ATTEMPTS):
                    code = return_code(handoff.id, attempt)
                    sent, *others = _rows(handoff, code, now)
                    write_rows(connection, [sent])
                    if _is_stored(connection, handoff.id, code):  # else the code is another handoff's
                        write_rows(connection, others)
                        break
                else:
                    raise Deleted
        except DatabaseDown:
            code = return_code(handoff.id)
            self.spool.put(_rows(handoff, code, now))
        return code

    def by_code(self, code: str) -> Optional[Thread]:
        """The handoff as its pupil may see it."""
        with transaction() as connection:
            row = _find(connection, code)
            return _thread(connection, row) if row else None

    def write_back(self, code: str, key: str, text: str, urgent: bool = False) -> Optional[Thread]:
        """Adds a message of the pupil; opens the handoff again when it was closed. An urgent one makes it urgent."""
        now = clock.now()
        with transaction(write=True) as connection:
            row = _find(connection, code)
            if row is None:
                return None
            if add(connection, tables.handoff_messages, row.id, key, text, sender="pupil"):
                save(connection, row, rules.written_back(state_of(row), now), urgent=row.urgent or urgent)
                row = _find(connection, code)
            return _thread(connection, row)

    def withdraw(self, code: str) -> Optional[Thread]:
        """Takes the handoff back. Raises rules.Impossible when a decaan closed it."""
        now = clock.now()
        with transaction(write=True) as connection:
            row = _find(connection, code)
            if row is None:
                return None
            if row.close_reason != "ingetrokken":
                save(connection, row, rules.withdrawn(state_of(row), now))
                record(connection, "handoff_withdrawn", None, row.id)
                row = _find(connection, code)
            return _thread(connection, row)

    def export(self, code: str) -> Optional[dict[str, Any]]:
        """What is kept of this pupil, ready for JSON; the decaan's own notes are not part of it."""
        with transaction(write=True) as connection:
            row = _find(connection, code)
            if row is None:
                return None
            record(connection, "handoff_exported", None, row.id)
            kept = asdict(_thread(connection, row))
        kept["created_at"] = kept["created_at"].isoformat()
        for message in kept["messages"]:
            message["at"] = message["at"].isoformat()
        return kept

    def delete(self, code: str) -> bool:
        """Deletes the handoff with its thread and notes; a row that still waits in a spool does not bring it back."""
        self.spool.drain()
        with transaction(write=True) as connection:
            row = _find(connection, code)
            if row is None:
                return False
            connection.execute(delete(tables.handoffs).where(tables.handoffs.c.id == row.id))
            write_rows(connection, [("forgotten", {"conversation": conversation_hash(row.id), "at": clock.now()})])
            record(connection, "handoff_deleted", None, row.id)
        shrink_wal()
        return True


def state_of(row: Any) -> rules.State:
    """The state in a row of `handoffs`, as it is now."""
    return rules.awake(
        rules.State(**{name: row._mapping[name] for name in rules.State.__dataclass_fields__}), clock.now()
    )


def save(connection: Connection, row: Any, state: rules.State, **more: Any) -> None:
    """Writes the new state of a handoff whose row is locked, with `more` columns, and raises its version."""
    values = {**asdict(state), **more, "version": row.version + 1, "changed_at": clock.now()}
    connection.execute(update(tables.handoffs).where(tables.handoffs.c.id == row.id).values(values))


def release(connection: Connection, account_id: str, by: Optional[str], keep: Collection[str] = ()) -> None:
    """Makes the handoffs of this account nobody's, except those of the schools in `keep`; `by`: whose doing it is."""
    handoffs = tables.handoffs
    others = handoffs.c.assignee == account_id, handoffs.c.school.not_in(sorted(keep))
    for row in connection.execute(select(handoffs).where(*others).with_for_update()).all():
        save(connection, row, rules.released(state_of(row)))
        record(connection, "handoff_released", by, row.id)


def add(connection: Connection, table: Table, handoff_id: str, key: str, text: str, **values: str) -> bool:
    """Adds a message or a note to a handoff whose row is locked; False when its key is there already."""
    same = table.c.handoff_id == handoff_id, table.c.request_key == key
    if connection.execute(select(table.c.id).where(*same)).first():
        return False
    row = {"id": message_id(), "handoff_id": handoff_id, "request_key": key, "at": clock.now(), "text": storable(text)}
    write_rows(connection, [(table.name, {**row, **values})])
    return True


def thread(connection: Connection, handoff_id: str) -> list[Message]:
    """The messages of a handoff in order."""
    said = tables.handoff_messages.c
    query = select(said.sender, said.author, said.at, said.text).where(said.handoff_id == handoff_id).order_by(said.id)
    return [Message(*row) for row in connection.execute(query)]


def _rows(handoff: Handoff, code: str, now: datetime) -> list[Row]:
    attachments = [{name: storable(part[name]) for name in ("title", "text")} for part in handoff.attachments]
    sent = {
        **asdict(rules.sent(now)),
        "id": handoff.id,
        "code_hash": code_hash(code),
        "school": handoff.school,
        "urgent": handoff.urgent,
        "version": 1,
        "created_at": now,
        "changed_at": now,
        "leerjaar": handoff.leerjaar,
        "first_name": storable(handoff.first_name) if handoff.first_name else None,
        "conversation_id": handoff.conversation_id,
        "attachments": attachments,
    }
    first = {"id": message_id(), "handoff_id": handoff.id, "request_key": handoff.id, "sender": "pupil", "at": now}
    count = counted("handoff_sent", handoff.school, once=handoff.id)
    return [("handoffs", sent), ("handoff_messages", {**first, "text": storable(handoff.text)}), count]


def _is_stored(connection: Connection, id: str, code: str) -> bool:
    stored = select(tables.handoffs.c.code_hash).where(tables.handoffs.c.id == id)
    return bool(connection.execute(stored).scalar() == code_hash(code))


def _find(connection: Connection, code: str) -> Any:
    """The row with this code, or None; in PostgreSQL locked until the transaction ends (SQLite has one writer)."""
    hashed = code_hash(code)
    if hashed is None:
        return None
    query = select(tables.handoffs).where(tables.handoffs.c.code_hash == hashed)
    return connection.execute(query.with_for_update()).first()


def _thread(connection: Connection, row: Any) -> Thread:
    return Thread(
        school=row.school,
        leerjaar=row.leerjaar,
        first_name=row.first_name,
        urgent=row.urgent,
        status=state_of(row).status,
        close_reason=row.close_reason,
        created_at=row.created_at,
        attachments=row.attachments,
        messages=thread(connection, row.id),
    )
