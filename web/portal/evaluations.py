"""/portal/evaluaties: ask people what they thought of an activity, and read what they said."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Optional

import segno
from markupsafe import Markup
from starlette.responses import Response

from bot import clock, knowledge
from bot.accounts.accounts import BEHEER, DECAAN
from bot.evaluation.evaluations import (
    AUDIENCES,
    LEAST_ANSWERS,
    LONGEST_NAME,
    MOST_ANSWERS,
    OPEN_DAYS,
    Evaluation,
    Evaluations,
    Link,
    questions,
)
from bot.handoff.inbox import NotFound
from bot.knowledge import school_name
from bot.knowledge.calendar import DEADLINE, dutch_date, occurrences
from bot.knowledge.models import Event
from bot.monitoring.small import STEP
from bot.monitoring.small import shown as shown_number
from web.portal.door import Refusal, Visit, route
from web.portal.sheets import Cell, Row, csv_file

PAGE = "/portal/evaluaties"
ROLES = (DECAAN, BEHEER)
YEAR = timedelta(days=366)
REGION = "Hele regio"

DONE = {
    "gemaakt": "De links staan klaar. Deel ze, of druk een blad af.",
    "dicht": "Hier kan nu niemand meer antwoorden.",
    "open": "Mensen kunnen weer antwoorden.",
}
"""What is said after something was done, by the word for it in the address."""
STATES = {
    "open": "Open",
    "dicht": "Gesloten",
    "voorbij": "Voorbij",
    "vol": f"Vol: er zijn {MOST_ANSWERS} antwoorden",
}
FEW = f"minder dan {LEAST_ANSWERS}"
GONE = "Deze evaluatie is er niet, of hoort bij een andere school."
NO_SCHOOL = "Kies eerst een school."
NOTHING = "Kies een activiteit uit de kalender, of typ de naam en de dag van een eigen activiteit."
BOTH = "Kies een activiteit uit de kalender, of typ er zelf een. Allebei kan niet."
NO_NAME = "Typ ook de naam van je activiteit."
LONG_NAME = f"Deze naam is langer dan {LONGEST_NAME} tekens. Maak hem korter."
NO_DAY = "Kies een dag van het afgelopen of het komende jaar."


class Wrong(Exception):
    """A form that cannot be done like this; the text is a sentence for who sent it."""


@dataclass(frozen=True)
class Activity:
    """Something people can be asked about; `day` is its last day."""

    name: str
    day: date


def overview(visit: Visit) -> Response:
    """GET /portal/evaluaties: what there is, and a form for a new one."""
    return _page(visit)


def new(visit: Visit) -> Response:
    """POST /portal/evaluaties: makes one with its links; one that is there already is shown again."""
    schools = _schools(visit)
    school = visit.form.get("school", next(iter(schools)) if len(schools) == 1 else "kies")
    try:
        if school not in schools:
            raise Wrong(NO_SCHOOL)
        activity = _chosen(visit)
    except Wrong as error:
        return _page(visit, 422, str(error))
    id = _evaluations(visit).add(school or None, activity.name, activity.day)
    return visit.to(f"{PAGE}/{id}?melding=gemaakt")


def one(visit: Visit) -> Response:
    """GET /portal/evaluaties/ID: the links, and what people answered. POST: closes a link or opens it again."""
    found = _found(visit)
    if visit.is_post:
        closed = visit.form.get("doe") == "sluit"
        try:
            _evaluations(visit).set_closed(found.id, visit.form.get("voor", ""), closed)
        except NotFound:
            raise Refusal(404, "Niet gevonden", GONE) from None
        return visit.to(f"{PAGE}/{found.id}?melding={'dicht' if closed else 'open'}")
    return visit.page(
        "evaluation.html",
        note=DONE.get(visit.request.query_params.get("melding", ""), ""),
        url=PAGE,
        few=FEW,
        least=LEAST_ANSWERS,
        step=STEP,
        links=[_shown(visit, link) for link in found.links],
        **_facts(found),
    )


def paper(visit: Visit) -> Response:
    """GET /portal/evaluaties/ID/afdrukken?voor=…: a page to print, with the code to scan."""
    found = _found(visit)
    audience = visit.request.query_params.get("voor", AUDIENCES[0])
    link = next((link for link in found.links if link.audience == audience), None)
    if link is None:
        raise Refusal(404, "Niet gevonden", GONE)
    return visit.page("evaluation_paper.html", url=PAGE, link=_shown(visit, link), **_facts(found))


def export(visit: Visit) -> Response:
    """GET /portal/evaluaties/ID/bestand: the counts and the texts, for a spreadsheet."""
    found = _found(visit)
    rows: list[Row] = [["activiteit", "dag", "voor", "vraag", "antwoord", "aantal"]]
    for link in found.links:
        about: list[Cell] = [found.name, found.day.isoformat(), questions(link.audience).naam]
        if link.number is None:
            rows.append([*about, "", "", FEW])
        for asked in _results(link):
            rows += [[*about, asked["question"], bar["answer"], bar["number"]] for bar in asked["bars"]]
        rows += [[*about, questions(link.audience).open, text, ""] for text in link.texts]
    return csv_file("evaluatie", rows)


def _page(visit: Visit, status: int = 200, error: str = "") -> Response:
    schools = _schools(visit)
    found = [{"id": one.id, **_facts(one)} for one in _evaluations(visit).all()]
    activities = _activities()
    return visit.page(
        "evaluations.html",
        status,
        error=error,
        url=PAGE,
        found=found,
        schools=schools,
        activities={key: f"{one.name}, {dutch_date(one.day)}" for key, one in activities.items()},
        typed=visit.form,
        longest=LONGEST_NAME,
        weeks=OPEN_DAYS // 7,
        first=(clock.today() - YEAR).isoformat(),
        last=(clock.today() + YEAR).isoformat(),
    )


def _chosen(visit: Visit) -> Activity:
    """The activity of the form. Raises Wrong."""
    event = visit.form.get("activiteit", "")
    name, day = " ".join(visit.form.get("naam", "").split()), visit.form.get("dag", "")
    if event:
        if name:
            raise Wrong(BOTH)
        found = _activities().get(event)
        if found is None:
            raise Wrong(NOTHING)
        return found
    if not name:
        raise Wrong(NO_NAME if day else NOTHING)
    if len(name) > LONGEST_NAME:
        raise Wrong(LONG_NAME)
    try:
        chosen = date.fromisoformat(day)
    except ValueError:
        raise Wrong(NO_DAY) from None
    if abs(chosen - clock.today()) > YEAR:
        raise Wrong(NO_DAY)
    return Activity(name, chosen)


def _activities() -> dict[str, Activity]:
    """What the kalender has of the past and the coming year, the nearest day first, each with a key for the form."""
    today = clock.today()
    found = {
        f"{time.id} {time.datum}": Activity(time.titel[:LONGEST_NAME], time.last_day)
        for event in knowledge.current().all(Event)
        if event.soort != DEADLINE and not event.afgelast
        for time in occurrences(event)
        if time.datum and time.last_day and abs(time.last_day - today) <= YEAR
    }
    return dict(sorted(found.items(), key=lambda one: (abs(one[1].day - today), one[1].name)))


def _schools(visit: Visit) -> dict[str, str]:
    """The schools she may ask for, by name; "" is the whole region."""
    if visit.account.role == DECAAN:
        return {id: school_name(id) for id in sorted(visit.account.schools)}
    schools = knowledge.schools_of_pupils()
    return {"": REGION, **{str(school.id): school.label for school in schools}}


def _shown(visit: Visit, link: Link) -> dict[str, Any]:
    """What the page says of a link."""
    address = f"{visit.origin_of_site}/evaluatie/{link.code[:4]}-{link.code[4:]}"
    picture = segno.make(address, error="m", micro=False)
    return {
        "audience": link.audience,
        "name": questions(link.audience).naam,
        "address": address,
        "picture": Markup(picture.svg_inline(light="#fff", border=4, omitsize=True, svgclass="qr", lineclass=None)),
        "state": STATES[link.state],
        "is_open": link.state in ("open", "vol"),
        "is_over": link.state == "voorbij",
        "number": link.number,
        "results": _results(link),
        "open": questions(link.audience).open,
        "texts": link.texts,
    }


def _results(link: Link) -> list[dict[str, Any]]:
    """How often each answer was given, in the order of the file, and what the file has no longer after that."""
    asked = {str(vraag.id): vraag for vraag in questions(link.audience).vragen}
    shown = []
    for id in dict.fromkeys([*asked, *link.counts] if link.number else []):
        counts = link.counts.get(id, {})
        answers = {str(one.id): str(one.tekst) for one in asked[id].antwoorden} if id in asked else {}
        most = max([*counts.values(), 1])
        bars = [
            {
                "answer": answers.get(name, name),
                "number": shown_number(counts.get(name, 0)),
                "width": round(100 * counts.get(name, 0) / most),
            }
            for name in dict.fromkeys([*answers, *counts])
        ]
        shown.append({"question": asked[id].vraag if id in asked else id, "bars": bars})
    return shown


def _facts(found: Evaluation) -> dict[str, Any]:
    over = clock.today() > found.last_day
    return {
        "id": found.id,
        "name": found.name,
        "day": dutch_date(found.day),
        "until": dutch_date(found.last_day),
        "over": over,
        "school": school_name(found.school) if found.school else REGION,
    }


def _found(visit: Visit) -> Evaluation:
    try:
        return _evaluations(visit).get(visit.request.path_params["id"])
    except NotFound:
        raise Refusal(404, "Niet gevonden", GONE) from None


def _evaluations(visit: Visit) -> Evaluations:
    schools: Optional[frozenset[str]] = None if visit.account.role == BEHEER else frozenset(visit.account.schools)
    return Evaluations(visit.account.id, schools)


routes = [
    route(PAGE, overview, "GET", roles=ROLES),
    route(PAGE, new, "POST", roles=ROLES),
    route(f"{PAGE}/{{id}}", one, "GET", "POST", roles=ROLES),
    route(f"{PAGE}/{{id}}/afdrukken", paper, "GET", roles=ROLES),
    route(f"{PAGE}/{{id}}/bestand", export, "GET", roles=ROLES),
]
