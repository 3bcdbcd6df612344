"""The LOB-kalender: which events are coming, and on which days one that repeats is there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Optional

from bot.knowledge.dates import Period
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Event, Herhaal

MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip
DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
DEADLINE = "deadline"
"""The kind of an event that is no activity but a last day."""
PROFESSIONALS = "professionals"
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see; None or empty means everything. `professionals`: also what is not for pupils."""

    period: Optional[Period] = None
    werelden: tuple[str, ...] = ()
    soorten: tuple[str, ...] = ()
    leerjaar: Optional[int] = None
    professionals: bool = False


def occurrences(event: Event) -> list[Event]:
    """The event on each of its days, earliest first: one for an event that does not repeat, none without a date.

    Each is the event with the days of that time; all keep its id and what it says about repeating.
    """
    if event.datum is None:
        return []
    if event.herhaal is None:
        return [event]
    length = (event.einddatum or event.datum) - event.datum
    days = {event.datum, *_repeated(event.datum, event.herhaal), *event.herhaal.ook} - set(event.herhaal.niet)
    ends = {day: day + length if event.einddatum else None for day in days}
    return [event.copy(update={"datum": day, "einddatum": ends[day]}) for day in sorted(days)]


def _repeated(first: date, herhaal: Herhaal) -> Iterator[date]:
    """The days after the first on which it is there every so often."""
    if herhaal.elke is None or herhaal.tot is None:
        return
    day = first
    while True:
        day = _same_weekday_next_month(day, first) if herhaal.elke == "maand" else day + _WEEK * _WEEKS[herhaal.elke]
        if day > herhaal.tot:
            return
        yield day


_WEEKS = {"week": 1, "2 weken": 2}


def _same_weekday_next_month(day: date, first: date) -> date:
    """In the month after `day` the weekday of `first` with the same number; the last one when that is its fifth."""
    month = next_month(day)
    offset = (first.weekday() - month.weekday()) % 7
    found = month + timedelta(days=offset + 7 * ((first.day - 1) // 7))
    return found if found.month == month.month else found - _WEEK


def next_month(day: date) -> date:
    """The first day of the month after."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def upcoming(knowledge: Knowledge, wish: Wish, today: date, cancelled: bool = False) -> list[Event]:
    """Events with a date that are not over yet and fit the wish, earliest first; one that repeats is there once.

    Events for all werelden fit any. What was cancelled is left out unless it is asked for.
    """
    coming = [next(times, None) for times in _coming(knowledge, wish, today)]
    return sorted((event for event in coming if event and (cancelled or not event.afgelast)), key=_when)


def planned(knowledge: Knowledge, wish: Wish, today: date) -> list[Event]:
    """As `upcoming`, with every time of an event that repeats, and with what was cancelled."""
    return sorted((event for times in _coming(knowledge, wish, today) for event in times), key=_when)


def _coming(knowledge: Knowledge, wish: Wish, today: date) -> Iterator[Iterator[Event]]:
    for event in knowledge.all(Event):
        if _fits(event, wish):
            yield (time for time in occurrences(event) if _is_in(time, wish.period, today))


def _is_in(event: Event, period: Optional[Period], today: date) -> bool:
    if event.datum is None or event.last_day is None or event.last_day < today:
        return False
    return period is None or (event.datum <= period.end and event.last_day >= period.start)


def _when(event: Event) -> tuple[date, str]:
    return event.datum or date.max, event.id


def next_time(event: Event, today: date) -> Event:
    """The event with the days of its next time; as it is when it has none."""
    return next((time for time in occurrences(event) if time.last_day and time.last_day >= today), event)


def undated(knowledge: Knowledge, wish: Wish) -> list[Event]:
    """Events that fit the wish and whose date is not known yet."""
    return [event for event in knowledge.all(Event) if event.datum is None and _fits(event, wish)]


def _fits(event: Event, wish: Wish) -> bool:
    if event.doelgroep == PROFESSIONALS and not wish.professionals:
        return False
    if wish.soorten and event.soort not in wish.soorten:
        return False
    if wish.leerjaar and event.leerjaren and wish.leerjaar not in event.leerjaren:
        return False
    if wish.werelden and event.soort == DEADLINE:
        return False
    return not wish.werelden or not event.werelden or bool(set(event.werelden) & set(wish.werelden))


def dutch_date(day: date) -> str:
    """ "donderdag 1 april 2027"."""
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def dutch_moment(moment: datetime) -> str:
    """ "donderdag 1 april 2027, 12.30 uur", in the zone of the moment."""
    return f"{dutch_date(moment.date())}, {moment:%H.%M} uur"


def dutch_period(event: Event) -> str:
    """The day or days of a dated event in words, with the time when it is known."""
    assert event.datum is not None
    days = dutch_date(event.datum)
    if event.einddatum and event.einddatum != event.datum:
        days += f" tot en met {dutch_date(event.einddatum)}"
    return f"{days}, {event.tijd} uur" if event.tijd else days
