"""/portal/cijfers: the figures of a period, for decanen of their own schools, and for redactie and beheer of all."""

import re
from datetime import date, timedelta
from typing import Any, Optional
from urllib.parse import urlencode

from starlette.responses import Response

from bot import clock, knowledge
from bot.accounts.accounts import BEHEER, DECAAN, REDACTIE
from bot.knowledge import school_name
from bot.knowledge.calendar import dutch_date
from bot.monitoring.figures import Figures, Period, figures
from bot.monitoring.overview import Table, bars, definitions, in_file, period_name, tables, written
from bot.school_year import first_day, school_year
from web.portal.door import Refusal, Visit, route
from web.portal.sheets import Row, csv_file, workbook_file, xlsx_file

PAGE = "/portal/cijfers"
ROLES = (DECAAN, REDACTIE, BEHEER)
EVERYTHING = "alles"
"""The name of the file with all tables."""
MOST_MONTHS = 120
MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
ALL, NO_SCHOOL = "", "geen"
"""In the address, for who may see more than schools."""

NO_MONTH = "Kies een maand die bestaat, zoals 2026-08."
IN_FUTURE = "Kies een maand die al begonnen is."
TURNED = "De laatste maand is eerder dan de eerste. Draai ze om."
TOO_LONG = f"Kies een periode van hooguit {MOST_MONTHS // 12} jaar."
NOT_YOURS = "Deze school is er niet, of hoort niet bij je account."
NO_TABLE = "Dit bestand is er niet."


class Wrong(Exception):
    """A period that cannot be shown; the text is a sentence for who asked."""


def page(visit: Visit) -> Response:
    """GET /portal/cijfers?van=2026-08&tot=2026-10&school=ID: every table of a period; without one this school year."""
    school = _school(visit)
    try:
        period = _period(visit)
    except Wrong as wrong:
        return _page(visit, school, None, 422, error=str(wrong))
    return _page(visit, school, figures(period, _key(school)))


def csv(visit: Visit) -> Response:
    """GET /portal/cijfers/NAAM.csv: one table of the same period and school."""
    found, name = _asked(visit)
    return csv_file(name, _rows(_table(visit, found)))


def xlsx(visit: Visit) -> Response:
    """GET /portal/cijfers/NAAM.xlsx: one table, or with the name `alles` all of them, a sheet each."""
    found, name = _asked(visit)
    if visit.request.path_params["name"] == EVERYTHING:
        return workbook_file(name, {table.title: _rows(table) for table in found})
    return xlsx_file(name, _rows(_table(visit, found)))


def _page(visit: Visit, school: str, found: Optional[Figures], status: int = 200, error: str = "") -> Response:
    period = found.period if found else None
    query = _query(period, school) if period else ""
    return visit.page(
        "figures.html",
        status,
        error=error,
        url=PAGE,
        query=query,
        everything=EVERYTHING,
        schools=_schools(visit),
        school=school,
        typed=_typed(visit, period),
        this_month=f"{clock.today():%Y-%m}",
        periods=[
            {"name": name, "url": f"{PAGE}?{_query(one, school)}", "is_chosen": one == period}
            for name, one in _periods().items()
        ],
        period=period_name(period) if period else "",
        before=period_name(period.before) if period else "",
        until=_counted_until(period) if period else "",
        tables=_shown(tables(found, _key(school))) if found and found.numbers else [],
        is_empty=bool(found and not found.numbers),
    )


def _shown(found: tuple[Table, ...]) -> list[dict[str, Any]]:
    """The tables as they are written."""
    known = definitions()
    return [
        {
            "table": table,
            "rows": [(row.label, [written(value) for value in row.values]) for row in table.rows],
            "bars": bars(table),
            "definitions": [known[name] for name in table.explained if name in known],
        }
        for table in found
    ]


def _asked(visit: Visit) -> tuple[tuple[Table, ...], str]:
    """The tables of the address, and the name of the file. Raises Refusal."""
    school = _school(visit)
    try:
        period = _period(visit)
    except Wrong as wrong:
        raise Refusal(422, "Dat lukt niet", str(wrong)) from None
    parts = (visit.request.path_params["name"], f"{period.first:%Y-%m}", f"{_last(period):%Y-%m}", school)
    return tables(figures(period, _key(school)), _key(school)), "-".join(("cijfers", *filter(None, parts)))


def _table(visit: Visit, found: tuple[Table, ...]) -> Table:
    table = next((one for one in found if one.name == visit.request.path_params["name"]), None)
    if table is None:
        raise Refusal(404, "Niet gevonden", NO_TABLE)
    return table


def _rows(table: Table) -> list[Row]:
    heads: list[Row] = [[table.head, *table.columns]]
    return heads + [[row.label, *map(in_file, row.values)] for row in table.rows]


def _key(school: str) -> Optional[str]:
    """The school as `figures` asks for it."""
    return {ALL: None, NO_SCHOOL: ""}.get(school, school)


def _schools(visit: Visit) -> dict[str, str]:
    """What she may choose from, by its name."""
    if visit.account.role == DECAAN:
        return {id: school_name(id) for id in sorted(visit.account.schools)}
    known = knowledge.schools_of_pupils()
    together = {ALL: "Alle scholen samen", NO_SCHOOL: "Zonder school"}
    return together | {str(school.id): school.label for school in known}


def _school(visit: Visit) -> str:
    """The school that is asked for, or else the first that she may choose. Raises Refusal for one that she may not."""
    schools = _schools(visit)
    school = visit.request.query_params.get("school") or next(iter(schools), "")
    if school not in schools:
        raise Refusal(404, "Niet gevonden", NOT_YOURS)
    return school


def _period(visit: Visit) -> Period:
    """The period that is asked for. Raises Wrong."""
    query, this_month = visit.request.query_params, clock.today().replace(day=1)
    last = _month(query["tot"]) if query.get("tot") else this_month
    first = _month(query["van"]) if query.get("van") else first_day(school_year(last))
    if max(first, last) > this_month:
        raise Wrong(IN_FUTURE)
    if last < first:
        raise Wrong(TURNED)
    found = _from_to(first, last)
    if found.months > MOST_MONTHS:
        raise Wrong(TOO_LONG)
    return found


def _month(text: str) -> date:
    found = MONTH.fullmatch(text.strip())
    if not found:
        raise Wrong(NO_MONTH)
    return date(int(found[1]), int(found[2]), 1)


def _periods() -> dict[str, Period]:
    """The periods that are one click away."""
    this_month = clock.today().replace(day=1)
    month, begin = Period(this_month, 1), first_day(school_year(this_month))
    return {
        "Deze maand": month,
        "Vorige maand": month.before,
        "Dit schooljaar": _from_to(begin, this_month),
        "Vorig schooljaar": Period(begin, 12).before,
    }


def _from_to(first: date, last: date) -> Period:
    return Period(first, (last.year - first.year) * 12 + last.month - first.month + 1)


def _last(period: Period) -> date:
    return Period(period.first, period.months - 1).end


def _counted_until(period: Period) -> str:
    """The last day that is counted when the period still runs, else ""."""
    return dutch_date(clock.today() - timedelta(days=1)) if period.end > clock.today() else ""


def _typed(visit: Visit, period: Optional[Period]) -> dict[str, str]:
    """What stands in the form: the period that is shown, or else what was typed."""
    if period:
        return {"van": f"{period.first:%Y-%m}", "tot": f"{_last(period):%Y-%m}"}
    return {name: visit.request.query_params.get(name, "") for name in ("van", "tot")}


def _query(period: Period, school: str) -> str:
    fields = {"van": f"{period.first:%Y-%m}", "tot": f"{_last(period):%Y-%m}", "school": school}
    return urlencode({name: value for name, value in fields.items() if value})


routes = [
    route(PAGE, page, "GET", roles=ROLES),
    route(f"{PAGE}/{{name}}.csv", csv, "GET", roles=ROLES),
    route(f"{PAGE}/{{name}}.xlsx", xlsx, "GET", roles=ROLES),
]
