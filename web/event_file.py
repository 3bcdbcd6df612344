"""An activity of the LOB-kalender as a file for the pupil's own calendar (iCalendar, RFC 5545)."""

import re
from datetime import date, datetime, time, timedelta, timezone
from typing import Union

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot import clock, knowledge
from bot.knowledge.models import Event
from web.documents import NotShown, count_page

HOUR = r"([01]?\d|2[0-3])[.:]([0-5]\d)"
HOURS = re.compile(rf"{HOUR}\s*[-–]\s*{HOUR}")
DAY_BEFORE = timedelta(days=-1)
AFTERNOON_BEFORE = timedelta(hours=-8)  # a whole day begins at midnight, and a pupil sleeps then

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
    return Response(await run_in_threadpool(as_ics, found), media_type="text/calendar", headers=headers)


def as_ics(event: Event) -> bytes:
    """The dated event as an iCalendar file. Times are in UTC, so that no calendar needs to know the zone."""
    from icalendar import Alarm, Calendar
    from icalendar import Event as Entry

    begin, end = moments(event)
    about = [event.uitleg, event.aanmelden]
    if event.voorbeeld:
        about.append(knowledge.current().phrases.zinnen["kalender.voorbeeld"])
    entry = Entry()
    entry.add("uid", f"{event.id}@lobke")
    entry.add("dtstamp", clock.now().astimezone(timezone.utc))
    entry.add("dtstart", begin)
    entry.add("dtend", end)
    entry.add("summary", event.titel)
    entry.add("description", "\n".join(text for text in about if text))
    if event.plaats:
        entry.add("location", event.plaats)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", event.titel)
    alarm.add("trigger", DAY_BEFORE if isinstance(begin, datetime) else AFTERNOON_BEFORE)
    entry.add_component(alarm)
    file = Calendar()
    file.add("prodid", "-//Lobke//LOB-kalender//NL")
    file.add("version", "2.0")
    file.add_component(entry)
    made: bytes = file.to_ical()
    return made


def moments(event: Event) -> tuple[Union[date, datetime], Union[date, datetime]]:
    """When a dated event begins and ends, in UTC. Dates when it takes several days or has no clear hours; then the end
    is the day after the last one."""
    assert event.datum and event.last_day
    hours = HOURS.fullmatch(event.tijd or "")
    if hours and event.last_day == event.datum:
        first, last = (time(int(hours[at]), int(hours[at + 1])) for at in (1, 3))
        if first < last:
            begin, end = (datetime.combine(event.datum, hour, clock.ZONE) for hour in (first, last))
            return begin.astimezone(timezone.utc), end.astimezone(timezone.utc)
    return event.datum, event.last_day + timedelta(days=1)


routes: list[BaseRoute] = [Route("/kalender/{id}.ics", calendar_file)]
