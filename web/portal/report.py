"""/portal/jaarverslag: the annual report of the region. Staff write its texts, enter numbers, and take it as a file.

A form knows what stood there when it was opened, so that nobody overwrites a colleague.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Optional

from anyio import from_thread
from starlette.responses import HTMLResponse, Response

from bot import clock, knowledge
from bot.accounts.accounts import BEHEER, REDACTIE
from bot.handoff.inbox import Stale
from bot.marks import mark_of
from bot.monitoring.entered import (
    BLOCKS,
    FIRST_YEAR,
    LABELS,
    LARGEST_FILE,
    LONGEST_TEXT,
    NONE_KNOWN,
    YEAR_HEAD,
    Entered,
    NotANumber,
    YearNumbers,
    number_of,
    read_file,
    year_of,
)
from bot.monitoring.report import Compared, numbers_of, report, years
from bot.school_year import school_year, year_name
from web.api import services
from web.documents import INSTEAD_OF_PDF, NO_PDF, WORD_TYPE, NoPdf
from web.portal.door import PRIVATE, Refusal, Visit, route
from web.report import HTML, PDF, WORD, as_file, as_html, file_name

PAGE = "/portal/jaarverslag"
NUMBERS = f"{PAGE}/cijfers"
ROLES = (REDACTIE, BEHEER)
LARGEST = 200_000  # bytes of a form with texts
LARGEST_WITH_FILE = 3 * LARGEST_FILE  # the file goes along as text
MOST_WRONG = 20
TYPES = {HTML: "text/html; charset=utf-8", PDF: "application/pdf", WORD: WORD_TYPE}
DONE = {
    "bewaard": "Het is bewaard.",
    "overgenomen": "De teksten van vorig jaar staan in de vakken die leeg waren. Kijk ze na.",
    "niets": "Er viel niets over te nemen: je vakken zijn al gevuld, of vorig jaar had geen teksten.",
}
"""What is said after something was done, by the word for it in the address."""
NO_YEAR = "Dit schooljaar is er niet, of het is nog niet begonnen."
NO_KIND = "Zo'n bestand maakt Lobke niet."
LONG = f"Deze tekst is langer dan {LONGEST_TEXT} tekens. Maak hem korter."
WRONG = "Er is nog niets bewaard. Kijk bij de velden met een fout."
STALE = (
    "Een collega veranderde dit intussen. Er is nog niets bewaard. Hieronder staat wat jij typte, en wat er nu staat."
)
NO_FILE = "Kies eerst een bestand."
FILE_WRONG = "Er klopt iets niet in dit bestand. Er is niets bewaard. Verbeter het en kies het opnieuw."
OUTDATED = "De cijfers zijn intussen veranderd, dus er is nog niets bewaard. Kijk opnieuw wat er verandert."


def overview(visit: Visit) -> Response:
    """GET /portal/jaarverslag: the school years."""
    now = school_year(clock.today())
    rows = [{"url": f"{PAGE}/{year_name(year)}", "name": year_name(year), "runs": year == now} for year in years()]
    return visit.page("reports.html", years=rows, numbers=NUMBERS)


def one(visit: Visit) -> Response:
    """GET and POST /portal/jaarverslag/JAAR: the texts of a report, and the ways to look at it."""
    year = _year(visit)
    if not visit.is_post:
        return _texts(visit, year, note=DONE.get(visit.request.query_params.get("melding", ""), ""))
    typed = {block: visit.form.get(f"veld-{block}", "").replace("\r\n", "\n").strip() for block in BLOCKS}
    wrong = {block: LONG for block, text in typed.items() if len(text) > LONGEST_TEXT}
    if wrong:
        return _texts(visit, year, typed, 422, wrong=wrong, error=WRONG)
    try:
        changes = {block: (visit.form.get(f"gezien_{block}", ""), text) for block, text in typed.items()}
        Entered(visit.account.id).save_texts(year, changes)
    except Stale:
        return _texts(visit, year, typed, 409, error=STALE)
    return visit.to(f"{PAGE}/{year_name(year)}?melding=bewaard")


def take_over(visit: Visit) -> Response:
    """POST /portal/jaarverslag/JAAR/overnemen: puts the texts of the year before in the empty blocks."""
    year = _year(visit)
    try:
        taken = Entered(visit.account.id).take_over(year)
    except Stale:
        return _texts(visit, year, status=409, error=STALE)
    return visit.to(f"{PAGE}/{year_name(year)}?melding={'overgenomen' if taken else 'niets'}")


def preview(visit: Visit) -> Response:
    """GET /portal/jaarverslag/JAAR/voorbeeld: the report as a page."""
    return HTMLResponse(as_html(report(_year(visit)), standalone=False), headers=PRIVATE)


def file(visit: Visit) -> Response:
    """GET /portal/jaarverslag/JAAR/SOORT: the report as a file. One PDF is made at a time."""
    made, kind = report(_year(visit)), visit.request.path_params["soort"]
    if kind not in TYPES:
        raise Refusal(404, "Niet gevonden", NO_KIND)
    one_at_a_time = services(visit.request).making_pdf
    if kind == PDF:
        from_thread.run(one_at_a_time.acquire)
    try:
        content = as_file(made, kind)
    except NoPdf:
        raise Refusal(503, NO_PDF, INSTEAD_OF_PDF) from None
    finally:
        if kind == PDF:
            from_thread.run_sync(one_at_a_time.release)
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{file_name(made, kind)}"'}
    return Response(content, media_type=TYPES[kind], headers=headers)


def numbers(visit: Visit) -> Response:
    """GET /portal/jaarverslag/cijfers: the numbers of each year, and a form for one. POST: keeps them, or, with a file,
    shows first what it changes.
    """
    if not visit.is_post:
        return _numbers(visit, note=DONE.get(visit.request.query_params.get("melding", ""), ""))
    return _file(visit) if "bestand" in visit.form else _form(visit)


def _form(visit: Visit) -> Response:
    """Keeps the numbers of the one year in the form."""
    year = _asked(visit.form.get("jaar", ""))
    typed = {name: visit.form.get(f"veld-{name}", "").strip() for name in LABELS}
    found, wrong = {}, {}
    for name, text in typed.items():
        try:
            found[name] = number_of(text)
        except NotANumber as error:
            wrong[name] = str(error)
    if wrong:
        return _numbers(visit, typed, 422, wrong=wrong, error=WRONG)
    try:
        Entered(visit.account.id).save_numbers({year: (visit.form.get("gezien", ""), YearNumbers(**found))})
    except Stale:
        return _numbers(visit, typed, 409, error=STALE)
    return visit.to(f"{NUMBERS}?jaar={year_name(year)}&melding=bewaard")


def _file(visit: Visit) -> Response:
    """Shows what a file changes, or, with `bewaren`, keeps it."""
    try:
        content = b64decode(visit.form["bestand"], validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        return _numbers(visit, status=422, error=NO_FILE)
    entered = Entered(visit.account.id)
    now = entered.numbers()
    made, wrong = read_file(content, now, school_year(clock.today()))
    if wrong:
        return _numbers(visit, status=422, error=FILE_WRONG, wrong_lines=wrong[:MOST_WRONG])
    again = {"bestand": b64encode(content).decode(), "versie": mark_of(str(sorted(now.items())))}
    if "bewaren" not in visit.form:
        return _preview(visit, now, made, again)
    if visit.form.get("versie") != again["versie"]:
        return _preview(visit, now, made, again, 409, error=OUTDATED)
    try:
        entered.save_numbers({year: (now.get(year, NONE_KNOWN).mark, new) for year, new in made.items()})
    except Stale:
        now = entered.numbers()
        made, _ = read_file(content, now, school_year(clock.today()))
        again["versie"] = mark_of(str(sorted(now.items())))
        return _preview(visit, now, made, again, 409, error=OUTDATED)
    return visit.to(f"{NUMBERS}?melding=bewaard")


def _preview(
    visit: Visit,
    now: Mapping[int, YearNumbers],
    made: Mapping[int, YearNumbers],
    again: Mapping[str, str],
    status: int = 200,
    **context: Any,
) -> Response:
    rows = []
    for year, new in sorted(made.items()):
        old = now.get(year, NONE_KNOWN)
        lines = [
            (label, _shown(getattr(old, name)) or "leeg", _shown(getattr(new, name)))
            for name, label in LABELS.items()
            if getattr(old, name) != getattr(new, name)
        ]
        rows.append({"name": year_name(year), "changes": lines})
    changed = [row for row in rows if row["changes"]]
    return visit.page(
        "report_import.html",
        status,
        url=NUMBERS,
        years=changed,
        same=[row["name"] for row in rows if not row["changes"]],
        again=again,
        **context,
    )


def _numbers(visit: Visit, typed: Optional[dict[str, str]] = None, status: int = 200, **context: Any) -> Response:
    asked = (visit.form if visit.is_post else visit.request.query_params).get("jaar", "")
    year = _asked(asked) if asked else school_year(clock.today())
    known, today, entered = knowledge.current(), clock.today(), Entered().numbers()
    shown = sorted({*years(), *entered}, reverse=True)
    found = {one: numbers_of(known, entered, one, today) for one in {*shown, year}}
    now = entered.get(year, NONE_KNOWN)
    fields = {name: _shown(getattr(now, name)) for name in LABELS}
    return visit.page(
        "report_numbers.html",
        status,
        url=NUMBERS,
        back=PAGE,
        labels=LABELS,
        head=YEAR_HEAD,
        year=year_name(year),
        years=[year_name(one) for one in range(school_year(today), FIRST_YEAR - 1, -1)],
        rows=[{"name": year_name(one), "cells": [_cell(found[one], name) for name in LABELS]} for one in shown],
        mark=now.mark,
        fields=typed or fields,
        now=fields if status == 409 else {},
        computed={name: found[year].number(name) for name in LABELS if found[year].is_computed(name)},
        **context,
    )


def _texts(
    visit: Visit, year: int, typed: Optional[dict[str, str]] = None, status: int = 200, **context: Any
) -> Response:
    entered = Entered()
    now = entered.texts(year)
    before = entered.texts(year - 1)
    said = {section.id: section.said for section in report(year).sections}
    blocks = [
        {
            "id": block,
            "label": label,
            "said": said[block],
            "text": typed[block] if typed else now[block],
            "mark": mark_of(now[block]),
            "now": now[block] if typed and _is_elsewhere(visit, block, typed[block], now[block]) else None,
        }
        for block, label in BLOCKS.items()
    ]
    return visit.page(
        "report.html",
        status,
        url=f"{PAGE}/{year_name(year)}",
        back=PAGE,
        numbers=f"{NUMBERS}?jaar={year_name(year)}",
        year=year_name(year),
        blocks=blocks,
        longest=LONGEST_TEXT,
        offer=year_name(year - 1) if any(before[block] and not now[block] for block in BLOCKS) else "",
        **context,
    )


def _is_elsewhere(visit: Visit, block: str, typed: str, now: str) -> bool:
    """Whether a colleague made something else of a block than what was seen and what was typed."""
    return mark_of(now) not in (visit.form.get(f"gezien_{block}", ""), mark_of(typed))


def _cell(found: Compared, name: str) -> dict[str, str]:
    """A number of a year with what does not stand in the report beside it."""
    other = getattr(found.entered, name) if found.is_computed(name) else None
    return {"text": found.words(name), "unused": "" if other is None else str(other)}


def _shown(number: Optional[int]) -> str:
    return "" if number is None else str(number)


def _year(visit: Visit) -> int:
    return _asked(visit.request.path_params["schooljaar"])


def _asked(typed: str) -> int:
    """The school year in an address or a form. Raises Refusal for one that has not begun."""
    year = year_of(typed)
    if year is None or not FIRST_YEAR <= year <= school_year(clock.today()):
        raise Refusal(404, "Niet gevonden", NO_YEAR)
    return year


YEAR = f"{PAGE}/{{schooljaar}}"
routes = [
    route(PAGE, overview, "GET", roles=ROLES),
    route(NUMBERS, numbers, "GET", "POST", roles=ROLES, largest=LARGEST_WITH_FILE),
    route(YEAR, one, "GET", "POST", roles=ROLES, largest=LARGEST),
    route(f"{YEAR}/overnemen", take_over, "POST", roles=ROLES),
    route(f"{YEAR}/voorbeeld", preview, "GET", roles=ROLES),
    route(f"{YEAR}/{{soort}}", file, "GET", roles=ROLES),
]
