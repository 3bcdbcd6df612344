"""The audit log, for beheer: on a page, and as a file for a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Optional
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from bot import clock, knowledge
from bot.accounts import accounts, audit
from bot.accounts.accounts import BEHEER
from bot.accounts.audit import Entry, Filter
from bot.knowledge.calendar import dutch_moment
from web.portal.door import AUDIT, PRIVATE, Visit, route

FILE = f"{AUDIT}.csv"
ID = re.compile(r"[0-9a-f]{32}")
ACTIONS = {
    "handoff_viewed": "Bekeek een overdracht",
    "knowledge_changed": "Veranderde de kennis",
    "gaps_viewed": "Bekeek wat Lobke niet begreep",
    "gap_ignored": "Negeerde vragen die Lobke niet begreep",
    "gap_restored": "Haalde genegeerde vragen terug",
    "links_checked": "Controleerde de links",
    "handoff_replied": "Beantwoordde een overdracht",
    "handoff_noted": "Schreef een notitie",
    "handoff_assigned": "Wees een overdracht toe",
    "handoff_forwarded": "Gaf een overdracht door",
    "handoff_snoozed": "Legde een overdracht weg",
    "handoff_closed": "Rondde een overdracht af",
    "handoff_reopened": "Opende een overdracht weer",
    "handoff_released": "Maakte een overdracht van niemand",
    "handoff_withdrawn": "Trok een overdracht in",
    "handoff_exported": "Bewaarde een overdracht als bestand",
    "handoff_deleted": "Wiste een overdracht",
    "canned_added": "Maakte een vast antwoord",
    "canned_changed": "Veranderde een vast antwoord",
    "canned_deleted": "Verwijderde een vast antwoord",
    "away_set": "Zette een afwezigheidsbericht aan",
    "away_deleted": "Haalde een afwezigheidsbericht weg",
    "scan_changed": "Vulde de LOB-scan in",
    "scan_copied": "Nam de LOB-scan van een eerder jaar over",
    "evaluation_added": "Maakte een evaluatie",
    "evaluation_closed": "Sloot een evaluatie",
    "evaluation_opened": "Opende een evaluatie weer",
    "leavers_saved": "Bewaarde het vervolg van oud-leerlingen",
    "report_numbers_saved": "Bewaarde cijfers van schooljaren",
    "report_texts_saved": "Bewaarde teksten van het jaarverslag",
    "login": "Logde in",
    "login_failed": "Inloggen mislukte",
    "logout": "Logde uit",
    "logout_everywhere": "Logde overal uit",
    "code_failed": "Gaf een foute code",
    "recovery_code_used": "Gebruikte een herstelcode",
    "second_factor_set": "Stelde de tweede stap in",
    "provider_tied": "Logde voor het eerst in met een account van een andere site",
    "password_failed": "Gaf een fout wachtwoord",
    "password_changed": "Veranderde het wachtwoord",
    "password_reset": "Koos een ander wachtwoord met een link",
    "reset_asked": "Vroeg een link voor een ander wachtwoord",
    "notices_chosen": "Koos hoe meldingen komen",
    "account_added": "Maakte een account",
    "account_changed": "Veranderde een account",
    "account_invited": "Maakte een uitnodiging",
    "account_mailed": "Liet een uitnodiging mailen",
    "invitation_used": "Gebruikte een uitnodiging",
    "account_disabled": "Zette een account uit",
    "account_deleted": "Verwijderde een account",
    "audit_viewed": "Bekeek het logboek",
    "audit_exported": "Bewaarde het logboek als bestand",
}
NOBODY = "Niemand ingelogd"
PUPIL = "Leerling"
COLUMNS = ["wanneer", "wie", "wat", "waarover", "bijzonderheden"]
NOT_A_FORMULA = re.compile(r"^(?=[=+\-@\t\r])")


def overview(visit: Visit) -> Response:
    """GET /portal/logboek: 100 rows, filtered."""
    chosen = _filter(visit)
    query = visit.request.query_params
    before = query.get("voor", "") if ID.fullmatch(query.get("voor", "")) else ""
    found = audit.read(chosen, visit.account.id, before)
    shown = found[: audit.PAGE]
    names = audit.names(shown)
    fields = _fields(chosen)
    return visit.page(
        "audit.html",
        rows=[_row(entry, names) for entry in shown],
        fields=fields,
        chosen=any(fields.values()),
        everyone=sorted(accounts.everyone(), key=lambda one: one.name.lower()),
        actions=ACTIONS,
        today=clock.today().isoformat(),
        export=_address(FILE, fields),
        first=_address(AUDIT, fields) if before else "",
        older=_address(AUDIT, {**fields, "voor": shown[-1].id}) if len(found) > audit.PAGE else "",
    )


def export(visit: Visit) -> Response:
    """GET /portal/logboek.csv: all rows of the same filter."""
    entries = audit.export(_filter(visit), visit.account.id)
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="logboek-{clock.today().isoformat()}.csv"'}
    return StreamingResponse(_lines(entries, audit.names()), headers=headers, media_type="text/csv; charset=utf-8")


def looks(id: str, schools: Iterable[str]) -> list[dict[str, Any]]:
    """Who looked at a handoff of these schools or changed it, for its page."""
    found = audit.of_handoff(id, frozenset(schools))
    names = audit.names(found)
    return [_row(entry, names) for entry in found]


def _filter(visit: Visit) -> Filter:
    query = visit.request.query_params

    def id(name: str) -> str:
        value = query.get(name, "").strip().lower()
        return value if ID.fullmatch(value) else ""

    action = query.get("wat", "")
    return Filter(
        account=id("wie"),
        action=action if action in ACTIONS else "",
        subject=id("overdracht"),
        since=_day(query.get("van", "")),
        until=_day(query.get("tot", "")),
    )


def _day(text: str) -> Optional[date]:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2100 else None


def _fields(chosen: Filter) -> dict[str, str]:
    """The filter as the fields of its form."""
    return {
        "wie": chosen.account,
        "wat": chosen.action,
        "overdracht": chosen.subject,
        "van": chosen.since.isoformat() if chosen.since else "",
        "tot": chosen.until.isoformat() if chosen.until else "",
    }


def _address(path: str, fields: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in fields.items() if value})
    return f"{path}?{query}" if query else path


def _row(entry: Entry, names: dict[str, str]) -> dict[str, Any]:
    about_handoff = entry.action.startswith("handoff_")
    subject = names.get(entry.subject, "") if entry.subject != entry.account_id else ""
    school = knowledge.current().get(f"school:{entry.subject}")
    return {
        "at": dutch_moment(entry.at),
        "who": _who(entry, names),
        "what": ACTIONS.get(entry.action, entry.action),
        "handoff": entry.subject if about_handoff else "",
        "subject": school.label if school else subject,
        "detail": _detail(entry, names),
    }


def _who(entry: Entry, names: dict[str, str]) -> str:
    if entry.account_id:
        return names.get(entry.account_id, "Een oud-collega")
    return PUPIL if entry.action in ("handoff_withdrawn", "handoff_exported", "handoff_deleted") else NOBODY


def _detail(entry: Entry, names: dict[str, str]) -> str:
    """What is kept beside it, in words."""
    if entry.action == "handoff_assigned":
        return f"aan {names.get(entry.detail, 'een oud-collega')}" if entry.detail else "aan niemand"
    if entry.action == "handoff_snoozed":
        return f"tot {entry.detail[:10]}"
    school = knowledge.current().get(f"school:{entry.detail}")
    return school.label if school else entry.detail.replace("_", " ")


def _lines(entries: Iterable[Entry], names: dict[str, str]) -> Iterator[str]:
    """The file as Dutch spreadsheets read it: with semicolons, and a mark that it is UTF-8."""
    yield "\ufeff" + _line(COLUMNS)
    for entry in entries:
        row = _row(entry, names)
        about = row["handoff"] or row["subject"]
        yield _line([f"{entry.at:%Y-%m-%d %H:%M:%S}", row["who"], row["what"], about, row["detail"]])


def _line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=";").writerow(NOT_A_FORMULA.sub("'", cell) for cell in cells)
    return line.getvalue()


routes = [
    route(AUDIT, overview, "GET", roles=(BEHEER,)),
    route(FILE, export, "GET", roles=(BEHEER,)),
]
