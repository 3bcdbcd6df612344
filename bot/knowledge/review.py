"""What is to be looked at again: entries with a day for it (`controleer_voor`), and events that are over."""

from datetime import date, timedelta

from bot.knowledge.calendar import occurrences
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Entry, Event

AHEAD = timedelta(days=31)
"""How long before its day an entry is named."""


def is_late(entry: Entry, today: date) -> bool:
    """Whether the day before which somebody would look at it is over."""
    return entry.controleer_voor is not None and entry.controleer_voor < today


def due(knowledge: Knowledge, today: date) -> list[Entry]:
    """The entries to look at now, the one that waits longest first."""
    found = [entry for entry in knowledge.entries.values() if entry.controleer_voor]
    return sorted((entry for entry in found if _day(entry) - AHEAD <= today), key=_day)


def _day(entry: Entry) -> date:
    return entry.controleer_voor or date.max


def over(knowledge: Knowledge, today: date) -> list[tuple[Event, date]]:
    """The events that are over, each with its last day, the latest first."""
    found = []
    for event in knowledge.all(Event):
        if event.datum:
            last = max((one.last_day for one in occurrences(event) if one.last_day), default=event.datum)
            if last < today:
                found.append((event, last))
    return sorted(found, key=lambda pair: pair[1], reverse=True)
