"""/portal/scan: the LOB-scan of a school for a school year, for its decanen and for beheer.

It is filled in by heading. A form knows what each answer was when it was opened, so that nobody overwrites a colleague.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Optional

from starlette.responses import Response

from bot import clock, knowledge
from bot.accounts.accounts import BEHEER, DECAAN
from bot.handoff.inbox import NotFound, Stale
from bot.knowledge import school_name
from bot.knowledge.calendar import dutch_date
from bot.knowledge.models import Lobscan, Onderdeel, Punt
from bot.monitoring import scan
from bot.monitoring.scan import NOTHING, Answer, Answers, Scans, Value, percentage, still_open
from bot.school_year import school_year, year_name
from web.portal.door import PRIVATE, Refusal, Visit, route
from web.portal.sheets import XLSX

PAGE = "/portal/scan"
ROLES = (DECAAN, BEHEER)
LARGEST = 200_000  # bytes of a form
YEARS_BESIDE = 4  # earlier years in the comparison
CHOICES = {"nee": "Nee", "deels": "Deels", "ja": "Ja", "nvt": "N.v.t.", "": "Nog niet ingevuld"}
LONGEST = {"bewijs": scan.LONGEST_EVIDENCE, "actie": scan.LONGEST_ACTION, "wie": scan.LONGEST_OWNER}
LABELS = {"bewijs": "Bewijs", "actie": "Actie", "wie": "Wie doet het?", "datum": "Voor welke dag?"}

NO_SCAN = "Deze scan is er niet, of hoort bij een andere school."
SAVED = "Dit onderdeel is bewaard."
COPIED = "De antwoorden van het eerdere jaar staan erin. Kijk ze na en verander wat anders is."
LONG = "Deze tekst is langer dan {} tekens. Maak hem korter."
NO_DAY = "Kies een dag die bestaat."
WRONG = "Er is nog niets bewaard. Kijk bij {}."
STALE = "Een collega veranderde intussen iets. Er is nog niets bewaard. Kijk bij {} wat er nu staat."


@dataclass
class Typed:
    """What a form holds for one point. `seen`: the mark of what stood there; `wrong`: a sentence by field."""

    fields: dict[str, str]
    answer: Answer
    seen: str
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def is_touched(self) -> bool:
        """Whether she changed anything."""
        return bool(self.wrong) or self.answer.mark != self.seen


@dataclass(frozen=True)
class Here:
    """The scan of a school in a year, as a request asks for it."""

    scans: Scans
    points: Lobscan
    school: str
    year: int
    years: Mapping[int, Answers]

    @property
    def answers(self) -> Answers:
        """What the school said in this year."""
        return self.years.get(self.year, {})

    @property
    def earlier(self) -> list[int]:
        """The years before this one that hold something, the latest first."""
        return sorted((year for year in self.years if year < self.year), reverse=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"{PAGE}/{self.school}/{self.year}"

    def context(self) -> dict[str, Any]:
        """What every page of it shows."""
        return {"url": self.url, "school": school_name(self.school), "year": year_name(self.year)}


def overview(visit: Visit) -> Response:
    """GET /portal/scan: the schools, each with its years."""
    points = knowledge.current().lobscan
    counts = _scans(visit).years(points)
    schools = set(visit.account.schools) if visit.account.role == DECAAN else _every_school() | set(counts)
    rows = [
        {
            "name": school_name(school),
            "years": [
                {
                    "url": f"{PAGE}/{school}/{year}",
                    "name": year_name(year),
                    "number": counts.get(school, {}).get(year, 0),
                }
                for year in _years(counts.get(school, {}))
            ],
        }
        for school in sorted(schools, key=lambda one: school_name(one).lower())
    ]
    return visit.page("scan.html", schools=rows, total=len(points.punten), source=points.bron)


def one(visit: Visit) -> Response:
    """GET /portal/scan/SCHOOL/JAAR: the headings, and what is still open in each."""
    here = _here(visit)
    note = COPIED if visit.request.query_params.get("melding") == "overgenomen" else ""
    offer = year_name(here.earlier[0]) if here.earlier and not here.answers else ""
    return visit.page("scan_year.html", note=note, offer=offer, headings=_outcomes(here), **here.context())


def copy(visit: Visit) -> Response:
    """POST /portal/scan/SCHOOL/JAAR/overnemen: begins with the answers of the latest earlier year."""
    here = _here(visit)
    if not here.earlier:
        return visit.to(here.url)
    here.scans.copy(here.school, here.year, here.earlier[0])
    return visit.to(f"{here.url}?melding=overgenomen")


def heading(visit: Visit) -> Response:
    """GET and POST /portal/scan/SCHOOL/JAAR/onderdeel/ID: the points of a heading."""
    here = _here(visit)
    headings = here.points.onderdelen
    place = next((i for i, one in enumerate(headings) if one.id == visit.request.path_params["onderdeel"]), None)
    if place is None:
        raise Refusal(404, "Niet gevonden", NO_SCAN)
    this = headings[place]
    following = headings[place + 1] if place + 1 < len(headings) else None
    if not visit.is_post:
        note = SAVED if visit.request.query_params.get("melding") == "bewaard" else ""
        return _form(visit, here, this, following, note=note)
    typed = {str(punt.id): _typed(visit, punt) for punt in this.punten if f"gezien_{punt.id}" in visit.form}
    if wrong := [id for id, one in typed.items() if one.wrong]:
        return _form(visit, here, this, following, typed, 422, error=WRONG.format(_and(wrong)))
    try:
        here.scans.save(here.school, here.year, {id: (one.seen, one.answer) for id, one in typed.items()})
    except Stale:
        here = _here(visit)
        changed = [id for id, one in typed.items() if _is_elsewhere(one, here.answers.get(id, NOTHING))]
        return _form(visit, here, this, following, typed, 409, error=STALE.format(_and(changed)))
    if "verder" in visit.form:
        return visit.to(f"{here.url}/onderdeel/{following.id}" if following else f"{here.url}/uitslag")
    return visit.to(f"{here.url}/onderdeel/{this.id}?melding=bewaard")


def outcome(visit: Visit) -> Response:
    """GET /portal/scan/SCHOOL/JAAR/uitslag: percentages, actions, earlier years and the region."""
    return visit.page("scan_outcome.html", **_outcome(_here(visit)))


def paper(visit: Visit) -> Response:
    """GET /portal/scan/SCHOOL/JAAR/afdrukken: the outcome and every answer, to print."""
    here = _here(visit)
    parts = [
        {"name": part.naam, "points": [_said(punt, here.answers.get(punt.id, NOTHING)) for punt in part.punten]}
        for part in here.points.onderdelen
    ]
    return visit.page("scan_paper.html", parts=parts, printed=dutch_date(clock.today()), **_outcome(here))


def workbook(visit: Visit) -> Response:
    """GET /portal/scan/SCHOOL/JAAR/excel: a sheet with every answer, and one with the percentages."""
    here = _here(visit)
    points: list[list[Any]] = [["Onderdeel", "Id", "Punt", "Antwoord", *LABELS.values()]]
    for part in here.points.onderdelen:
        for punt in part.punten:
            answer = here.answers.get(punt.id, NOTHING)
            texts = [answer.evidence, answer.action, answer.owner]
            points.append([part.naam, punt.id, punt.tekst, CHOICES[answer.value], *texts, answer.due])
    outcomes: list[list[Any]] = [["Onderdeel", "Percentage", "Punten", "Nog open"]]
    for one in _outcomes(here):
        outcomes.append([one["name"], one["percentage"], one["number"], " ".join(one["open"])])
    name = f"lob-scan-{here.school}-{year_name(here.year)}.xlsx"
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_xlsx({"Punten": points, "Uitslag": outcomes}), headers=headers, media_type=XLSX)


def _form(
    visit: Visit,
    here: Here,
    this: Onderdeel,
    following: Optional[Onderdeel],
    typed: Optional[dict[str, Typed]] = None,
    status: int = 200,
    **context: Any,
) -> Response:
    """The form of a heading, with what she typed where she changed something, and else with what is there."""
    points = [_point(punt, here.answers.get(punt.id, NOTHING), (typed or {}).get(punt.id)) for punt in this.punten]
    return visit.page(
        "scan_heading.html",
        status,
        heading=this,
        points=points,
        open=[punt.id for punt in still_open(this.punten, here.answers)],
        following=following,
        choices=CHOICES,
        labels=LABELS,
        longest=LONGEST,
        **here.context(),
        **context,
    )


def _point(punt: Punt, now: Answer, typed: Optional[Typed]) -> dict[str, Any]:
    """A point in the form. `now`: what a colleague made of it meanwhile, when she changed it as well."""
    touched = typed if typed and typed.is_touched else None
    return {
        "punt": punt,
        "fields": touched.fields if touched else _fields(now),
        "wrong": touched.wrong if touched else {},
        "mark": now.mark,
        "now": _said(punt, now) if touched and _is_elsewhere(touched, now) else None,
        "is_open": not now.value,
    }


def _is_elsewhere(typed: Typed, now: Answer) -> bool:
    """Whether a colleague changed this point to something else than she did."""
    return typed.is_touched and now.mark not in (typed.seen, typed.answer.mark)


def _typed(visit: Visit, punt: Punt) -> Typed:
    form = visit.form
    fields = {name: form.get(f"veld-{name}-{punt.id}", "").replace("\r\n", "\n").strip() for name in LABELS}
    value = form.get(f"antwoord_{punt.id}", "")
    fields["antwoord"] = value
    wrong = {name: LONG.format(most) for name, most in LONGEST.items() if len(fields[name]) > most}
    due = None
    if fields["datum"]:
        try:
            due = date.fromisoformat(fields["datum"])
        except ValueError:
            wrong["datum"] = NO_DAY
    if due and not 2000 <= due.year < 2100:
        wrong["datum"] = NO_DAY
    kept: Value = next((one for one in scan.VALUES if one == value), "")
    answer = Answer(kept, fields["bewijs"], fields["actie"], fields["wie"], due)
    return Typed(fields, answer, form[f"gezien_{punt.id}"], wrong)


def _fields(answer: Answer) -> dict[str, str]:
    return {
        "antwoord": answer.value,
        "bewijs": answer.evidence,
        "actie": answer.action,
        "wie": answer.owner,
        "datum": answer.due.isoformat() if answer.due else "",
    }


def _said(punt: Punt, answer: Answer) -> dict[str, Any]:
    """A point with its answer, in words."""
    return {
        "id": punt.id,
        "text": punt.tekst,
        "choice": CHOICES[answer.value],
        "evidence": answer.evidence,
        "action": answer.action,
        "owner": answer.owner,
        "day": dutch_date(answer.due) if answer.due else "",
        "is_late": answer.due is not None and answer.due < clock.today(),
    }


def _outcomes(here: Here) -> list[dict[str, Any]]:
    """Each heading with its percentage, None without one, and the points that are open."""
    return [
        {
            "id": part.id,
            "name": part.naam,
            "number": len(part.punten),
            "percentage": percentage(part.punten, here.answers),
            "open": [punt.id for punt in still_open(part.punten, here.answers)],
        }
        for part in here.points.onderdelen
    ]


def _outcome(here: Here) -> dict[str, Any]:
    before = here.earlier[:YEARS_BESIDE]
    region = here.scans.region(here.school, here.year, here.points)
    compared = [
        {"name": part.naam, "years": [percentage(part.punten, here.years[year]) for year in before]}
        for part in here.points.onderdelen
    ]
    return {
        "headings": _outcomes(here),
        "region": region,
        "least": scan.LEAST_SCHOOLS,
        "step": scan.STEP,
        "lowest": scan.LOWEST,
        "highest": scan.HIGHEST,
        "before": [year_name(year) for year in before],
        "compared": compared,
        "actions": [_said(punt, answer) for punt, answer in scan.actions(here.points.punten, here.answers)],
        **here.context(),
    }


def _xlsx(sheets: Mapping[str, Iterable[list[Any]]]) -> bytes:
    """An Excel file. Text is text, also when it begins as a formula does."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row, 1):
                cell = sheet.cell(number, column)
                if isinstance(value, str):
                    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
                    cell.data_type = "s"
                    cell.quotePrefix = True
                else:
                    cell.value = value
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                cell.font = Font(bold=number == 1)
        for column in sheet.columns:
            longest = max(len(str(cell.value or "")) for cell in column)
            sheet.column_dimensions[column[0].column_letter].width = min(max(longest + 2, 10), 50)
        sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _here(visit: Visit) -> Here:
    school, year = visit.request.path_params["school"], visit.request.path_params["jaar"]
    scans = _scans(visit)
    try:
        years = scans.all(school)
    except NotFound:
        raise Refusal(404, "Niet gevonden", NO_SCAN) from None
    known = visit.account.schools if visit.account.role == DECAAN else _every_school()
    if (school not in known and not years) or year not in map(str, _years(years)):
        raise Refusal(404, "Niet gevonden", NO_SCAN)
    return Here(scans, knowledge.current().lobscan, school, int(year), years)


def _scans(visit: Visit) -> Scans:
    return Scans(visit.account.id, None if visit.account.role == BEHEER else visit.account.schools)


def _every_school() -> set[str]:
    return {str(school.id) for school in knowledge.schools_of_pupils()}


def _years(filled: Iterable[int]) -> list[int]:
    """The years of which a school may fill in its scan, the latest first."""
    now = school_year(clock.today())
    return sorted({now, now - 1, *filled}, reverse=True)


def _and(ids: list[str]) -> str:
    return " en ".join([", ".join(ids[:-1]), ids[-1]] if len(ids) > 1 else ids)


YEAR = f"{PAGE}/{{school}}/{{jaar}}"
routes = [
    route(PAGE, overview, "GET", roles=ROLES),
    route(YEAR, one, "GET", roles=ROLES),
    route(f"{YEAR}/overnemen", copy, "POST", roles=ROLES),
    route(f"{YEAR}/onderdeel/{{onderdeel}}", heading, "GET", "POST", roles=ROLES, largest=LARGEST),
    route(f"{YEAR}/uitslag", outcome, "GET", roles=ROLES),
    route(f"{YEAR}/afdrukken", paper, "GET", roles=ROLES),
    route(f"{YEAR}/excel", workbook, "GET", roles=ROLES),
]
