"""/portal/kennis: what Lobke knows, to read, change, preview, publish and undo, for redactie and beheer.

The page keeps a draft until it is published; nothing before that is saved. A form knows what the entry was when it was
opened, so that nobody overwrites what a colleague did meanwhile.
"""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Optional
from urllib.parse import quote, urlencode

from starlette.responses import Response
from yaml import YAMLError

from bot import clock
from bot.accounts import audit
from bot.accounts.accounts import BEHEER, REDACTIE
from bot.knowledge import KnowledgeError, history, load, loader, writing
from bot.knowledge.calendar import dutch_date, dutch_moment
from bot.knowledge.check import WHOLE_FILES, Finding, check
from bot.knowledge.history import Version
from bot.knowledge.loader import Files, Knowledge, Problem, references
from bot.knowledge.models import TYPES, Entry
from bot.knowledge.writing import Place
from bot.settings import settings
from web.portal import knowledge_form, preview
from web.portal.door import KNOWLEDGE, Refusal, View, Visit, route
from web.portal.knowledge_form import Errors, Field, Values, fields_of
from web.portal.sealed import unseal

PAGE = KNOWLEDGE
ROLES = (REDACTIE, BEHEER)
LARGEST_ENTRY = 200_000  # bytes of a form
LARGEST_FILE = 4_000_000
MOST_FOUND = 200
FAULT = "fout"
TITLES = {
    "werelden": "Werelden",
    "opleidingen": "Opleidingen",
    "leerwegen": "Leerwegen",
    "profielen": "Profielen",
    "niveaus": "Niveaus van het mbo",
    "doorstroom": "Doorstroom",
    "activiteiten": "LOB-activiteiten",
    "praktijken": "Goede voorbeelden van scholen",
    "scholen": "Scholen",
    "interesses": "Interesses",
    "hulplijnen": "Hulplijnen",
    "nood": "Zware berichten",
    "talen": "Andere talen",
    "kalender": "LOB-kalender",
    "jaarritme": "Wat je wanneer doet",
    "schoolvakanties": "Schoolvakanties",
    "antwoorden": "Vaste zinnen en knoppen",
    "spelling": "Spelling van leerlingen",
    "verkenning": "Verkenning",
    "gesprekken": "Gesprekken met vaste vragen",
    "lobscan": "Punten van de LOB-scan",
    "evaluaties": "Vragen over activiteiten",
    "moeilijke_woorden": "Moeilijke woorden",
}
STATES = {
    "fout": "Met een fout",
    "waarschuwing": "Met een waarschuwing",
    "voorbeeld": "Voorbeelden",
    "voorbij": "Voorbij of na te kijken",
}
NOTES = {
    "gepubliceerd": "Het staat live. Lobke antwoordt er binnen 2 tellen mee.",
    "weg": "Het is weg. Bij de geschiedenis zet je het terug als dat nodig is.",
    "terug": "De oude tekst staat weer live. Ook dat is een nieuwe versie.",
}
BROKEN = "Dit bestand heeft een fout, dus er is geen formulier. Herstel het hier, of zet een oude versie terug."
ELSEWHERE = "Er zit een fout in een ander bestand. Herstel die eerst, want anders kan ik niets publiceren."
MISTAKES = "Dit kan nog niet live. Er is niets veranderd. Kijk wat er bij de velden staat."
NOT_SOUND = "Dit kan nog niet live. Er is niets veranderd. Hieronder staat wat er mis is, en op welke regel."
SAME = "Er is nog niets veranderd. Verander eerst iets."
LOOK_FIRST = "Dit is net iets anders dan wat je bekeek. Kijk nog even, en publiceer het dan."
CONFLICT = "Een collega heeft dit item intussen veranderd. Er is nog niets gepubliceerd. Kijk eerst wat er nu staat."
FILE_CONFLICT = (
    "Een collega heeft dit bestand intussen veranderd. Er is nog niets gepubliceerd. Hieronder staan de verschillen."
)
NOT_WRITTEN = "Bewaren lukte niet. Er is niets veranderd. Probeer het over een minuut nog eens."
NO_ENTRY = "Dit item is er niet meer. Misschien haalde een collega het weg. Bij de geschiedenis zet je het terug."
NO_FILE = "Dit bestand is er niet."
NO_VERSION = "Deze versie is er niet."
ID_TAKEN = "Dit kenmerk bestaat al. Kies een ander, of verander het item dat er al is."
TO_FILL_IN = "Dit is nog leeg. Vul het in, of vink minstens 1 ding aan."
EMPTY = ("dit veld ontbreekt", "hier moet iets staan", "hier moet minstens één ding staan")
"""What is said of a file when a field is empty."""
_ONE_FIELD = re.compile(r"^veld '(\w+)[^']*': ")
_KEY = re.compile(r"'([a-z]+:[^']+)' verwijst")


@dataclass(frozen=True)
class Sheet:
    """A knowledge file, as the pages see it. `model`: of its entries, None when the file is one whole."""

    file: str
    text: str
    title: str
    model: Optional[type[Entry]]
    items: dict[str, dict[str, Any]]
    places: dict[str, Place]
    findings: list[Finding]

    @property
    def slug(self) -> str:
        """Its name in an address."""
        return slug_of(self.file)

    @property
    def version(self) -> str:
        """What tells this text from any other."""
        return writing.version(self.text)

    @property
    def has_form(self) -> bool:
        """Whether its entries can be changed with a form."""
        return self.model is not None and (bool(self.places) or not any(f.level == FAULT for f in self.findings))

    def of_entry(self, id: str) -> list[Finding]:
        """What is wrong with an entry."""
        place = self.places[id]
        return [finding for finding in self.findings if place.first <= finding.line <= place.last]


@dataclass(frozen=True)
class Row:
    """A line of a list."""

    id: str
    name: str
    url: str
    states: list[tuple[str, str]]
    until: str
    look_at: str
    changed: str


@dataclass
class Draft:
    """What a form would make of a file. `errors` and `remarks`: by field; `others`: mistakes elsewhere."""

    id: str
    text: str
    errors: Errors = field(default_factory=dict)
    remarks: Errors = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    knowledge: Optional[Knowledge] = None

    @property
    def mark(self) -> str:
        """What tells the entry of this draft from any other."""
        return writing.version(_entry(self.text, self.id))

    @property
    def is_sound(self) -> bool:
        """Whether it can be published."""
        return not self.errors and self.knowledge is not None


def slug_of(file: str) -> str:
    """The name of a file in an address."""
    return file.removesuffix(".yml").replace("/", "-")


_kept: tuple[Any, list[Sheet]] = (None, [])
_looking = threading.Lock()


def sheets() -> list[Sheet]:
    """All knowledge files as they are now; a change outside the portal is kept as a version. Raises DatabaseDown."""
    global _kept
    folder = settings().knowledge_dir
    texts = {path.relative_to(folder).as_posix(): _read(path) for path in sorted(folder.rglob("*.yml"))}
    history.notice({file: text for file, text in texts.items() if "\ufffd" not in text})
    key = (folder, clock.today(), [writing.version(text) for text in texts.values()], list(texts))
    with _looking:
        if _kept[0] != key:
            findings = check(folder, clock.today())
            before = {sheet.file: sheet for sheet in _kept[1]}
            _kept = (key, [_sheet(folder, file, text, findings, before.get(file)) for file, text in texts.items()])
        return _kept[1]


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return "\ufffd"


def _sheet(folder: Path, file: str, text: str, findings: list[Finding], before: Optional[Sheet]) -> Sheet:
    found = [one for one in findings if one.file == file]
    if before and before.text == text:
        return replace(before, findings=found)
    type, _, rest = file.partition("/")
    type = type.removesuffix(".yml")
    title = f"Onderwerpen: {rest.removesuffix('.yml')}" if rest else TITLES.get(type, type)
    model = None if file in WHOLE_FILES else TYPES.get(type)
    data = Files(folder).yaml(folder / file, text.encode())
    items: dict[str, dict[str, Any]] = {}
    places: dict[str, Place] = {}
    if model and isinstance(data, dict) and isinstance(data.get("items"), list):
        try:
            places = writing.places(text)
        except YAMLError:
            places = {}
        items = dict(zip(places, (one for one in data["items"] if isinstance(one, dict)), strict=False))
    return Sheet(file, text, title, model, items, places, found)


def _found(visit: Visit) -> Sheet:
    wanted = visit.request.path_params["bestand"]
    sheet = next((sheet for sheet in sheets() if sheet.slug == wanted), None)
    if sheet is None:
        raise Refusal(404, "Niet gevonden", NO_FILE)
    return sheet


def again_when_outdated(view: View) -> View:
    """The same view, which begins anew when somebody saved just before it did."""

    @wraps(view)
    def tried(visit: Visit) -> Response:
        for _ in range(3):
            try:
                return view(visit)
            except writing.Outdated:
                continue
        raise Refusal(409, "Dat lukt niet", NOT_WRITTEN)

    return tried


def overview(visit: Visit) -> Response:
    """GET /portal/kennis: the files with counts; with `zoek` the entries of this name."""
    query = " ".join(visit.request.query_params.get("zoek", "").split())[:80]
    all_sheets = sheets()
    found = [
        (sheet, row)
        for sheet in all_sheets
        for id, raw in (sheet.items.items() if query else ())
        if query.lower() in _searched(id, raw)
        for row in [_row(sheet, id, {})]
    ]
    files = [
        {
            "title": sheet.title,
            "url": f"{PAGE}/{'lijst' if sheet.has_form else 'bestand'}/{sheet.slug}",
            "number": len(sheet.items) if sheet.model else None,
            "faults": sum(finding.level == FAULT for finding in sheet.findings),
            "warnings": sum(finding.level != FAULT for finding in sheet.findings),
            "examples": sum(raw.get("voorbeeld") is True for raw in sheet.items.values()),
        }
        for sheet in all_sheets
    ]
    problems = loader.live.error.problems[:MOST_FOUND] if loader.live.error else []
    return visit.page(
        "knowledge.html",
        files=sorted(files, key=lambda one: (not one["faults"], str(one["title"]))),
        query=query,
        found=found[:MOST_FOUND],
        number=len(found),
        problems=[(str(problem), problem.mend, f"{PAGE}/bestand/{slug_of(problem.file)}") for problem in problems],
        note=_note(visit),
        url=PAGE,
    )


def entries(visit: Visit) -> Response:
    """GET /portal/kennis/lijst/BESTAND: the entries of a file, by name and by state."""
    sheet = _found(visit)
    if not sheet.has_form:
        return visit.to(f"{PAGE}/bestand/{sheet.slug}")
    params = visit.request.query_params
    query, state = " ".join(params.get("zoek", "").split())[:80], params.get("status", "")
    changed = history.last_changes(sheet.file)
    rows = [_row(sheet, id, changed) for id in sheet.items]
    counts = {name: sum(_has(row, name) for row in rows) for name in STATES}
    shown = [
        row
        for row in rows
        if (not query or query.lower() in _searched(row.id, sheet.items[row.id])) and (not state or _has(row, state))
    ]
    return visit.page(
        "knowledge_list.html",
        sheet=sheet,
        rows=shown[:MOST_FOUND],
        number=len(shown),
        total=len(rows),
        query=query,
        state=state,
        states=STATES,
        counts=counts,
        note=_note(visit),
        url=PAGE,
    )


@again_when_outdated
def change(visit: Visit) -> Response:
    """GET and POST /portal/kennis/item/BESTAND/ID: the form, the preview, and publishing."""
    sheet, id = _found(visit), visit.request.path_params["id"]
    if not sheet.has_form:
        return visit.to(f"{PAGE}/bestand/{sheet.slug}")
    if id not in sheet.items:
        raise Refusal(404, "Niet gevonden", NO_ENTRY)
    return _edit(visit, sheet, id)


@again_when_outdated
def new(visit: Visit) -> Response:
    """GET and POST /portal/kennis/nieuw/BESTAND: a new entry; with the name of a type first in which file."""
    wanted = visit.request.path_params["bestand"]
    options = [sheet for sheet in sheets() if sheet.model and sheet.model.type == wanted and sheet.slug != wanted]
    if len(options) > 1:
        query = urlencode({"vraag": visit.request.query_params.get("vraag", "")})
        return visit.page("knowledge_where.html", options=options, query=query, url=PAGE)
    sheet = options[0] if options else _found(visit)
    if sheet.model is None or not sheet.has_form:
        return visit.to(f"{PAGE}/bestand/{sheet.slug}")
    return _edit(visit, sheet, None)


def _edit(visit: Visit, sheet: Sheet, id: Optional[str]) -> Response:
    assert sheet.model
    raw = sheet.items[id] if id else {}
    fields = fields_of(sheet.model, _live(), id is None)
    if not visit.is_post:
        values = knowledge_form.shown(fields, raw)
        questions = unseal(visit, visit.request.query_params.get("vraag", ""))  # that Lobke did not understand
        if questions:
            values[f"{knowledge_form.PREFIX}vragen"] = questions
        return _form(visit, sheet, id, fields, values)
    if id and visit.form.get("was") != _mark(sheet, id):
        now = knowledge_form.shown(fields, raw)
        both = [(one.label, theirs, yours) for one, theirs, yours in _both(fields, now, visit.form)]
        return _form(visit, sheet, id, fields, dict(visit.form), 409, error=CONFLICT, both=both)
    changed, errors = knowledge_form.typed(fields, visit.form, raw)
    if not changed and not errors:
        return _form(visit, sheet, id, fields, dict(visit.form), 422, error=SAME)
    draft = _draft(sheet, id, changed, errors, [one.name for one in fields])
    if not draft.is_sound:
        error = MISTAKES if draft.errors else ELSEWHERE
        return _form(visit, sheet, id, fields, dict(visit.form), 422, error=error, draft=draft)
    publishes = visit.form.get("doe") == "publiceren"
    if not publishes or visit.form.get("gezien") != draft.mark:
        error = LOOK_FIRST if publishes else ""
        return _form(visit, sheet, id, fields, dict(visit.form), 422 if error else 200, error=error, draft=draft)
    name = _name(draft.id, {**raw, **changed})
    summary = f"{name}: {'veranderd' if id else 'nieuw'}"
    failed = _save(visit, sheet, draft.text, summary)
    if failed:
        return _form(visit, sheet, id, fields, dict(visit.form), failed[0], error=failed[1])
    return visit.to(f"{PAGE}/lijst/{sheet.slug}?melding=gepubliceerd")


def _form(
    visit: Visit,
    sheet: Sheet,
    id: Optional[str],
    fields: list[Field],
    values: Values,
    status: int = 200,
    draft: Optional[Draft] = None,
    **context: Any,
) -> Response:
    seen = None
    if draft and draft.is_sound:
        assert sheet.model and draft.knowledge
        key = f"{sheet.model.type}:{draft.id}"
        before = knowledge_form.shown(fields, sheet.items[id]) if id else {}
        seen = {
            "answers": preview.preview(key, draft.knowledge, _live() or draft.knowledge),
            "changes": [
                (one.label, history.words_between(old, new)) for one, old, new in _both(fields, before, visit.form)
            ],
            "mark": draft.mark,
        }
    return visit.page(
        "knowledge_form.html",
        status,
        sheet=sheet,
        id=id,
        name=_name(id, sheet.items[id]) if id else "",
        fields=fields,
        values=values,
        rows=lambda one: knowledge_form.rows(one, values),
        draft=draft,
        seen=seen,
        mark=_mark(sheet, id) if id else "",
        findings=sheet.of_entry(id) if id and draft is None else [],
        markdown=preview.markdown,
        inline=preview.inline,
        link=preview.link,
        url=PAGE,
        **context,
    )


def _both(fields: list[Field], one: Values, other: Any) -> Iterator[tuple[Field, str, str]]:
    """The fields in which two forms differ, with their values as words."""
    for part in fields:
        a, b = _words(part, one), _words(part, other)
        if a != b:
            yield part, a, b


def _words(part: Field, values: Any) -> str:
    if part.kind == "groep":
        inner = [(one.label, _words(one, values)) for one in part.fields]
        return "\n".join(f"{label}: {value}" for label, value in inner if value)
    if part.kind == "vinkjes":
        return ", ".join(label for value, label in part.options if f"{part.input}-{value}" in values)
    if part.kind == "paren":
        numbers = knowledge_form.pair_numbers(part, values)
        pairs = [(values[f"{part.input}-{at}-naam"], values.get(f"{part.input}-{at}-tekst", "")) for at in numbers]
        return "\n".join(f"{name}: {' '.join(text.split())}" for name, text in pairs if text.strip())
    value = str(values.get(part.input, "")).replace("\r\n", "\n").strip()
    return dict(part.options).get(value, value) if part.kind == "keuze" else value


def _draft(sheet: Sheet, id: Optional[str], changed: dict[str, Any], errors: Errors, order: list[str]) -> Draft:
    """The file with these fields for an entry, or with a new entry, and what is wrong with it."""
    assert sheet.model
    if id is None:
        made = str(changed.pop("id", "") or "")
        taken = {one for other in sheets() if other.model is sheet.model for one in other.items}
        if made in taken:
            errors.setdefault("id", []).append(ID_TAKEN)
            return Draft(made, sheet.text, errors)
        if not made and not knowledge_form.id_is_a_code(sheet.model):
            begin = knowledge_form.new_id(changed)
            made = next(one for one in (begin, *(f"{begin}-{n}" for n in range(2, 999))) if one not in taken)
        ordered = {name: changed[name] for name in order if changed.get(name) is not None}
        draft = Draft(made, writing.inserted(sheet.text, {"id": made, **ordered}), errors)
    else:
        draft = Draft(id, writing.with_fields(sheet.text, id, changed), errors)
    findings, problems, draft.knowledge = _examined(sheet.file, draft.text)
    place = writing.places(draft.text)[draft.id]
    for finding in findings:
        if finding.file == sheet.file and place.first <= finding.line <= place.last:
            _sort(draft, finding, place, order)
    draft.others = [str(one) for one in problems if one.file != sheet.file or not place.first <= one.line <= place.last]
    return draft


def _sort(draft: Draft, finding: Finding, place: Place, order: list[str]) -> None:
    """Puts a finding beside its field."""
    named = _ONE_FIELD.match(finding.message)
    name = named[1] if named and named[1] in order else place.field_at(finding.line, finding.column) or ""
    message = _ONE_FIELD.sub("", finding.message) if named else finding.message
    said = f"{message[:1].upper()}{message[1:]}. {finding.mend}".strip()
    if message in EMPTY:
        said = TO_FILL_IN
    (draft.errors if finding.level == FAULT else draft.remarks).setdefault(name, []).append(said)


def _examined(file: str, text: str) -> tuple[list[Finding], list[Problem], Optional[Knowledge]]:
    """What is wrong when a file has this text, and the knowledge when it can be read."""
    with writing.tried(settings().knowledge_dir, {file: text}) as copy:
        findings = check(copy, clock.today(), file)
        try:
            return findings, [], load(copy)
        except KnowledgeError as error:
            return findings, error.problems, None


def _save(visit: Visit, sheet: Sheet, text: str, summary: str) -> Optional[tuple[int, str]]:
    """Publishes a text of a file; else the status and the sentence that say why not. Raises Outdated."""
    folder = settings().knowledge_dir
    try:
        problems = history.save(folder, {sheet.file: text}, {sheet.file: sheet.version}, visit.account.id, summary)
    except (OSError, ValueError):
        return 503, NOT_WRITTEN
    if problems:
        return 422, ELSEWHERE
    return None


@again_when_outdated
def remove(visit: Visit) -> Response:
    """GET and POST /portal/kennis/weg/BESTAND/ID: takes an entry away, after a second question."""
    sheet, id = _found(visit), visit.request.path_params["id"]
    if id not in sheet.items or sheet.model is None:
        raise Refusal(404, "Niet gevonden", NO_ENTRY)
    text = writing.removed(sheet.text, id)
    users = _users(sheet, id, text)
    if not visit.is_post:
        return _ask(visit, sheet, id, users)
    if visit.form.get("was") != _mark(sheet, id):
        return _ask(visit, sheet, id, users, 409, CONFLICT)
    if users:
        return _ask(visit, sheet, id, users, 422)
    failed = _save(visit, sheet, text, f"{_name(id, sheet.items[id])}: weg")
    if failed:
        return _ask(visit, sheet, id, users, *failed)
    return visit.to(f"{PAGE}/lijst/{sheet.slug}?melding=weg")


def _ask(
    visit: Visit, sheet: Sheet, id: str, users: list[tuple[str, str]], status: int = 200, error: str = ""
) -> Response:
    return visit.page(
        "knowledge_remove.html",
        status,
        error=error,
        sheet=sheet,
        id=id,
        name=_name(id, sheet.items[id]),
        text=_entry(sheet.text, id),
        mark=_mark(sheet, id),
        users=users,
        url=PAGE,
    )


def _users(sheet: Sheet, id: str, text: str) -> list[tuple[str, str]]:
    """What stands in the way of taking an entry away: in words, with the page to change it."""
    assert sheet.model
    key, known = f"{sheet.model.type}:{id}", _live()
    found: dict[str, str] = {}
    where = {f"{one.model.type}:{other}": one for one in sheets() if one.model for other in one.items}
    for entry in known.entries.values() if known else ():
        if entry.key in where and any(reference == key for _, reference in references(entry)):
            page = f"{PAGE}/item/{where[entry.key].slug}/{entry.id}"
            found.setdefault(f"{entry.label} ({where[entry.key].title})", page)
    for problem in _examined(sheet.file, text)[1]:
        named = _KEY.search(problem.message)
        if not (named and named[1] in where):
            found.setdefault(f"{problem}. {problem.mend}", f"{PAGE}/bestand/{slug_of(problem.file)}")
    return list(found.items())


@again_when_outdated
def whole(visit: Visit) -> Response:
    """GET and POST /portal/kennis/bestand/BESTAND: the file itself."""
    sheet = _found(visit)
    if not visit.is_post:
        broken = any(finding.level == FAULT for finding in sheet.findings)
        return _file(visit, sheet, sheet.text, error=BROKEN if broken and sheet.model else "", findings=sheet.findings)
    typed = visit.form.get("text", "").replace("\r\n", "\n")
    if "\r\n" in sheet.text:
        typed = typed.replace("\n", "\r\n")
    if visit.form.get("was") != sheet.version:
        hunks = history.lines_between(sheet.text, typed)
        return _file(visit, sheet, typed, 409, error=FILE_CONFLICT, hunks=hunks, is_conflict=True)
    if typed == sheet.text:
        return _file(visit, sheet, typed, 422, error=SAME, findings=sheet.findings)
    findings, problems, knowledge = _examined(sheet.file, typed)
    here = [finding for finding in findings if finding.file == sheet.file]
    if knowledge is None or any(finding.level == FAULT for finding in here):
        others = [str(problem) for problem in problems if problem.file != sheet.file]
        return _file(visit, sheet, typed, 422, error=NOT_SOUND, findings=here, others=others)
    publishes, mark = visit.form.get("doe") == "publiceren", writing.version(typed)
    if not publishes or visit.form.get("gezien") != mark:
        hunks = history.lines_between(sheet.text, typed)
        error = LOOK_FIRST if publishes else ""
        status = 422 if error else 200
        return _file(visit, sheet, typed, status, error=error, findings=here, hunks=hunks, seen=mark)
    failed = _save(visit, sheet, typed, _summary(history.changed_entries(sheet.text, typed)))
    if failed:
        return _file(visit, sheet, typed, failed[0], error=failed[1])
    return visit.to(f"{PAGE}?melding=gepubliceerd")


def _file(visit: Visit, sheet: Sheet, text: str, status: int = 200, **context: Any) -> Response:
    return visit.page("knowledge_file.html", status, sheet=sheet, text=text, url=PAGE, **context)


def _summary(changed: dict[str, str]) -> str:
    """What happened to the entries of a file, in words."""
    some = [f"{id}: {how}" for id, how in list(changed.items())[:5]]
    rest = [f"en nog {len(changed) - 5}"] if len(changed) > 5 else []
    return ", ".join([*some, *rest]) or "Bestand veranderd"


def past(visit: Visit) -> Response:
    """GET /portal/kennis/geschiedenis: the versions of all files, of one (`bestand`) or of an entry (`item`)."""
    params = visit.request.query_params
    all_sheets = sheets()
    sheet = next((one for one in all_sheets if one.slug == params.get("bestand")), None)
    id = params.get("item", "") if sheet else ""
    titles = {one.file: one.title for one in all_sheets}
    found = history.versions(sheet.file if sheet else "", id)
    names = audit.names()
    rows = [
        {
            "id": one.id,
            "when": _moment(one.at),
            "who": names.get(one.account_id or "", "Buiten het portaal"),
            "what": one.summary,
            "entries": _summary(one.entries) if one.entries else "",
            "title": titles.get(one.file, one.file),
            "url": f"{PAGE}/versie/{one.id}?{urlencode({'item': id})}" if id else f"{PAGE}/versie/{one.id}",
        }
        for one in found
    ]
    name = _name(id, sheet.items[id]) if sheet and id in sheet.items else id
    return visit.page("knowledge_history.html", rows=rows, sheet=sheet, id=id, name=name, url=PAGE)


def between(visit: Visit) -> Response:
    """GET /portal/kennis/verschil: the difference of two versions of a file, `van` and `tot`."""
    params = visit.request.query_params
    one, other = (_version(params.get(name, "")) for name in ("van", "tot"))
    if one.file != other.file:
        raise Refusal(404, "Niet gevonden", NO_VERSION)
    first, last = sorted((one, other), key=lambda version: version.id)
    before, after = history.text_of(first.id), history.text_of(last.id)
    id = params.get("item", "")
    hunks = history.lines_between(_entry(before, id) if id else before, _entry(after, id) if id else after)
    words = f"Van {_moment(first.at)} tot {_moment(last.at)}"
    return _show_version(visit, last, id, hunks=hunks, words=words)


@again_when_outdated
def version(visit: Visit) -> Response:
    """GET and POST /portal/kennis/versie/ID: what a version changed; back to it, of the file or of one entry."""
    found = _version(visit.request.path_params["id"])
    sheet = next((sheet for sheet in sheets() if sheet.file == found.file), None)
    if sheet is None:
        raise Refusal(404, "Niet gevonden", NO_FILE)
    id = (visit.form if visit.is_post else visit.request.query_params).get("item", "")
    then = history.text_of(found.id)
    text = _with_entry_of(sheet, then, id) if id else then
    hunks = history.lines_between(sheet.text, text)
    before = history.before(found)
    context: dict[str, Any] = {"did": history.lines_between(before, then) if before else [], "hunks": hunks}
    context |= {"words": "Wat er verandert als je deze versie terugzet", "can_undo": bool(hunks), "mark": sheet.version}
    if not visit.is_post:
        return _show_version(visit, found, id, **context)
    if visit.form.get("was") != sheet.version:
        return _show_version(visit, found, id, 409, error=FILE_CONFLICT, **context)
    findings, problems, knowledge = _examined(sheet.file, text)
    if knowledge is None:
        others = [f"{problem}. {problem.mend}" for problem in problems]
        return _show_version(visit, found, id, 422, error=NOT_SOUND, others=others, **context)
    of = f"{_name(id, sheet.items.get(id, {}))}: " if id else ""
    failed = _save(visit, sheet, text, f"{of}terug naar {_moment(found.at)}")
    if failed:
        return _show_version(visit, found, id, failed[0], error=failed[1], **context)
    return visit.to(f"{PAGE}?melding=terug")


def _show_version(visit: Visit, found: Version, id: str, status: int = 200, **context: Any) -> Response:
    return visit.page(
        "knowledge_version.html",
        status,
        version=found,
        when=_moment(found.at),
        who=audit.names().get(found.account_id or "", "Buiten het portaal"),
        id=id,
        slug=slug_of(found.file),
        url=PAGE,
        **context,
    )


def _with_entry_of(sheet: Sheet, then: str, id: str) -> str:
    """The file as it is now, with one entry as it was then."""
    try:
        was = _entry(then, id)
        if not was:
            return writing.removed(sheet.text, id) if id in sheet.places else sheet.text
        if id in sheet.places:
            return writing.replaced(sheet.text, id, was)
        data = Files(settings().knowledge_dir).yaml(settings().knowledge_dir / sheet.file, then.encode())
        return writing.inserted(sheet.text, next(one for one in data["items"] if str(one.get("id")) == id))
    except (YAMLError, writing.NoSuchEntry):
        raise Refusal(422, "Dat lukt niet", BROKEN) from None


def _version(id: str) -> Version:
    found = history.version(int(id)) if re.fullmatch(r"[0-9]{1,9}", id, re.ASCII) else None
    if found is None:
        raise Refusal(404, "Niet gevonden", NO_VERSION)
    return found


def _entry(text: str, id: str) -> str:
    """The lines of an entry; "" when it is not there, or the file is broken."""
    try:
        return writing.entry_text(text, id)
    except (writing.NoSuchEntry, YAMLError):
        return ""


def _mark(sheet: Sheet, id: str) -> str:
    return writing.version(_entry(sheet.text, id))


def _live() -> Optional[Knowledge]:
    try:
        return loader.current()
    except KnowledgeError:
        return None


def _note(visit: Visit) -> str:
    return NOTES.get(visit.request.query_params.get("melding", ""), "")


def _name(id: str, raw: dict[str, Any]) -> str:
    return str(raw.get("naam") or raw.get("titel") or raw.get("doe") or id)[:120]


def _searched(id: str, raw: dict[str, Any]) -> str:
    """The text in which a name is looked for."""
    names = raw.get("namen") if isinstance(raw.get("namen"), list) else []
    return " ".join(map(str, (id, _name(id, raw), raw.get("knop") or "", *(names or [])))).lower()


def _row(sheet: Sheet, id: str, changed: dict[str, datetime]) -> Row:
    raw, findings = sheet.items[id], sheet.of_entry(id)
    faults = sum(finding.level == FAULT for finding in findings)
    states = [(FAULT, "1 fout" if faults == 1 else f"{faults} fouten")] if faults else []
    if len(findings) > faults:
        number = len(findings) - faults
        states.append(("waarschuwing", "1 waarschuwing" if number == 1 else f"{number} waarschuwingen"))
    if raw.get("voorbeeld") is True:
        states.append(("voorbeeld", "Voorbeeld"))
    until = _day(raw.get("einddatum") or raw.get("datum") or raw.get("tot"))
    look_at = _day(raw.get("controleer_voor"))
    if any(day and day < clock.today() for day in (until, look_at)):
        states.append(("voorbij", "Voorbij" if until and until < clock.today() else "Nakijken"))
    url = f"{PAGE}/item/{sheet.slug}/{quote(id, safe='')}"
    at = changed.get(id)
    return Row(id, _name(id, raw), url, states, _dutch(until), _dutch(look_at), _moment(at) if at else "")


def _has(row: Row, state: str) -> bool:
    return state in {name for name, _ in row.states}


def _day(value: Any) -> Optional[date]:
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def _dutch(day: Optional[date]) -> str:
    return dutch_date(day).partition(" ")[2] if day else ""


def _moment(at: datetime) -> str:
    return dutch_moment(at).partition(" ")[2]


def _page(path: str, view: Callable[[Visit], Response], *methods: str, largest: int = LARGEST_ENTRY) -> Any:
    return route(f"{PAGE}{path}", view, *methods, roles=ROLES, largest=largest)


routes = [
    _page("", overview, "GET"),
    _page("/lijst/{bestand}", entries, "GET"),
    _page("/item/{bestand}/{id}", change, "GET", "POST"),
    _page("/nieuw/{bestand}", new, "GET", "POST"),
    _page("/weg/{bestand}/{id}", remove, "GET", "POST"),
    _page("/bestand/{bestand}", whole, "GET", "POST", largest=LARGEST_FILE),
    _page("/geschiedenis", past, "GET"),
    _page("/verschil", between, "GET"),
    _page("/versie/{id}", version, "GET", "POST"),
]
