"""The LOB-kalender: which events are coming."""

from dataclasses import dataclass
from datetime import date
from typing import Optional

from bot.knowledge.dates import Period
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Event

MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip
DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")


@dataclass(frozen=True)
class Wish:
    """What a pupil wants to see; None or empty means everything."""

    period: Optional[Period] = None
    werelden: tuple[str, ...] = ()
    soorten: tuple[str, ...] = ()
    leerjaar: Optional[int] = None


def upcoming(knowledge: Knowledge, wish: Wish, today: date) -> list[Event]:
    """Events with a date that are not over yet and fit the wish, earliest first. Events for all werelden fit any."""
    fitting = [
        event
        for event in knowledge.all(Event)
        if event.datum
        and event.last_day
        and event.last_day >= today
        and _fits(event, wish)
        and (wish.period is None or (event.datum <= wish.period.end and event.last_day >= wish.period.start))
    ]
    return sorted(fitting, key=lambda event: (event.datum or date.max, event.id))


def undated(knowledge: Knowledge, wish: Wish) -> list[Event]:
    """Events that fit the wish and whose date is not known yet."""
    return [event for event in knowledge.all(Event) if event.datum is None and _fits(event, wish)]


def _fits(event: Event, wish: Wish) -> bool:
    if wish.soorten and event.soort not in wish.soorten:
        return False
    if wish.leerjaar and event.leerjaren and wish.leerjaar not in event.leerjaren:
        return False
    if wish.werelden and event.soort == "deadline":
        return False
    return not wish.werelden or not event.werelden or bool(set(event.werelden) & set(wish.werelden))


def dutch_date(day: date) -> str:
    """ "donderdag 1 april 2027"."""
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def dutch_period(event: Event) -> str:
    """The day or days of a dated event in words, with the time when it is known."""
    assert event.datum is not None
    days = dutch_date(event.datum)
    if event.einddatum and event.einddatum != event.datum:
        days += f" tot en met {dutch_date(event.einddatum)}"
    return f"{days}, {event.tijd} uur" if event.tijd else days
