"""Rasa's memory of conversations: what each holds, and its last turns. In Redis or the database, one row a turn.

Those of the last half hour are in memory too, for as long as nobody else wrote a turn of them.
A long conversation takes no longer than a short one: `compact` leaves out turns that no rule looks back to. While the
database is away, a conversation goes on. Rasa itself would begin every message anew then. What could not be written is
written with the next message after the database came back, of any conversation; it is lost only when the process ends
before that.
"""

import asyncio
import json
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Optional

import structlog
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    ConversationPaused,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import DataError

from bot.components.states import hand_over
from bot.storage import turns
from bot.storage.database import DatabaseDown
from bot.storage.turns import EARLIER, Turn, TurnTaken

log = structlog.get_logger()

MOST_TURNS = 20
"""With so many rows a conversation is made compact."""
KEPT_TURNS = 10
"""More than any rule looks back, and than the last messages that go along with a handoff."""
REMEMBERED = 1000  # conversations
REMEMBERED_SECONDS = 1800.0  # after the last message
MOST_UNSAVED = 2000  # conversations


request_key: ContextVar[Optional[str]] = ContextVar("request_key", default=None)
"""The key of the request that the message of this task came with."""


class Answered(BaseException):
    """The last message in the conversation came with the same key: it was answered, though that answer got lost.

    No Exception: Rasa would take that for a store that fails, and begin the conversation anew.
    """

    def __init__(self, replies: list[dict[str, Any]]) -> None:
        super().__init__()
        self.replies = replies
        """As Rasa gives them to an output channel."""


@dataclass(frozen=True)
class Stored:
    """What the database has of a tracker: so many of its events, the number of the last row, and how many rows."""

    events: int = 0
    number: int = 0
    rows: int = 0
    is_compact: bool = False
    """It has fewer events than the tracker: the last row took the place of all others."""


@dataclass(frozen=True)
class Recent:
    """A tracker as it was saved, when, and for which domain. Only copies of it are changed."""

    tracker: DialogueStateTracker
    at: float
    domain: Domain


class Trackers(TrackerStore):
    """A tracker store that keeps the last turns, and bridges a database that is away."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._recent: OrderedDict[str, Recent] = OrderedDict()
        self._unsaved: OrderedDict[str, DialogueStateTracker] = OrderedDict()
        self._writing = asyncio.Lock()
        super().__init__(*arguments, **options)

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """A new conversation. It is written with its first turn."""
        tracker = self.init_tracker(sender_id)
        if append_action_listen:
            tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        return tracker

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """The conversation as it is now; None when there is none, or when nobody can tell.

        Raises Answered.
        """
        tracker = self._known(sender_id)
        if tracker:
            _check_new(tracker)
        return tracker

    def _known(self, sender_id: str) -> Optional[DialogueStateTracker]:
        if sender_id in self._unsaved:
            return _copy(self._unsaved[sender_id])
        recent = self._recent.get(sender_id)
        try:
            if not (recent and self._is_current(recent)):
                return self._read(sender_id)
        except DatabaseDown as error:
            log.warning("conversation_not_read", error=str(error))
        return _copy(recent.tracker) if recent else None

    def _is_current(self, recent: Recent) -> bool:
        """Whether reading it again would give the same: nobody else answered, and the pupil did not delete it.

        Raises DatabaseDown.
        """
        stored = _stored(recent.tracker)
        if recent.domain is not self.domain or stored.is_compact or stored.events != len(recent.tracker.events):
            return False
        return turns.last(recent.tracker.sender_id) == stored.number

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Writes this conversation, and those that wait; when that fails they wait on.

        In a thread, since the database may be busy with others; meanwhile messages of other conversations are handled.
        """
        self._remember(tracker)
        self._unsaved[tracker.sender_id] = tracker
        while len(self._unsaved) > MOST_UNSAVED:
            self._unsaved.popitem(last=False)
        async with self._writing:
            if tracker.sender_id in self._unsaved:  # else it was written with the one before it
                waiting = list(self._unsaved.items())
                for id, written in await asyncio.get_running_loop().run_in_executor(None, self._write_all, waiting):
                    if self._unsaved.get(id) is written:
                        del self._unsaved[id]

    def _write_all(self, waiting: list[tuple[str, DialogueStateTracker]]) -> list[tuple[str, DialogueStateTracker]]:
        """Those that need not wait any more."""
        for place, (_, tracker) in enumerate(waiting):
            try:
                self._write(tracker)
            except (DataError, TurnTaken) as error:  # it would never be taken, and keep the others waiting
                log.error("conversation_refused", error=type(error).__name__)
            except DatabaseDown as error:
                log.warning("conversation_not_saved", error=str(error), waiting=len(waiting) - place)
                return waiting[:place]
        return waiting

    def _read(self, id: str) -> Optional[DialogueStateTracker]:
        found = turns.read(id)
        if not found:
            return None
        events = [event for turn in found for event in _unpacked(turn.events)]
        tracker = DialogueStateTracker.from_dict(id, events, self.domain.slots)
        tracker.stored = Stored(len(events), found[-1].number, len(found))
        return tracker

    def _write(self, tracker: DialogueStateTracker) -> None:
        stored, events = _stored(tracker), list(tracker.events)
        if len(events) == stored.events:
            return
        is_all = stored.rows >= MOST_TURNS
        new = compact(events, self.domain.slots) if is_all else events[stored.events :]
        number = stored.number + 1
        turns.write(tracker.sender_id, Turn(number, _packed(new)), is_all)
        tracker.stored = Stored(len(events), number, 1 if is_all else stored.rows + 1, is_all)

    def _remember(self, tracker: DialogueStateTracker) -> None:
        now = time.monotonic()
        self._recent[tracker.sender_id] = Recent(tracker, now, self.domain)
        self._recent.move_to_end(tracker.sender_id)
        while len(self._recent) > REMEMBERED or next(iter(self._recent.values())).at < now - REMEMBERED_SECONDS:
            self._recent.popitem(last=False)


def compact(events: list[Event], slots: Iterable[Slot], kept: int = KEPT_TURNS) -> list[Event]:
    """The same conversation with its last `kept` messages of the pupil only, as if it began anew right before these.

    It has the same slots and active loop, and the same next prediction as long as no rule looks further back.
    """
    said = [place for place, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(said) <= kept:
        return events
    cut = said[-kept]
    while cut and not (isinstance(events[cut], ActionExecuted) and events[cut].action_name == ACTION_LISTEN_NAME):
        cut -= 1
    before = DialogueStateTracker.from_events("", events[:cut], slots)
    begin: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME)]
    begin.append(SessionStarted(metadata={EARLIER: _messages(events[:cut])}))
    begin += [SlotSet(slot.name, slot.value) for slot in before.slots.values() if slot.has_been_set]
    begin += [ActiveLoop(before.active_loop.name)] if before.active_loop else []
    begin += [ConversationPaused()] if before.is_paused() else []
    return begin + events[cut:]


def _messages(events: list[Event]) -> int:
    """How many messages of the pupil there were, with those that were left out before."""
    earlier = [(event.metadata or {}).get(EARLIER, 0) for event in events if isinstance(event, SessionStarted)]
    return sum(earlier) + sum(isinstance(event, UserUttered) for event in events)


def _check_new(tracker: DialogueStateTracker) -> None:
    """Raises Answered."""
    replies: list[dict[str, Any]] = []
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            key = request_key.get()
            if key and replies and (event.metadata or {}).get("key") == key:
                raise Answered(replies[::-1])
            return
        if isinstance(event, BotUttered):
            replies.append(event.message())


def _stored(tracker: DialogueStateTracker) -> Stored:
    found: Stored = getattr(tracker, "stored", Stored())
    return found


def _copy(tracker: DialogueStateTracker) -> DialogueStateTracker:
    copy = tracker.copy()
    copy.stored = _stored(tracker)
    hand_over(tracker, copy)
    return copy


def _packed(events: list[Event]) -> bytes:
    return zlib.compress(json.dumps([event.as_dict() for event in events]).encode(), 1)


def _unpacked(packed: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(zlib.decompress(packed))
    return found
