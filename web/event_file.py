"""Activities of the LOB-kalender for the pupil's own calendar (iCalendar, RFC 5545): one as a file, all as a feed."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Union

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot import clock, knowledge
from bot.knowledge.calendar import PROFESSIONALS, next_time, occurrences
from bot.knowledge.models import Event
from bot.settings import settings
from web.documents import NotShown, count_page

HOUR = r"([01]?\d|2[0-3])[.:]([0-5]\d)"
HOURS = re.compile(rf"{HOUR}\s*[-–]\s*{HOUR}")
DAY_BEFORE = timedelta(days=-1)
AFTERNOON_BEFORE = timedelta(hours=-8)  # a whole day begins at midnight, and a pupil sleeps then
REFRESH = timedelta(hours=12)
FIRST_REVISION = datetime(2026, 1, 1, tzinfo=timezone.utc)
TYPE = "text/calendar"

FOR_PROFESSIONALS = "Voor professionals"
NO_EVENT = "Deze activiteit staat niet in de kalender"
WHY_NO_EVENT = "Misschien is ze voorbij, of weet nog niemand de dag. Vraag het mij in de chat, of vraag het je decaan."


async def calendar_file(request: Request) -> Response:
    """GET /kalender/ID.ics: one activity with a date, with a reminder the day before."""
    count_page(request)
    id = request.path_params["id"]
    found = (await run_in_threadpool(knowledge.current)).get(f"event:{id}")
    if not isinstance(found, Event) or found.datum is None:
        raise NotShown(404, NO_EVENT, WHY_NO_EVENT)
    headers = {"Content-Disposition": f'attachment; filename="lobke-{found.id}.ics"', "Cache-Control": "no-cache"}
    return Response(await run_in_threadpool(as_ics, found), media_type=TYPE, headers=headers)


def as_ics(event: Event) -> bytes:
    """The dated event as an iCalendar file; one that repeats is there on every day that is left."""
    today = clock.today()
    left = [found for found in occurrences(event) if found.last_day and found.last_day >= today]
    return _file(left or [next_time(event, today)], remind=True)


def as_feed(events: Iterable[Event], name: str) -> bytes:
    """Dated events as a calendar to subscribe to, with a name. The same events give the same bytes."""
    return _file(list(events), name=name)


def _file(events: Sequence[Event], name: str = "", remind: bool = False) -> bytes:
    from icalendar import Calendar

    file = Calendar()
    file.add("prodid", "-//Lobke//LOB-kalender//NL")
    file.add("version", "2.0")
    if name:
        file.add("method", "PUBLISH")
        file.add("name", name)
        file.add("x-wr-calname", name)
        file.add("x-wr-timezone", clock.ZONE.key)
        file.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        file.add("x-published-ttl", f"PT{int(REFRESH.total_seconds() // 3600)}H")
    changed = _changed_at()
    for event in events:
        file.add_component(_entry(event, changed, remind))
    if any(isinstance(moments(event)[0], datetime) for event in events):
        days = [event.datum for event in events if event.datum]
        file.add_missing_timezones(first_date=date(min(days).year, 1, 1), last_date=date(max(days).year + 1, 12, 31))
    made: bytes = file.to_ical()
    return made


def _entry(event: Event, changed: datetime, remind: bool) -> Any:
    from icalendar import Alarm
    from icalendar import Event as Entry

    begin, end = moments(event)
    phrases = knowledge.current().phrases.zinnen
    about = [FOR_PROFESSIONALS if event.doelgroep == PROFESSIONALS else None, event.uitleg, event.aanmelden]
    about.append(phrases["kalender.voorbeeld"] if event.voorbeeld else None)
    entry = Entry()
    entry.add("uid", uid(event))
    entry.add("dtstamp", changed)
    entry.add("last-modified", changed)
    entry.add("sequence", max(0, int((changed - FIRST_REVISION).total_seconds() // 60)))
    entry.add("dtstart", begin)
    entry.add("dtend", end)
    entry.add(
        "summary", f"{phrases['kalender.afgelast'].capitalize()}: {event.titel}" if event.afgelast else event.titel
    )
    entry.add("status", "CANCELLED" if event.afgelast else "CONFIRMED")
    entry.add("transp", "OPAQUE" if isinstance(begin, datetime) and not event.afgelast else "TRANSPARENT")
    entry.add("description", "\n".join(text for text in about if text))
    if event.plaats:
        entry.add("location", event.plaats)
    if remind and not event.afgelast:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", event.titel)
        alarm.add("trigger", DAY_BEFORE if isinstance(begin, datetime) else AFTERNOON_BEFORE)
        entry.add_component(alarm)
    return entry


def uid(event: Event) -> str:
    """What calendars know the event by, also when it moves. Each time of one that repeats has its own."""
    return f"{event.id}-{event.datum:%Y%m%d}@lobke" if event.herhaal else f"{event.id}@lobke"


def _changed_at() -> datetime:
    """When the kalender last changed, in UTC: so a calendar takes a newer version for newer."""
    folder = settings().knowledge_dir
    found = [
        path.stat().st_mtime for path in (folder / "kalender.yml", *folder.glob("kalender/*.yml")) if path.exists()
    ]
    return datetime.fromtimestamp(int(max(found, default=0.0)), timezone.utc)


def moments(event: Event) -> tuple[Union[date, datetime], Union[date, datetime]]:
    """When a dated event begins and ends, in Dutch time. Dates when it takes several days or has no clear hours; then
    the end is the day after the last one."""
    assert event.datum and event.last_day
    hours = HOURS.fullmatch(event.tijd or "")
    if hours and event.last_day == event.datum:
        first, last = (time(int(hours[at]), int(hours[at + 1])) for at in (1, 3))
        if first < last:
            begin, end = (datetime.combine(event.datum, hour, clock.ZONE) for hour in (first, last))
            return begin, end
    return event.datum, event.last_day + timedelta(days=1)


routes: list[BaseRoute] = [Route("/kalender/{id}.ics", calendar_file)]
