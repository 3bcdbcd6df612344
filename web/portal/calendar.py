"""Reading a file with events into the LOB-kalender: what it would change is shown first, and saved only after that.

The file goes along in the page that shows it, so nothing is kept between the two, and the page knows which version of
the kalender it was made on.
"""

import binascii
from base64 import b64decode, b64encode
from typing import Any, Optional

from starlette.responses import Response

from bot import clock
from bot.accounts.accounts import REDACTIE
from bot.knowledge import KnowledgeError, history, load, writing
from bot.knowledge.calendar import DEADLINE, dutch_date, dutch_period
from bot.knowledge.calendar_files import COLUMNS, LARGEST, LONGEST, Unreadable
from bot.knowledge.calendar_import import Defaults, Preview, applied, preview, shown
from bot.knowledge.loader import Knowledge, Problem
from bot.knowledge.models import Activiteit, Event
from bot.settings import settings
from web.portal.door import Visit, route

PAGE = "/portal/kennis/kalender"
FILE = "kalender.yml"
LARGEST_FORM = 3 * LARGEST  # the file goes along as text, which is longer, and there are ticks
MOST_PROBLEMS = 20
NOT_SHOWN = ("id", "titel", "bron", "betrouwbaarheid", "uid", "voorbeeld")

NO_FILE = "Kies eerst een bestand."
BROKEN = "In de kennisbestanden zit nu een fout. Herstel die eerst, want anders kan ik niets bewaren."
NOT_SOUND = "Dit kan ik zo niet bewaren. Er is niets veranderd. Haal weg wat hieronder staat, of verbeter het bestand."
OUTDATED = "De kalender is intussen veranderd, dus er is nog niets bewaard. Kijk opnieuw wat er verandert."
NOT_WRITTEN = "Bewaren lukte niet. Er is niets veranderd. Probeer het over een minuut nog eens."
NOTHING = "Je hebt niets aangevinkt, dus er is niets veranderd."
NOTES = {"bewaard": "Gelukt, het staat in de kalender. Lobke en de leerlingen zien het binnen een paar tellen."}


def calendar(visit: Visit) -> Response:
    """GET: choose a file. POST: what it would change, or, with `bewaren`, save what was ticked."""
    if not visit.is_post:
        return _ask(visit, note=NOTES.get(visit.request.query_params.get("melding", ""), ""))
    try:
        content = b64decode(visit.form.get("bestand", ""), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        return _ask(visit, 422, error=NO_FILE)
    try:
        text, known = writing.read(settings().knowledge_dir / FILE), load(settings().knowledge_dir)
    except KnowledgeError as error:
        return _ask(visit, 422, error=BROKEN, problems=error.problems)
    except (OSError, UnicodeDecodeError):
        return _ask(visit, 503, error=NOT_WRITTEN)
    name = " ".join(visit.form.get("bestand_naam", "").split())[:100]
    organisator = " ".join(visit.form.get("organisator", "").split())[: LONGEST["organisator"]]
    soort = visit.form.get("soort", "")
    source = f"{organisator or name or 'bestand'}, ingelezen op {dutch_date(clock.today()).partition(' ')[2]}"
    defaults = Defaults(organisator, soort if soort in _soorten(known) else "", source)
    try:
        made = preview(content, known, defaults, clock.today())
    except Unreadable as error:
        return _ask(visit, 422, error=str(error))
    again = {"bestand": b64encode(content).decode(), "bestand_naam": name, "organisator": organisator, "soort": soort}
    again["versie"] = writing.version(text)
    if "bewaren" not in visit.form:
        return _show(visit, made, again)
    if visit.form.get("versie") != again["versie"]:
        return _show(visit, made, again, 409, error=OUTDATED)
    chosen = {field.removeprefix("neem-") for field in visit.form if field.startswith("neem-")}
    return _save(visit, made, again, text, chosen)


def _save(visit: Visit, made: Preview, again: dict[str, str], text: str, chosen: set[str]) -> Response:
    counts = [sum(item.id in chosen for item in items) for items in (made.added, made.changed, made.dropped)]
    if not any(counts):
        return _show(visit, made, again, 422, error=NOTHING)
    try:
        new = applied(text, made, chosen)
        detail = "{} nieuw, {} veranderd, {} weg".format(*counts)
        problems = history.save(
            settings().knowledge_dir, {FILE: new}, {FILE: again["versie"]}, visit.account.id, detail
        )
    except writing.Outdated:
        return _show(visit, made, again, 409, error=OUTDATED)
    except OSError:
        return _show(visit, made, again, 503, error=NOT_WRITTEN)
    if problems:
        return _show(visit, made, again, 422, error=NOT_SOUND, problems=problems)
    return visit.to(f"{PAGE}?melding=bewaard")


def _ask(visit: Visit, status: int = 200, problems: Optional[list[Problem]] = None, **context: Any) -> Response:
    try:
        known = load(settings().knowledge_dir)
        soorten, organisators = _soorten(known), sorted({str(event.organisator) for event in known.all(Event)})
    except KnowledgeError as error:
        problems, soorten, organisators = error.problems, {}, []
        context.setdefault("error", BROKEN)
    return visit.page(
        "calendar.html",
        status,
        made=None,
        soorten=soorten,
        organisators=organisators,
        columns={field: names[1:4] for field, names in COLUMNS.items()},
        problems=list(map(str, (problems or [])[:MOST_PROBLEMS])),
        typed=visit.form,
        **context,
    )


def _show(
    visit: Visit,
    made: Preview,
    again: dict[str, str],
    status: int = 200,
    problems: Optional[list[Problem]] = None,
    **context: Any,
) -> Response:
    return visit.page(
        "calendar.html",
        status,
        made=made,
        again=again,
        added=[
            {
                "id": new.id,
                "title": new.fields["titel"],
                "where": new.where,
                "remarks": new.remarks,
                "fields": [
                    (name, shown(value))
                    for name, value in new.fields.items()
                    if name not in NOT_SHOWN and (value or name == "datum")
                ],
            }
            for new in made.added
        ],
        dropped=[
            {"id": event.id, "title": event.titel, "when": dutch_period(event) if event.datum else "datum volgt"}
            for event in made.dropped
        ],
        problems=list(map(str, (problems or [])[:MOST_PROBLEMS])),
        **context,
    )


def _soorten(known: Knowledge) -> dict[str, str]:
    return {str(activity.id): str(activity.naam) for activity in known.all(Activiteit)} | {DEADLINE: "Uiterste dag"}


routes = [route(PAGE, calendar, "GET", "POST", roles=(REDACTIE,), largest=LARGEST_FORM)]
