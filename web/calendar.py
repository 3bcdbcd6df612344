"""/kalender: the LOB-kalender for pupils, a month at a time, and as a feed to subscribe to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Optional
from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot import clock, knowledge
from bot.knowledge.calendar import (
    DAYS,
    DEADLINE,
    MONTHS,
    PROFESSIONALS,
    Wish,
    dutch_date,
    dutch_period,
    next_month,
    planned,
    undated,
)
from bot.knowledge.dates import Period
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Activiteit, Event, Wereld
from bot.monitoring.log import counted
from bot.settings import settings
from web import event_file
from web.api import services
from web.documents import NotShown, count_page
from web.pages import templates

PAGE = "/kalender"
FEED = "/kalender.ics"
SIGN_UP = "/kalender/naar/{id}/{number:int}"
LEERJAREN = (1, 2, 3, 4)
KEPT = timedelta(days=30)  # an event stays in the feed so long after its last day
DEADLINE_NAME = "Uiterste dag"
ADDRESS = re.compile(r"https://[^\s<>\"]+[^\s<>\".,;:!?)]")
MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class Filters:
    """What the pupil chose to see; "" is everything. Only what exists can be chosen."""

    wereld: str = ""
    leerjaar: str = ""
    soort: str = ""

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are set, as in an address."""
        return {name: value for name, value in vars(self).items() if value}

    def wish(self, period: Optional[Period] = None) -> Wish:
        """These filters as a wish."""
        leerjaar = int(self.leerjaar) if self.leerjaar else None
        werelden, soorten = ((one,) if one else () for one in (self.wereld, self.soort))
        return Wish(period, werelden, soorten, leerjaar, professionals=True)


async def page(request: Request) -> Response:
    """GET /kalender: the events of one month, the others that fit without a date, and how to subscribe."""
    count_page(request)
    return await run_in_threadpool(_page, request)


def _page(request: Request) -> Response:
    known, today = knowledge.current(), clock.today()
    filters = _filters(request.query_params, known)
    month = _month(request.query_params.get("maand", ""), today)
    period = Period(month, next_month(month) - timedelta(days=1), "")
    of_month = planned(known, filters.wish(period), month)
    coming = [event for event in of_month if event.last_day and event.last_day >= today]
    later = [event.datum for event in planned(known, filters.wish(), today) if event.datum]
    following = next((day for day in later if day > period.end), None)
    scheme = settings().trusted_proxy and request.headers.get("x-forwarded-proto") or request.url.scheme
    feed = f"{request.url.netloc}{_address(FEED, filters.chosen)}"
    context = {
        "month": f"{MONTHS[month.month - 1]} {month.year}",
        "is_over": period.end < today,
        "filters": filters,
        "werelden": {wereld.id: wereld.naam for wereld in known.all(Wereld)},
        "leerjaren": LEERJAREN,
        "soorten": _soorten(known),
        "maand": f"{month:%Y-%m}",
        "previous": _link(month - timedelta(days=1), filters) if month > today else None,
        "following": _link(next_month(month), filters) if following and period.end >= today else None,
        "first_after": _link(following, filters) if following else None,
        "first_day": dutch_date(following) if following else "",
        "unfiltered": _address(PAGE, {"maand": f"{month:%Y-%m}"}),
        "this_month": _link(today, filters),
        "events": [_shown(event, known) for event in coming],
        "weeks": _weeks(month, of_month, today),
        "days": DAYS,
        "undated": [_shown(event, known) for event in undated(known, filters.wish())],
        "has_example": any(event.voorbeeld for event in coming),
        "example": known.phrases.zinnen["kalender.voorbeeld"],
        "feed": f"{scheme}://{feed}",
        "subscribe": f"webcal://{feed}",
    }
    content = templates.get_template("calendar.html").render(context)
    return HTMLResponse(content, headers={"Cache-Control": "no-cache"})


async def feed(request: Request) -> Response:
    """GET /kalender.ics: every dated event that fits the filters, also of the last weeks; 304 when nothing changed."""
    count_page(request)
    content = await run_in_threadpool(_feed, request.query_params)
    headers = {"ETag": f'"{sha256(content).hexdigest()[:32]}"', "Cache-Control": "no-cache"}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if headers["ETag"] in known or "*" in known:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="lob-kalender.ics"'
    return Response(content, media_type=event_file.TYPE, headers=headers)


def _feed(query: Mapping[str, str]) -> bytes:
    known = knowledge.current()
    filters = _filters(query, known)
    names = [_soorten(known).get(filters.soort, "")]
    names += [known.one(Wereld, filters.wereld).naam] if filters.wereld else []
    names += [f"leerjaar {filters.leerjaar}"] if filters.leerjaar else []
    name = ", ".join(["LOB-kalender", *filter(None, names)])
    return event_file.as_feed(planned(known, filters.wish(), clock.today() - KEPT), name)


def _filters(query: Mapping[str, str], known: Knowledge) -> Filters:
    wereld, leerjaar, soort = (query.get(name, "") for name in ("wereld", "leerjaar", "soort"))
    return Filters(
        wereld if wereld in {found.id for found in known.all(Wereld)} else "",
        leerjaar if leerjaar in map(str, LEERJAREN) else "",
        soort if soort in {DEADLINE, *(found.id for found in known.all(Activiteit))} else "",
    )


def _soorten(known: Knowledge) -> dict[str, str]:
    """Kinds of which the kalender has an event, by id."""
    used = {event.soort for event in known.all(Event)}
    found = {str(activity.id): str(activity.naam) for activity in known.all(Activiteit) if activity.id in used}
    return found | {DEADLINE: DEADLINE_NAME}


def _month(text: str, today: date) -> date:
    """The first day of the month in the address; this month when there is none."""
    found = MONTH.fullmatch(text)
    return date(int(found[1]), int(found[2]), 1) if found else today.replace(day=1)


def _address(path: str, fields: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(fields)}" if fields else path


def _link(day: date, filters: Filters) -> dict[str, str]:
    """The page of the month of this day, and what it is called."""
    url = _address(PAGE, {"maand": f"{day:%Y-%m}", **filters.chosen})
    return {"url": url, "name": f"{MONTHS[day.month - 1]} {day.year}"}


def _shown(event: Event, known: Knowledge) -> dict[str, Any]:
    """An event as the list tells it."""
    is_for = [str(known.one(Wereld, id).naam) for id in event.werelden]
    is_for += [f"leerjaar {' en '.join(map(str, event.leerjaren))}"] if event.leerjaren else []
    return {
        "id": _anchor(event),
        "file": f"/kalender/{event.id}.ics" if event.datum else "",
        "title": event.titel,
        "day": event.datum.isoformat() if event.datum else "",
        "when": dutch_period(event) if event.datum else "",
        "place": event.plaats,
        "text": event.uitleg,
        "for": ", ".join(is_for),
        "by": event.organisator,
        "professionals": event.doelgroep == PROFESSIONALS,
        "cancelled": event.afgelast,
        "left": event.plekken,
        "sign_up": _signing_up(event),
        "example": event.voorbeeld,
    }


def _anchor(event: Event) -> str:
    return f"{event.id}-{event.datum:%m%d}" if event.datum and event.herhaal else str(event.id)


async def sign_up(request: Request) -> Response:
    """GET /kalender/naar/ID/N: counts that somebody follows link N of how to sign up, and sends her there."""
    count_page(request)
    id, number = request.path_params["id"], request.path_params["number"]
    event = (await run_in_threadpool(knowledge.current)).get(f"event:{id}")
    links = _links(event) if isinstance(event, Event) else []
    if not isinstance(event, Event) or number >= len(links):
        raise NotShown(404, event_file.NO_EVENT, event_file.WHY_NO_EVENT)
    if request.method == "GET":
        services(request).conversations.spool.put([counted("event_clicked", value=event.soort)])
    return RedirectResponse(links[number], 303, {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})


def _links(event: Event) -> list[str]:
    return [part["url"] for part in _with_links(event.aanmelden or "") if "url" in part]


def _signing_up(event: Event) -> list[dict[str, str]]:
    """How to sign up, in parts. A link goes by way of `sign_up`, so that it can be counted without a script."""
    parts, links = _with_links(event.aanmelden or ""), 0
    for part in parts:
        if "url" in part:
            part["url"], links = f"{PAGE}/naar/{event.id}/{links}", links + 1
    return parts


def _with_links(text: str) -> list[dict[str, str]]:
    """The text in parts: words, and addresses with the name of their site."""
    parts, at = [], 0
    for found in ADDRESS.finditer(text):
        try:
            site = urlsplit(found[0]).hostname
        except ValueError:
            site = None
        if site:
            parts += [{"text": text[at : found.start()]}, {"url": found[0], "text": site.removeprefix("www.")}]
            at = found.end()
    return [part for part in [*parts, {"text": text[at:]}] if part["text"]]


def _weeks(month: date, events: list[Event], today: date) -> list[list[dict[str, Any]]]:
    """The weeks of the month from Monday to Sunday; days of another month have no number."""
    weeks = []
    monday = month - timedelta(days=month.weekday())
    while monday < next_month(month):
        weeks.append([_day(monday + timedelta(days=n), month, events, today) for n in range(7)])
        monday += timedelta(days=7)
    return weeks


def _day(day: date, month: date, events: list[Event], today: date) -> dict[str, Any]:
    if day.month != month.month:
        return {"number": ""}
    here = [event for event in events if event.datum and event.last_day and event.datum <= day <= event.last_day]
    return {
        "number": day.day,
        "is_today": day == today,
        "events": [
            {
                "title": event.titel,
                "anchor": _anchor(event) if event.last_day and event.last_day >= today else "",
                "cancelled": event.afgelast,
                "example": event.voorbeeld,
            }
            for event in here
        ],
    }


routes: list[BaseRoute] = [Route(PAGE, page), Route(FEED, feed), Route(SIGN_UP, sign_up), *event_file.routes]
