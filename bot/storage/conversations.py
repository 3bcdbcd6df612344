"""Conversations and their messages. A database that is locked or gone never costs the pupil an answer.

What cannot be written now goes to the spool; a little memory of recent conversations bridges the gap.
"""

import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Optional

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.engine import Connection

from bot import clock
from bot.keys import conversation_hash, log_hash
from bot.settings import settings
from bot.storage import tables, turns
from bot.storage.database import (
    DatabaseDown,
    Row,
    blank_forgotten,
    is_forgotten,
    shrink_wal,
    transaction,
    write_rows,
)
from bot.storage.spool import Spool
from bot.storage.turns import CONVERSATION_HOURS

LOST_DAYS = 3  # a conversation that the database does not know began at most so long ago
REMEMBERED_CONVERSATIONS = 2000
REMEMBERED_CHOICES = 100  # a conversation
REMEMBERED_TURNS = 10  # a conversation
PAUSE_SECONDS = 3.0  # after a failure the database is left alone this long, so that pupils do not wait for it
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL and half characters: PostgreSQL and UTF-8 know none


@dataclass(frozen=True)
class Choice:
    """A button: what it says, what pressing it means to the dialogue (opaque here), and its role in the widget."""

    label: str
    meaning: str
    role: Optional[str] = None  # "step" moves through a flow


@dataclass(frozen=True)
class Reply:
    """What is to be said: Markdown text, choices, and a card for the widget to draw.

    `about` {"intent"?, "kind", "subject"?} is of an answer that can be rated.
    """

    text: str
    choices: Sequence[Choice] = ()
    card: Optional[dict[str, Any]] = None
    about: Optional[dict[str, str]] = None


@dataclass(frozen=True)
class Message:
    """A stored message. Ids order by time when compared as text; `choices` are {"id", "label", "role"?}."""

    id: str
    sender: str  # bot, pupil or decaan
    at: datetime
    text: str
    choices: Optional[list[dict[str, str]]] = None
    card: Optional[dict[str, Any]] = None
    request_key: Optional[str] = None
    about: Optional[dict[str, str]] = None  # of an answer that can be rated; stays on the server


@dataclass(frozen=True)
class Opened:
    """What is known of a conversation when a message for it comes in."""

    is_open: bool
    school: Optional[str] = None
    """Where the chat was opened; None when its page did not say so, or the database cannot tell."""
    repeated: Optional[list[Message]] = None
    """What is stored under the message's request key already."""
    choice: Optional[Choice] = None
    """The choice that was pressed, or that of the last message whose label was typed."""


@dataclass
class _Memory:
    expires_at: Optional[datetime] = None
    gone: bool = False
    school: Optional[str] = None
    is_whole: bool = False
    """The conversation began in this process."""
    choices: "OrderedDict[str, Choice]" = field(default_factory=OrderedDict)
    last_choices: dict[str, str] = field(default_factory=dict)
    """Of the last message: their ids, by label."""
    turns: "OrderedDict[str, list[Message]]" = field(default_factory=OrderedDict)
    request_keys: set[str] = field(default_factory=set)
    """Those of turns that were left out too."""
    unsaved: list[Message] = field(default_factory=list)


class Conversations:
    """All calls block; call them from a thread. Rows that the database does not take go to `spool`."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self._lock = threading.Lock()
        self._memories: OrderedDict[str, _Memory] = OrderedDict()
        self._paused_until = {"read": 0.0, "write": 0.0}  # a locked database can often still be read

    def begin(self, conversation_id: str, greeting: Sequence[Reply], school: Optional[str] = None) -> list[Message]:
        """Starts a conversation, as `add` does, of which this process knows all from now on."""
        messages = self.add(conversation_id, greeting, school=school)
        with self._memory(conversation_id) as memory:
            memory.is_whole = True
        return messages

    def add(
        self,
        conversation_id: str,
        replies: Sequence[Reply],
        pupil_text: Optional[str] = None,
        request_key: Optional[str] = None,
        sender: str = "bot",
        school: Optional[str] = None,
    ) -> list[Message]:
        """Stores the pupil's text, if any, and the replies by `sender`; starts or prolongs the conversation.

        `school` is where the chat was opened; it counts for the first message.
        Returns the messages as stored. Does not fail when the database does.
        """
        now = clock.now()
        messages, choices = [], {}
        if pupil_text is not None:
            messages.append(Message(message_id(), "pupil", now, storable(pupil_text), request_key=request_key))
        for reply in replies:
            offered = {secrets.token_urlsafe(9): choice for choice in reply.choices}
            choices.update(offered)
            labels = [_shown(id, choice) for id, choice in offered.items()]
            text = storable(reply.text)
            kept = reply.card, request_key, reply.about
            messages.append(Message(message_id(), sender, now, text, labels or None, *kept))
        moments = {"created_at": now, "last_at": now, "expires_at": expiry(now)}
        rows: list[Row] = [("conversations", {"id": conversation_id, **moments, "school": school})]
        rows += [("messages", {**asdict(message), "conversation_id": conversation_id}) for message in messages]
        rows += [
            (
                "choices",
                {"id": id, "conversation_id": conversation_id, "label": choice.label, "meaning": choice.meaning},
            )
            for id, choice in choices.items()
        ]
        saved = self._save(rows)
        with self._memory(conversation_id) as memory:
            memory.expires_at = moments["expires_at"]
            memory.school = memory.school or school
            memory.choices.update(choices)
            _trim(memory.choices, REMEMBERED_CHOICES)
            memory.last_choices = _by_label(messages[-1].choices if messages else None)
            if request_key:
                memory.request_keys.add(request_key)
                memory.turns[request_key] = messages
                _trim(memory.turns, REMEMBERED_TURNS)
            if not saved:
                memory.unsaved += messages
        return messages

    def recall(
        self,
        conversation_id: str,
        request_key: Optional[str] = None,
        typed: str = "",
        choice_id: Optional[str] = None,
    ) -> Optional[Opened]:
        """What `open` finds, and the choice with this id, without the database; None when only that can tell.

        It is enough when the conversation began in this process and no other one takes messages. Does not block.
        """
        with self._memory(conversation_id) as memory:
            if memory.gone:
                return Opened(False)
            if not memory.is_whole or memory.expires_at is None or settings().redis_url:
                return None
            repeated = memory.turns.get(request_key or "")
            wanted = choice_id or memory.last_choices.get(_as_label(typed), "")
            choice = memory.choices.get(wanted)
            if (wanted and choice is None) or (repeated is None and request_key in memory.request_keys):
                return None
            return Opened(memory.expires_at > clock.now(), memory.school, repeated, choice)

    def open(
        self, conversation_id: str, started_at: datetime, request_key: Optional[str] = None, typed: str = ""
    ) -> Opened:
        """The conversation, for a message with this key and this typed text; in one look.

        `started_at` comes from the signed token. It decides when the database does not know the conversation (its
        rows may still wait in a spool) or cannot be read.
        """
        with self._memory(conversation_id) as memory:
            if memory.gone:
                return Opened(False)
            ends = memory.expires_at or expiry(started_at)
            school, repeated, choice = memory.school, memory.turns.get(request_key or ""), None
        with suppress(DatabaseDown), self._database() as connection:
            row = connection.execute(_CONVERSATION, {"conversation": conversation_id}).first()
            if row is None and is_forgotten(connection, conversation_id):
                return Opened(False)
            if row:
                ends, school = row.expires_at, row.school
            if request_key and not repeated:
                found = connection.execute(_REPEATED, {"conversation": conversation_id, "key": request_key})
                repeated = [Message(**row._mapping) for row in found] or None
            if typed and not repeated:
                choice = _typed_choice(connection, conversation_id, typed)
        return Opened(ends > clock.now(), school, repeated, choice)

    def is_open(self, conversation_id: str, started_at: datetime) -> bool:
        """Whether the conversation exists and has not ended; `started_at` is as in `open`."""
        return self.open(conversation_id, started_at).is_open

    def messages(self, conversation_id: str, after: str = "") -> list[Message]:
        """The messages with an id past `after`, in order. Raises DatabaseDown."""
        with self._database() as connection:
            found = _stored(connection, conversation_id, tables.messages.c.id > after)
        with self._memory(conversation_id) as memory:
            found |= {message.id: message for message in memory.unsaved if message.id > after}
        return [found[id] for id in sorted(found)]

    def message(self, conversation_id: str, id: str) -> Optional[Message]:
        """The message with this id, None when this conversation has no such message. Raises DatabaseDown."""
        with self._memory(conversation_id) as memory:
            unsaved = next((message for message in memory.unsaved if message.id == id), None)
        if unsaved:
            return unsaved
        with self._database() as connection:
            return _stored(connection, conversation_id, tables.messages.c.id == id).get(id)

    def open_message(self, id: str) -> Optional[Message]:
        """The message with this id, None when its conversation has ended or was deleted. Raises DatabaseDown."""
        now = clock.now()
        with self._lock:
            for memory in self._memories.values():
                for message in memory.unsaved:
                    if message.id == id and memory.expires_at and memory.expires_at > now:
                        return message
        stored, known = tables.messages, tables.conversations
        query = select(*_columns()).join(known, known.c.id == stored.c.conversation_id)
        with self._database() as connection:
            row = connection.execute(query.where(stored.c.id == id, known.c.expires_at > now)).first()
        return Message(**row._mapping) if row else None

    def choice(self, conversation_id: str, choice_id: str) -> Optional[Choice]:
        """What a button of this conversation means; None for a button of another one. Raises DatabaseDown."""
        with self._memory(conversation_id) as memory:
            if choice_id in memory.choices:
                return memory.choices[choice_id]
        offered = tables.choices
        query = select(offered.c.label, offered.c.meaning).where(
            offered.c.id == choice_id, offered.c.conversation_id == conversation_id
        )
        with self._database() as connection:
            row = connection.execute(query).first()
        return Choice(row.label, row.meaning) if row else None

    def forget(self, conversation_id: str) -> None:
        """Deletes the conversation everywhere, what Rasa remembers too, and the text of its log rows.

        Raises DatabaseDown when that cannot be done now; then everything is still there.
        """
        self.spool.drain()
        with transaction(write=True) as connection:
            known = tables.conversations.c
            began = connection.execute(select(known.created_at).where(known.id == conversation_id)).scalar()
            delete_conversations(connection, [conversation_id])
            write_rows(connection, _forgotten(conversation_id, began or clock.now() - timedelta(days=LOST_DAYS)))
            blank_forgotten(connection)
        with self._memory(conversation_id):
            self._memories[conversation_id] = _Memory(gone=True)
        shrink_wal()

    def _save(self, rows: list[Row]) -> bool:
        try:
            with self._database(write=True) as connection:
                write_rows(connection, rows)
        except DatabaseDown:
            self.spool.put(rows)
            return False
        return True

    @contextmanager
    def _database(self, write: bool = False) -> Iterator[Connection]:
        way = "write" if write else "read"
        if time.monotonic() < self._paused_until[way]:
            raise DatabaseDown("left alone for a moment")
        try:
            with transaction(write) as connection:
                yield connection
        except DatabaseDown:
            self._paused_until[way] = time.monotonic() + PAUSE_SECONDS
            raise

    @contextmanager
    def _memory(self, conversation_id: str) -> Iterator[_Memory]:
        with self._lock:
            memory = self._memories.setdefault(conversation_id, _Memory())
            self._memories.move_to_end(conversation_id)
            _trim(self._memories, REMEMBERED_CONVERSATIONS)
            yield memory


def _forgotten(conversation_id: str, began: datetime) -> list[Row]:
    """The marks of a conversation that is deleted: one of its id, and one of each day that it has rows in the log.

    Tomorrow is one of those: an answer that is under way may be logged after midnight.
    """
    now = clock.now()
    days = [began.date() + timedelta(number) for number in range((now.date() - began.date()).days + 2)]
    hashes = [conversation_hash(conversation_id), *(log_hash(conversation_id, day) for day in days)]
    return [("forgotten", {"conversation": hash, "at": now}) for hash in hashes]


def expiry(moment: datetime) -> datetime:
    """When a conversation ends whose last message came at this moment."""
    return moment + timedelta(hours=CONVERSATION_HOURS)


def delete_conversations(connection: Connection, ids: list[str]) -> None:
    """Deletes conversations with everything that hangs on them, and what Rasa remembers of them.

    A handoff stays; it only forgets which conversation it came from.
    """
    handoffs = tables.handoffs
    connection.execute(update(handoffs).where(handoffs.c.conversation_id.in_(ids)).values(conversation_id=None))
    connection.execute(delete(tables.conversations).where(tables.conversations.c.id.in_(ids)))
    turns.remove(connection, ids)


_id_lock = threading.Lock()
_last_id = 0


def message_id() -> str:
    """A new id: 13 hex digits of microseconds, always rising in this process, and 6 random ones."""
    global _last_id
    with _id_lock:
        _last_id = max(_last_id + 1, time.time_ns() // 1000)
        return f"{_last_id:013x}{secrets.token_hex(3)}"


def _stored(connection: Connection, conversation_id: str, condition: Any) -> dict[str, Message]:
    stored = tables.messages
    query = select(*_columns()).where(stored.c.conversation_id == conversation_id, condition).order_by(stored.c.id)
    return {row.id: Message(**row._mapping) for row in connection.execute(query)}


def _typed_choice(connection: Connection, conversation_id: str, text: str) -> Optional[Choice]:
    """The choice of the last message whose label this text is."""
    offered = tables.choices.c
    shown = connection.execute(_LAST_CHOICES, {"conversation": conversation_id}).scalar()
    id = _by_label(shown).get(_as_label(text))
    row = connection.execute(select(offered.label, offered.meaning).where(offered.id == id)).first() if id else None
    return Choice(row.label, row.meaning) if row else None


def _columns() -> list[Any]:
    return [tables.messages.c[name] for name in Message.__dataclass_fields__]


# The look at each message, made once: SQLAlchemy takes four times as long to make these as to run them.
_of_conversation = tables.messages.c.conversation_id == bindparam("conversation")
_CONVERSATION = select(tables.conversations.c.expires_at, tables.conversations.c.school).where(
    tables.conversations.c.id == bindparam("conversation")
)
_REPEATED = (
    select(*_columns())
    .where(_of_conversation, tables.messages.c.request_key == bindparam("key"))
    .order_by(tables.messages.c.id)
)
_LAST_CHOICES = select(tables.messages.c.choices).where(_of_conversation).order_by(tables.messages.c.id.desc()).limit(1)


def _shown(id: str, choice: Choice) -> dict[str, str]:
    shown = {"id": id, "label": choice.label}
    return {**shown, "role": choice.role} if choice.role else shown


def _by_label(shown: Optional[list[dict[str, str]]]) -> dict[str, str]:
    return {_as_label(choice["label"]): choice["id"] for choice in shown or ()}


def _as_label(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!? ")


def storable(text: str) -> str:
    """The text without what a database does not take."""
    return UNSTORABLE.sub("\ufffd", text)


def _trim(items: "OrderedDict[str, Any]", size: int) -> None:
    while len(items) > size:
        items.popitem(last=False)
