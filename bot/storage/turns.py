"""What Rasa remembers of a conversation: its turns, in order. In Redis, when there is one, and else in the database.

All calls raise DatabaseDown, also when it is Redis that is away.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot import clock
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import DatabaseDown, is_forgotten, transaction
from bot.storage.shared import RedisAway, shared, shared_key

if TYPE_CHECKING:
    from redis import Redis

CONVERSATION_HOURS = 48  # after its last message; the texts for pupils say so too
EARLIER = "messages_before"
"""In the metadata of an event: how many messages of the pupil came before the first turn that is kept."""
_MILLISECONDS = CONVERSATION_HOURS * 3_600_000
_turns = tables.turns
# Made once: SQLAlchemy takes four times as long to make these as to run them.
_of_conversation = _turns.c.conversation_id == bindparam("conversation")
_READ = select(_turns.c.number, _turns.c.events).where(_of_conversation).order_by(_turns.c.number)
_LAST = select(func.max(_turns.c.number)).where(_of_conversation)
_INSERT = insert(_turns)
_DELETE_EARLIER = delete(_turns).where(_of_conversation, _turns.c.number < bindparam("before"))

# KEYS: a list of "number:events", the mark of a deletion. ARGV: number, "number:events", is_all, milliseconds.
_WRITE = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
local last = redis.call('LINDEX', KEYS[1], -1)
if last and tonumber(string.match(last, '^%d+')) >= tonumber(ARGV[1]) then return 0 end
if ARGV[3] == '1' then redis.call('DEL', KEYS[1]) end
redis.call('RPUSH', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""


class TurnTaken(Exception):
    """Another process wrote this turn already."""


@dataclass(frozen=True)
class Turn:
    """`number` rises with each turn; `events` is for bot/components/trackers.py to read."""

    number: int
    events: bytes


def read(conversation_id: str) -> list[Turn]:
    """The turns that are kept, the first one first."""
    if settings().redis_url:
        with _redis() as redis:
            found = [entry.partition(b":") for entry in redis.lrange(_key(conversation_id), 0, -1)]
        return [Turn(int(number), events) for number, _, events in found]
    with transaction() as connection:
        return [Turn(*row) for row in connection.execute(_READ, {"conversation": conversation_id})]


def last(conversation_id: str) -> int:
    """The number of the last turn that is kept; 0 when there is none."""
    if settings().redis_url:
        with _redis() as redis:
            return int((redis.lindex(_key(conversation_id), -1) or b"0").partition(b":")[0])
    with transaction() as connection:
        return connection.execute(_LAST, {"conversation": conversation_id}).scalar() or 0


def write(conversation_id: str, turn: Turn, is_all: bool) -> None:
    """Adds a turn; with `is_all` it takes the place of those before it. Not when the pupil deleted the conversation.

    Raises TurnTaken.
    """
    if settings().redis_url:
        entry = b"%d:%b" % (turn.number, turn.events)
        with _redis() as redis:
            script = redis.register_script(_WRITE)
            keys = [_key(conversation_id), _deleted(conversation_id)]
            if not script(keys, [turn.number, entry, int(is_all), _MILLISECONDS]):
                raise TurnTaken
        return
    row = {"conversation_id": conversation_id, "number": turn.number, "at": clock.now(), "events": turn.events}
    try:
        with transaction(write=True) as connection:
            if is_forgotten(connection, conversation_id):
                return
            connection.execute(_INSERT, row)
            if is_all:
                connection.execute(_DELETE_EARLIER, {"conversation": conversation_id, "before": turn.number})
    except IntegrityError as error:
        raise TurnTaken from error


def remove(connection: Connection, conversation_ids: Sequence[str]) -> None:
    """Deletes all turns of these conversations, in this transaction. In Redis none of them is written any more."""
    connection.execute(delete(_turns).where(_turns.c.conversation_id.in_(conversation_ids)))
    if settings().redis_url and conversation_ids:
        with _redis() as redis, redis.pipeline() as commands:
            for id in conversation_ids:
                commands.delete(_key(id)).set(_deleted(id), b"", px=_MILLISECONDS)
            commands.execute()


def _key(conversation_id: str) -> str:
    return shared_key("turns", conversation_id)


def _deleted(conversation_id: str) -> str:
    return shared_key("deleted", conversation_id)


@contextmanager
def _redis() -> Iterator["Redis[bytes]"]:
    try:
        with shared() as redis:
            yield redis
    except RedisAway as error:
        raise DatabaseDown(f"redis: {error}") from error
