"""Rasa's memory of conversations, in the database. While the database is away, a conversation goes on.

Rasa itself would begin every message anew then. What could not be written is written with the next message after the
database came back, of any conversation; it is lost only when the process ends before that.
"""

import time
from collections import OrderedDict
from typing import Any, Optional

import structlog
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from bot.storage.database import DatabaseDown, is_forgotten, transaction

log = structlog.get_logger()

REMEMBERED = 300  # conversations
REMEMBERED_SECONDS = 1800.0  # after the last message
MOST_UNSAVED = 2000  # conversations


class Trackers(SQLTrackerStore):
    """Rasa's SQLTrackerStore that bridges a database that is away."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._recent: OrderedDict[str, tuple[float, DialogueStateTracker]] = OrderedDict()
        self._unsaved: OrderedDict[str, DialogueStateTracker] = OrderedDict()
        super().__init__(*arguments, **options)

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """The conversation as it is now; None when there is none, or when nobody can tell."""
        known = self._unsaved.get(sender_id)
        if known is None:
            try:
                return await super().retrieve(sender_id)
            except SQLAlchemyError as error:
                log.warning("conversation_not_read", error=type(error).__name__)
                _, known = self._recent.get(sender_id, (0.0, None))
        return known.copy() if known else None

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Writes this conversation, and those that wait; when that fails they wait on."""
        self._remember(tracker)
        self._unsaved[tracker.sender_id] = tracker
        while len(self._unsaved) > MOST_UNSAVED:
            self._unsaved.popitem(last=False)
        for id, waiting in list(self._unsaved.items()):
            try:
                if id != tracker.sender_id and _was_deleted(id):
                    del self._unsaved[id]
                    continue
                await super().save(waiting)
            except (DataError, IntegrityError) as error:  # it would never be taken, and keep the others waiting
                log.error("conversation_refused", error=type(error).__name__)
            except (SQLAlchemyError, DatabaseDown) as error:
                log.warning("conversation_not_saved", error=type(error).__name__, waiting=len(self._unsaved))
                return
            self._unsaved.pop(id, None)

    def _remember(self, tracker: DialogueStateTracker) -> None:
        now = time.monotonic()
        self._recent[tracker.sender_id] = now, tracker
        self._recent.move_to_end(tracker.sender_id)
        while len(self._recent) > REMEMBERED or next(iter(self._recent.values()))[0] < now - REMEMBERED_SECONDS:
            self._recent.popitem(last=False)


def _was_deleted(conversation_id: str) -> bool:
    """Whether the pupil deleted this conversation while it waited. Raises DatabaseDown."""
    with transaction() as connection:
        return is_forgotten(connection, conversation_id)
