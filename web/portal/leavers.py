"""/portal/vervolg: where the leavers of a school went, and whether they are content with it.

A decaan fills in the counts of her own schools; beheer reads what schools have finished, without small counts.
"""

from typing import Any, Optional

from starlette.responses import Response

from bot import knowledge
from bot.accounts.accounts import BEHEER, DECAAN
from bot.evaluation.leavers import (
    CONTENT,
    LEAST_SHOWN,
    MOST,
    NAMES,
    PLACES,
    TOTAL,
    AllLeavers,
    Leavers,
    remarks,
    years,
)
from bot.handoff.inbox import NotFound, Stale
from bot.knowledge import school_name
from bot.school_year import year_name
from web.portal.door import Refusal, Visit, route
from web.portal.inbox import number_of
from web.portal.sheets import Row, csv_file, xlsx_file

PAGE = "/portal/vervolg"
FILE = f"{PAGE}/bestand"
ROLES = (DECAAN, BEHEER)

LABELS = {
    TOTAL: "Leerlingen die van school gingen",
    **{f"mbo{level}-{way}": f"Mbo niveau {level}, {way}" for level in (1, 2, 3, 4) for way in ("bol", "bbl")},
    "havo": "Havo",
    "vmbo": "Verder in het vmbo",
    "werk": "Werk",
    "anders": "Iets anders",
    "onbekend": "Niet bekend",
    "tevreden": "Tevreden met de keuze",
    "twijfelt": "Twijfelt over de keuze",
    "niet-tevreden": "Niet tevreden met de keuze",
    "niet-gevraagd": "Niet gevraagd",
}
GROUPS = {"Waar gingen ze naartoe?": PLACES, "Zijn ze tevreden met hun keuze?": CONTENT}
DONE = {
    "concept": "Je concept is bewaard. Alleen decanen van je school zien het.",
    "klaar": "De aantallen zijn bewaard.",
}
"""What is said after something was done, by the word for it in the address."""
FEW = f"<{LEAST_SHOWN}"
NO_NUMBER = f"Typ bij elk vak een heel getal van 0 tot en met {MOST}, of laat het leeg."
NOT_RIGHT = "De aantallen kloppen nog niet met elkaar. Er is niets bewaard. Verbeter ze, of bewaar ze als concept."
STALE = "Een collega heeft dit intussen veranderd. Er is niets bewaard. Hieronder staat wat jij typte."
NOT_YOURS = "Deze school hoort niet bij je account, of dit schooljaar kun je niet invullen."


def page(visit: Visit) -> Response:
    """GET: for a decaan the form of a school and year, for beheer what schools have finished of a year. POST: saves."""
    if visit.account.role == BEHEER:
        return _outside(visit)
    if not visit.is_post:
        return _form(visit, note=DONE.get(visit.request.query_params.get("melding", ""), ""))
    school, year = _school(visit), _year(visit)
    draft = visit.form.get("doe") == "concept"
    counts = _counts(visit)
    if counts is None:
        return _form(visit, 422, error=NO_NUMBER)
    wrong = [] if draft else remarks(counts)
    if wrong:
        return _form(visit, 422, error=NOT_RIGHT, wrong=wrong)
    try:
        _leavers(visit).save(school, year, counts, draft, number_of(visit.form.get("version", "")))
    except Stale:
        return _form(visit, 409, error=STALE)
    except NotFound:
        raise Refusal(404, "Niet gevonden", NOT_YOURS) from None
    return visit.to(f"{PAGE}?school={school}&jaar={year}&melding={'concept' if draft else 'klaar'}")


def export(visit: Visit) -> Response:
    """GET /portal/vervolg/bestand: the counts of all her schools, of each year, as CSV or with soort=xlsx for Excel."""
    rows: list[Row] = [["school", "schooljaar", "concept", *LABELS.values()]]
    for year in years():
        for school, found in sorted(_leavers(visit).of_year(year).items()):
            counts = [_cell(found, name) for name in NAMES]
            rows.append([school_name(school), year_name(year), "ja" if found.draft else "nee", *counts])
    return (xlsx_file if visit.request.query_params.get("soort") == "xlsx" else csv_file)("vervolg", rows)


def _form(visit: Visit, status: int = 200, wrong: Optional[list[str]] = None, **context: Any) -> Response:
    school, year = _school(visit), _year(visit)
    now, before = (_leavers(visit).of_year(one).get(school) for one in (year, year - 1))
    typed: Any = visit.form if visit.is_post else now.counts if now else {}
    if wrong is None and now and not visit.is_post:
        wrong = remarks({name: number for name, number in now.counts.items() if number is not None})
    return visit.page(
        "leavers.html",
        status,
        url=PAGE,
        file=FILE,
        schools={id: school_name(id) for id in sorted(visit.account.schools)},
        years={one: year_name(one) for one in years()},
        school=school,
        school_label=school_name(school),
        year=year,
        total=(TOTAL, LABELS[TOTAL]),
        groups={title: {name: LABELS[name] for name in names} for title, names in GROUPS.items()},
        typed=typed,
        most=MOST,
        version=number_of(visit.form.get("version", "")) if visit.is_post else now.version if now else 0,
        draft=bool(now and now.draft),
        wrong=wrong or [],
        rows=[(LABELS[name], _cell(now, name), _cell(before, name)) for name in NAMES] if now or before else [],
        **context,
    )


def _outside(visit: Visit) -> Response:
    """What beheer sees: a table of the schools."""
    year = _year(visit)
    now, before = (_leavers(visit).of_year(one) for one in (year, year - 1))
    schools = [
        {
            "name": school_name(id),
            "rows": [(LABELS[name], _cell(now.get(id), name), _cell(before.get(id), name)) for name in NAMES],
        }
        for id in sorted(now)
    ]
    known = knowledge.schools_of_pupils()
    return visit.page(
        "leavers_outside.html",
        url=PAGE,
        file=FILE,
        years={one: year_name(one) for one in years()},
        year=year,
        schools=schools,
        few=FEW,
        missing=[school.label for school in known if school.id not in now],
    )


def _cell(found: Optional[Leavers], name: str) -> Any:
    """A count as it is shown: "" for what was not filled in."""
    if found is None:
        return ""
    number = found.counts.get(name, "")
    return FEW if number is None else number


def _counts(visit: Visit) -> Optional[dict[str, int]]:
    """The counts of the form, without the empty fields; None when one is no number."""
    typed = {name: visit.form.get(name, "").strip() for name in NAMES}
    filled = {name: text for name, text in typed.items() if text}
    if not all(text.isascii() and text.isdecimal() and len(text) <= len(str(MOST)) for text in filled.values()):
        return None
    return {name: int(text) for name, text in filled.items()}


def _school(visit: Visit) -> str:
    """The school that is asked for, or else the first of hers. Raises Refusal for one that is not hers."""
    asked = (visit.form if visit.is_post else visit.request.query_params).get("school", "")
    school = asked or next(iter(sorted(visit.account.schools)), "")
    if school not in visit.account.schools:
        raise Refusal(404, "Niet gevonden", NOT_YOURS)
    return school


def _year(visit: Visit) -> int:
    """The school year that is asked for, or else the last one. Raises Refusal for one that cannot be filled in."""
    asked = (visit.form if visit.is_post else visit.request.query_params).get("jaar", "")
    year = number_of(asked) if asked else years()[0]
    if year not in years():
        raise Refusal(404, "Niet gevonden", NOT_YOURS)
    return year


def _leavers(visit: Visit) -> AllLeavers:
    return AllLeavers(visit.account.id, None if visit.account.role == BEHEER else visit.account.schools)


routes = [
    route(PAGE, page, "GET", roles=ROLES),
    route(PAGE, page, "POST", roles=(DECAAN,)),
    route(FILE, export, "GET", roles=ROLES),
]
