"""Reads events from a calendar (.ics), a workbook (.xlsx) or a table (.csv), and says what they change in kalender.yml.

Nothing is written here: `preview` compares, `applied` gives the new text. The content may be hostile; what it may cost
is limited by its size, its rows and its repeats.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Optional

from pydantic import ValidationError

from bot.clock import ZONE
from bot.knowledge import writing
from bot.knowledge.calendar import DAYS, DEADLINE, MONTHS, dutch_date, occurrences
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import LONGEST_REPEAT, Activiteit, Entry, Event, Wereld

LARGEST = 1_000_000  # bytes
LARGEST_UNPACKED = 20_000_000
MOST_PARTS = 200  # files in a workbook
MOST_ROWS = 300
MOST_COLUMNS = 40
MOST_REPEATING = 50
MOST_DAYS = 60  # of one event that repeats
LONGEST = {"titel": 120, "tijd": 40, "plaats": 120, "organisator": 120, "uitleg": 600, "aanmelden": 300, "uid": 200}
OWN_UID = "@lobke"
NO_DAY = "De dag van deze afspraak is niet te lezen. Maak haar opnieuw in je agenda."

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "titel": ("titel", "naam", "activiteit", "onderwerp", "wat", "omschrijving kort", "title", "subject", "summary"),
    "datum": ("datum", "dag", "wanneer", "begindatum", "startdatum", "datum van", "van", "date", "start date"),
    "einddatum": ("einddatum", "datum tot", "tot", "tm", "tot en met", "eind datum", "end date"),
    "tijd": ("tijd", "tijden", "tijdstip", "hoe laat"),
    "begin": ("begintijd", "starttijd", "begin", "start", "aanvang", "van tijd", "start time"),
    "einde": ("eindtijd", "einde", "eind", "tot tijd", "end time"),
    "plaats": ("plaats", "locatie", "waar", "adres", "location"),
    "soort": ("soort", "type", "soort activiteit", "categorie", "categories"),
    "leerjaren": ("leerjaren", "leerjaar", "klas", "klassen", "voor wie", "doelgroep"),
    "werelden": ("werelden", "wereld", "richting", "richtingen", "sector", "sectoren"),
    "organisator": ("organisator", "organisatie", "school", "door", "door wie", "organizer"),
    "uitleg": ("uitleg", "omschrijving", "beschrijving", "toelichting", "inhoud", "description"),
    "aanmelden": ("aanmelden", "aanmelding", "inschrijven", "opgeven", "link", "website", "url"),
    "plekken": ("plekken", "vrije plekken", "plekken over", "plaatsen over", "aantal plekken"),
    "afgelast": ("afgelast", "gaat niet door", "vervallen", "geannuleerd"),
    "leerlingen": ("aanwezige leerlingen", "leerlingen aanwezig", "aantal leerlingen"),
    "professionals": ("aanwezige professionals", "professionals aanwezig", "aantal professionals"),
    "uid": ("uid", "kenmerk"),
}
"""Field → what its column may be called, the first name first."""
_FIELD_OF = {name: field for field, names in COLUMNS.items() for name in names}
_SILENT = ("uid", "voorbeeld")
_YES = {"ja", "j", "x", "true", "waar", "1", "yes", "afgelast", "vervallen", "geannuleerd"}
_NO = {"", "nee", "n", "false", "onwaar", "0", "no", "-"}
_LATER = {"", "-", "?", "volgt", "datum volgt", "nnb", "n.n.b.", "nog niet bekend", "tba"}
_ALL = {"", "-", "alle", "allemaal", "iedereen", "alles", "alle richtingen", "alle leerjaren"}
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})")
_WORDS = re.compile(r"(\d{1,2})\s+([a-z]+)\.?\s+(\d{4})")
_HOUR = re.compile(r"\b([01]?\d|2[0-3])[.:]([0-5]\d)(?::[0-5]\d)?\b")
_MONTH_NUMBERS = {name[:length]: at for at, name in enumerate(MONTHS, 1) for length in range(3, len(name) + 1)} | {
    "mrt": 3
}
_DAY_NAME = re.compile(rf"^(?:{'|'.join(f'{day}|{day[:2]}' for day in DAYS)})\.?,?\s+")
_RULE_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"}


class Unreadable(Exception):
    """The file as a whole cannot be read; the text is a sentence for staff."""


class Wrong(Exception):
    """A row that cannot be used; the text is a sentence for staff."""


@dataclass(frozen=True)
class Row:
    """One row of a file: where it stands, its cells by field, and for a calendar every day on which it is there."""

    where: str
    cells: Mapping[str, str]
    days: tuple[date, ...] = ()
    remarks: tuple[str, ...] = ()
    wrong: str = ""
    """Why it cannot be used, when that was clear at once."""


@dataclass(frozen=True)
class Defaults:
    """What holds for rows that do not say it."""

    organisator: str = ""
    soort: str = ""
    bron: str = ""


@dataclass(frozen=True)
class Added:
    """An event that would be new."""

    id: str
    where: str
    fields: Mapping[str, Any]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changed:
    """An event that would get other values. `changes`: field, old and new value, as staff read them."""

    id: str
    title: str
    where: str
    fields: Mapping[str, Any]
    changes: tuple[tuple[str, str, str], ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """A row that is left out, and why."""

    where: str
    title: str
    why: tuple[str, ...]


@dataclass
class Preview:
    """What a file would do to the kalender."""

    added: list[Added] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    dropped: list[Event] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    same: int = 0
    unknown: list[str] = field(default_factory=list)
    """Columns that are not used."""


def preview(content: bytes, knowledge: Knowledge, defaults: Defaults, today: date) -> Preview:
    """What this file would add, change and drop, and which rows are refused. Raises Unreadable."""
    rows, unknown = read_rows(content, today)
    made = Preview(unknown=unknown)
    seen: dict[tuple[str, str], str] = {}
    read: list[tuple[Row, dict[str, Any]]] = []
    for row in rows:
        title = _clean(row.cells.get("titel", ""))[:60] or "zonder titel"
        try:
            if row.wrong:
                raise Wrong(row.wrong)
            fields = _fields(row, knowledge)
            key = (fields.get("uid") or _same(fields["titel"]), str(fields["datum"]))
            if key in seen:
                raise Wrong(f"Dit staat twee keer in het bestand, ook bij {seen[key]}.")
            seen[key] = row.where
            read.append((row, fields))
        except Wrong as error:
            made.refused.append(Refused(row.where, title, tuple(str(error).split("\n"))))
    matched = _matches([fields for _, fields in read], knowledge, defaults, today)
    ids = {str(event.id) for event in knowledge.all(Event)}
    for (row, fields), event in zip(read, matched, strict=True):
        try:
            _place(row, fields, event, ids, made, defaults, today)
        except Wrong as error:
            made.refused.append(Refused(row.where, fields["titel"][:60], tuple(str(error).split("\n"))))
    sources = {_same(fields.get("organisator") or defaults.organisator) for _, fields in read} - {""}
    refused = {_same(row.title) for row in made.refused}
    kept = {event.id for event in matched if event}
    made.dropped = [
        event
        for event in knowledge.all(Event)
        if _same(event.organisator) in sources
        and event.id not in kept
        and _same(event.titel) not in refused
        and not _is_over(event, today)
    ]
    return made


def applied(text: str, made: Preview, chosen: Collection[str]) -> str:
    """The text of kalender.yml with what was chosen: the ids of added, changed and dropped events."""
    return writing.edited(
        text,
        changed={change.id: change.fields for change in made.changed if change.id in chosen},
        removed=[event.id for event in made.dropped if event.id in chosen],
        added=[
            {name: value for name, value in new.fields.items() if value is not None}
            for new in made.added
            if new.id in chosen
        ],
    )


def _place(
    row: Row,
    fields: dict[str, Any],
    event: Optional[Event],
    ids: set[str],
    made: Preview,
    defaults: Defaults,
    today: date,
) -> None:
    """Puts the row with what is added, changed or the same. Raises Wrong."""
    if event is None:
        new = _new(fields, ids, defaults)
        if _is_over(_checked(new), today):
            raise Wrong("Dit is al geweest, dus ik voeg het niet toe.")
        ids.add(new["id"])
        made.added.append(Added(new["id"], row.where, new, row.remarks))
        return
    before = _as_fields(event)
    changes = {name: _plain(value) for name, value in fields.items() if _plain(value) != before.get(name)}
    if not set(changes) - {"uid", "voorbeeld"}:  # only what its calendar calls it
        made.same += 1
        return
    lines = tuple((name, shown(before.get(name)), shown(changes[name])) for name in changes if name not in _SILENT)
    if event.voorbeeld:
        changes |= {"bron": defaults.bron, "betrouwbaarheid": "hoog"}
        lines += (("voorbeeld", "ja", "nee"),)
    _checked({name: value for name, value in {**before, **changes}.items() if value is not None})
    made.changed.append(Changed(event.id, event.titel, row.where, changes, lines, row.remarks))


def _new(fields: dict[str, Any], ids: Collection[str], defaults: Defaults) -> dict[str, Any]:
    """All fields of a new event, in the order of the file. Raises Wrong."""
    organisator = fields.get("organisator") or defaults.organisator
    soort = fields.get("soort") or defaults.soort
    if not organisator:
        raise Wrong("Er staat niet wie dit organiseert. Vul de kolom 'organisator', of typ het boven het bestand in.")
    if not soort:
        raise Wrong("Ik weet niet wat voor activiteit dit is. Vul de kolom 'soort', bijvoorbeeld met: open dag.")
    titel = fields["titel"]
    ordered = {
        "id": _new_id(titel, fields["datum"], ids),
        "titel": titel,
        "soort": soort,
        "datum": fields["datum"],
        "einddatum": fields.get("einddatum"),
        "tijd": fields.get("tijd"),
        "plaats": fields.get("plaats"),
        "leerjaren": fields.get("leerjaren", []),
        "werelden": fields.get("werelden", []),
        "organisator": organisator,
        "uitleg": fields.get("uitleg") or titel,
        "bron": defaults.bron,
        "betrouwbaarheid": "hoog",
    }
    return {
        **ordered,
        **{name: value for name, value in fields.items() if name not in ordered and _plain(value) is not None},
    }


def _new_id(titel: str, day: Optional[str], ids: Collection[str]) -> str:
    plain = unicodedata.normalize("NFKD", titel.lower()).encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "activiteit"
    base = f"{day[2:4]}{day[5:7]}-{base}" if day else base
    number = 1
    while (made := base if number == 1 else f"{base}-{number}") in ids:
        number += 1
    return made


def _checked(fields: Mapping[str, Any]) -> Event:
    try:
        return Event.parse_obj({"bron": "-", "betrouwbaarheid": "hoog", **fields})
    except ValidationError as error:
        raise Wrong("\n".join(f"Bij '{part['loc'][0]}': {_said(part)}." for part in error.errors())) from None


def _said(mistake: Mapping[str, Any]) -> str:
    return str(mistake["msg"]) if mistake["type"] == "value_error" else "dit klopt niet"


def _as_fields(event: Event) -> dict[str, Any]:
    """The fields of an event as `_fields` gives them, without those that are not filled."""
    plain = {name: _plain(value) for name, value in event.dict(exclude_defaults=True).items() if name != "naam"}
    for part in ("herhaal", "aanwezig"):
        if part in plain:
            plain[part] = {name: value for name, value in plain[part].items() if value not in (None, [])}
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value] or None
    if isinstance(value, date):
        return value.isoformat()
    return None if value is False or value == "" else value


def shown(value: Any) -> str:
    """A value of a field as staff read it."""
    if value is None or value == "" or value == []:
        return "leeg"
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {shown(inner)}" for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(inner) for inner in value)
    text = value.isoformat() if isinstance(value, date) else str(value)
    return dutch_date(date.fromisoformat(text)) if _ISO.fullmatch(text) else text


def _matches(
    rows: Sequence[Mapping[str, Any]], knowledge: Knowledge, defaults: Defaults, today: date
) -> list[Optional[Event]]:
    """The event that each row is about, or None: with its uid, else its title and date, else its title and organisator
    when there is one such row left and one such event that still comes. No event is given twice."""
    events = knowledge.all(Event)
    by_uid: dict[Any, Event] = {event.uid: event for event in events if event.uid}
    by_uid |= {f"{event.id}{OWN_UID}": event for event in events}
    by_day: dict[Any, Event] = {(_same(event.titel), _iso(event.datum)): event for event in events}
    found: list[Optional[Event]] = [None] * len(rows)
    taken: set[str] = set()

    def take(at: int, event: Optional[Event]) -> None:
        if event and found[at] is None and event.id not in taken:
            found[at] = event
            taken.add(event.id)

    for at, row in enumerate(rows):
        take(at, by_uid.get(row.get("uid")))
    for at, row in enumerate(rows):
        take(at, by_day.get((_same(row["titel"]), row["datum"])))
    names = [(_same(row["titel"]), _same(row.get("organisator") or defaults.organisator)) for row in rows]
    left = Counter(name for name, event in zip(names, found, strict=True) if event is None)
    coming: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.id not in taken and not _is_over(event, today):
            coming.setdefault((_same(event.titel), _same(event.organisator)), []).append(event)
    for at, name in enumerate(names):
        if found[at] is None and left[name] == len(coming.get(name, [])) == 1:
            take(at, coming[name][0])
    return found


def _iso(day: Optional[date]) -> Optional[str]:
    return day.isoformat() if day else None


def _is_over(event: Event, today: date) -> bool:
    times = occurrences(event)
    return bool(times) and all(time.last_day is not None and time.last_day < today for time in times)


# From a row to fields


def _fields(row: Row, knowledge: Knowledge) -> dict[str, Any]:
    """The fields of an event for which the row has a cell; `titel` and `datum` always. Raises Wrong with all of it."""
    cells = {name: _clean(value) for name, value in row.cells.items()}
    made: dict[str, Any] = {"titel": cells.get("titel", ""), "datum": None}
    wrong = [] if made["titel"] else ["Er staat geen titel."]
    readers = {
        "datum": _day,
        "einddatum": _day,
        "tijd": _hours,
        "soort": lambda text: _soort(text, knowledge),
        "leerjaren": _leerjaren,
        "werelden": lambda text: _werelden(text, knowledge),
        "plekken": _number,
        "afgelast": _yes,
        "aanmelden": _sign_up,
    }
    if "begin" in cells and not cells.get("tijd"):
        cells["tijd"] = "-".join(filter(None, (cells["begin"], cells.get("einde", ""))))
    if not cells.get("tijd") and _HOUR.search(cells.get("datum", "")):
        cells["tijd"] = _HOUR.search(cells["datum"])[0]  # type: ignore[index]
    for name, text in cells.items():
        if name in LONGEST and len(text) > LONGEST[name]:
            wrong.append(f"Bij '{name}' staan {len(text)} tekens. Er passen er {LONGEST[name]}.")
            continue
        try:
            if name in readers:
                made[name] = readers[name](text)
            elif name in ("plaats", "uid") or text and name in ("organisator", "uitleg"):
                made[name] = text or None
        except Wrong as error:
            wrong.append(f"Bij '{name}' staat '{text[:60]}'. {error}")
    try:
        attendance = {name: _number(cells[name]) for name in ("leerlingen", "professionals") if cells.get(name)}
    except Wrong as error:
        wrong.append(f"Bij wie er aanwezig was: {error}")
    else:
        made |= {"aanwezig": attendance} if attendance else {}
    if made.get("einddatum") == made["datum"]:
        made["einddatum"] = None
    if not made.get("soort"):
        made.pop("soort", None)
        if guess := _soort_in(f"{made['titel']} {cells.get('soort', '')}", knowledge):
            made["soort"] = guess
    if row.days:
        made["herhaal"] = _herhaal(row.days)
    if wrong:
        raise Wrong("\n".join(wrong))
    return {**made, "titel": made["titel"], "voorbeeld": False}


def _clean(text: str) -> str:
    """The text on one line, without letters that no one can see."""
    return " ".join("".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text)).split())


def _same(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def _day(text: str) -> Optional[str]:
    """The date as year-month-day; None when it is yet to come. Raises Wrong."""
    plain = _DAY_NAME.sub("", text.lower().strip())
    if plain in _LATER:
        return None
    try:
        if found := _ISO.match(plain):
            return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
        if found := _NUMBERS.match(plain):
            year = int(found[3]) + (2000 if len(found[3]) == 2 else 0)
            return date(year, int(found[2]), int(found[1])).isoformat()
        if (found := _WORDS.match(plain)) and found[2] in _MONTH_NUMBERS:
            return date(int(found[3]), _MONTH_NUMBERS[found[2]], int(found[1])).isoformat()
    except ValueError:
        raise Wrong("Die dag bestaat niet.") from None
    formula = "Daar staat een formule; plak er de waarde. " if plain.startswith("=") else ""
    raise Wrong(f"{formula}Schrijf een dag zoals 28-11-2026, of laat het leeg als de dag nog volgt.")


def _hours(text: str) -> Optional[str]:
    found = [f"{int(hour):02}.{minute}" for hour, minute in _HOUR.findall(text)]
    if 1 <= len(found) <= 2:
        return "-".join(found)
    if not text or text.lower() in _LATER:
        return None
    raise Wrong("Schrijf een tijd zoals 19.00-20.30.")


def _soort(text: str, knowledge: Knowledge) -> Optional[str]:
    if not text:
        return None
    kinds = _kinds(knowledge)
    if (same := _same(text)) in kinds:
        return kinds[same]
    if guess := _soort_in(text, knowledge):
        return guess
    names = ", ".join(str(activity.naam).lower() for activity in knowledge.all(Activiteit))
    raise Wrong(f"Dat ken ik niet. Kies uit: {names}, deadline.")


def _kinds(knowledge: Knowledge) -> dict[str, str]:
    found = {DEADLINE: DEADLINE, "uiterste dag": DEADLINE}
    for activity in knowledge.all(Activiteit):
        for name in (*_called(activity), str(activity.knop)):
            found.setdefault(_same(name), activity.id)
    return found


def _called(entry: Entry) -> list[str]:
    return [str(name) for name in (entry.id, entry.naam, *entry.namen)]


def _soort_in(text: str, knowledge: Knowledge) -> Optional[str]:
    """The kind of activity that the text names; the longest name counts."""
    words = f" {_same(text)} "
    kinds = _kinds(knowledge)
    return max(((len(n), id) for n, id in kinds.items() if f" {n} " in words), default=(0, None))[1]


def _leerjaren(text: str) -> list[int]:
    if text.lower() in _ALL:
        return []
    if found := re.search(r"([1-4])\s*(?:-|t/m|tm|tot en met)\s*([1-4])", text.lower()):
        return list(range(int(found[1]), int(found[2]) + 1))
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if not numbers or any(number not in range(1, 5) for number in numbers):
        raise Wrong("Schrijf leerjaren zoals 3, 4. Laat het leeg als het voor iedereen is.")
    return sorted(set(numbers))


def _werelden(text: str, knowledge: Knowledge) -> list[str]:
    if text.lower() in _ALL:
        return []
    names = {_same(n): wereld.id for wereld in knowledge.all(Wereld) for n in _called(wereld)}
    found: list[str] = []
    for part in re.split(r"[;/|]", text):
        for piece in [part] if _same(part) in names else part.split(","):
            if _same(piece) not in names:
                known = ", ".join(str(wereld.id) for wereld in knowledge.all(Wereld))
                raise Wrong(f"'{piece.strip()[:40]}' ken ik niet. Kies uit: {known}.")
            found.append(names[_same(piece)])
    return list(dict.fromkeys(found))


def _number(text: str) -> Optional[int]:
    if not text:
        return None
    if text.lower() == "vol":
        return 0
    if not re.fullmatch(r"\d{1,5}(?:\.0)?", text, re.ASCII):
        raise Wrong("Schrijf hier een getal, zoals 25.")
    return int(float(text))


def _yes(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise Wrong("Schrijf ja of nee.")


def _sign_up(text: str) -> Optional[str]:
    if "http://" in text.lower():
        raise Wrong("Dit adres begint met http://. Gebruik het adres dat met https:// begint.")
    return text or None


def _herhaal(days: Sequence[date]) -> Optional[dict[str, Any]]:
    """The days in the words of the kalender: every week, every 2 weeks, or one by one. None for a single day."""
    if len(days) < 2:
        return None
    for step, words in ((14, "2 weken"), (7, "week")):
        every = [days[0] + timedelta(n) for n in range(0, (days[-1] - days[0]).days + 1, step)]
        if set(days) <= set(every) and len(every) < 2 * len(days):
            missing = [day.isoformat() for day in every if day not in days]
            return {"elke": words, "tot": days[-1].isoformat(), **({"niet": missing} if missing else {})}
    return {"ook": [day.isoformat() for day in days[1:]]}


# From a file to rows


def read_rows(content: bytes, today: date) -> tuple[list[Row], list[str]]:
    """The rows of a file, and the names of columns that mean nothing here. Raises Unreadable."""
    if len(content) > LARGEST:
        raise Unreadable("Dit bestand is groter dan 1 MB. Verdeel het over meer bestanden.")
    if not content.strip():
        raise Unreadable("Dit bestand is leeg.")
    if content.startswith(b"PK\x03\x04"):
        return _table(_xlsx(content))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("Dit is een oud Excel-bestand (.xls) of het heeft een wachtwoord. Bewaar het als .xlsx.")
    text = _text(content)
    if text.lstrip("\ufeff \r\n").upper().startswith("BEGIN:VCALENDAR"):
        return _ics(text, today), []
    return _table(_csv(text))


def _text(content: bytes) -> str:
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if is_wide else ["utf-8-sig", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Unreadable("Dit is geen .ics-, .xlsx- of .csv-bestand. Kies een ander bestand.")


def _csv(text: str) -> Iterator[tuple[int, list[str]]]:
    head = text.lstrip().partition("\n")[0]
    if head.lower().startswith("sep=") and len(head.strip()) == 5:
        text = text.lstrip().partition("\n")[2]
        head = text.partition("\n")[0]
    delimiter = max(";\t,", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from ((reader.line_num, row[:MOST_COLUMNS]) for row in reader)
    except csv.Error:
        raise Unreadable(f"Regel {reader.line_num} is niet te lezen. Staat er een aanhalingsteken te veel?") from None


def _xlsx(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet. Formulas are not computed: they are text."""
    from openpyxl import load_workbook

    broken = "Dit Excel-bestand is niet te lezen. Open het in Excel en bewaar het opnieuw als .xlsx."
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise Unreadable(
                    "Dit Excel-bestand is uitgepakt te groot. Kopieer alleen de tabel naar een nieuw bestand."
                )
            if any(b"<!DOCTYPE" in packed.read(part) or b"<!ENTITY" in packed.read(part) for part in parts):
                raise Unreadable(broken)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_row=10 * MOST_ROWS, max_col=MOST_COLUMNS, values_only=True)
        yield from [(number, [_cell(value) for value in row]) for number, row in enumerate(rows, 1)]
    except Unreadable:
        raise
    except Exception:  # openpyxl raises anything for a file that is not what it says
        raise Unreadable(broken) from None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H.%M}"
    if isinstance(value, time):
        return f"{value:%H.%M}"
    return str(value)[:5000]


def _table(lines: Iterable[tuple[int, list[str]]]) -> tuple[list[Row], list[str]]:
    """Rows of a table, of which the first filled line names the columns."""
    filled = ((number, cells) for number, cells in lines if any(cell.strip() for cell in cells))
    first = next(filled, None)
    names = [_same(cell) for cell in first[1]] if first else []
    fields: list[Optional[str]] = []
    for name in names:
        found = _FIELD_OF.get(name)
        fields.append(found if found not in fields else None)
    if "titel" not in fields or "datum" not in fields:
        missing = [name for name in ("titel", "datum") if name not in fields]
        raise Unreadable(
            f"Ik mis een kolom: {' en '.join(missing)}. Op de eerste regel horen de namen van de kolommen, zoals: "
            "titel, datum, tijd, plaats, soort, leerjaren, werelden, organisator, uitleg, aanmelden."
        )
    assert first is not None
    rows = [
        Row(f"rij {number}", {name: cell for name, cell in zip(fields, cells, strict=False) if name})
        for number, cells in islice(filled, MOST_ROWS + 1)
    ]
    if not rows:
        raise Unreadable("Onder de namen van de kolommen staat niets. Zet op elke regel daaronder een activiteit.")
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"Dit bestand heeft meer dan {MOST_ROWS} rijen. Verdeel het over meer bestanden.")
    return rows, [_clean(cell)[:40] for cell, name in zip(first[1], fields, strict=False) if not name and cell.strip()]


def _ics(text: str, today: date) -> list[Row]:
    from icalendar import Calendar

    try:
        entries = [entry for file in Calendar.from_ical(text, multiple=True) for entry in file.walk("VEVENT")]
    except Exception:  # whatever icalendar makes of it
        raise Unreadable("Deze agenda is niet te lezen. Exporteer haar opnieuw als .ics-bestand.") from None
    if not entries:
        raise Unreadable("In deze agenda staat geen afspraak. Exporteer haar opnieuw als .ics-bestand.")
    if len(entries) > MOST_ROWS:
        raise Unreadable(f"Deze agenda heeft meer dan {MOST_ROWS} afspraken. Verdeel haar over meer bestanden.")
    if sum("RRULE" in entry for entry in entries) > MOST_REPEATING:
        raise Unreadable(f"Deze agenda heeft meer dan {MOST_REPEATING} afspraken die herhalen. Verdeel haar.")
    moved: dict[str, set[date]] = {}
    for entry in entries:
        if "RECURRENCE-ID" in entry:
            moved.setdefault(str(entry.get("uid", "")), set()).update(_dates(entry, "recurrence-id"))
    rows = []
    for number, entry in enumerate(entries, 1):
        where = f"afspraak {number}"
        try:
            row = _appointment(where, entry, moved, today)
        except Wrong as error:
            row = Row(where, {"titel": str(entry.get("summary", ""))}, wrong=str(error))
        except Exception:  # a property that is there in another shape than it should be
            row = Row(where, {"titel": str(entry.get("summary", ""))}, wrong=NO_DAY)
        if row:
            rows.append(row)
    return rows


def _appointment(where: str, entry: Any, moved: Mapping[str, set[date]], today: date) -> Optional[Row]:
    """One appointment as a row; None for one time of a series that is cancelled. Raises Wrong."""
    uid = str(entry.get("uid", ""))
    is_one = "RECURRENCE-ID" in entry
    cancelled = str(entry.get("status", "")).upper() == "CANCELLED"
    if is_one and cancelled:
        return None
    begin = _local(entry.decoded("dtstart"))
    end = _local(entry.decoded("dtend")) if "DTEND" in entry else begin
    if "DURATION" in entry and "DTEND" not in entry:
        end = begin + entry.decoded("duration")
    first, last = _as_day(begin), _as_day(end)
    hours = ""
    if isinstance(begin, datetime):
        hours = f"{begin:%H.%M}"
        if isinstance(end, datetime) and end > begin and last == first:
            hours += f"-{end:%H.%M}"
    elif last > first:
        last -= timedelta(days=1)
    days, remarks = ([first], ()) if is_one else _days(entry, first, moved.get(uid, set()), today)
    if not days:
        return None
    last += days[0] - first
    about = re.sub(r"<[^>]{0,200}>", " ", str(entry.get("description", "")))
    organizer = entry.get("organizer")
    categories = entry.get("categories")
    cells = {
        "titel": str(entry.get("summary", "")),
        "datum": days[0].isoformat(),
        "einddatum": last.isoformat() if last > days[0] else "",
        "tijd": hours,
        "plaats": str(entry.get("location", "")),
        "uitleg": _shortened(_clean(about), LONGEST["uitleg"]),
        "soort": "",
        "organisator": str(organizer.params.get("CN", "")) if organizer is not None else "",
        "afgelast": "ja" if cancelled else "",
        "uid": f"{uid}/{first:%Y%m%d}" if is_one else uid,
    }
    if entry.get("url"):
        cells["aanmelden"] = str(entry["url"])
    kinds = [str(name) for part in (categories if isinstance(categories, list) else [categories]) if part is not None
             for name in getattr(part, "cats", [])]  # fmt: skip
    remarks += (f"Categorie in de agenda: {', '.join(kinds)[:60]}.",) if kinds else ()
    return Row(where, cells, tuple(days), remarks)


def _days(entry: Any, first: date, moved: set[date], today: date) -> tuple[list[date], tuple[str, ...]]:
    """The days of an appointment, and what to say about them. Raises Wrong for a rule that is not understood."""
    days = {first, *_dates(entry, "rdate")}
    remarks: list[str] = []
    rule = entry.get("rrule")
    if isinstance(rule, list):
        raise Wrong("Deze afspraak heeft meer dan 1 herhaling. Maak er losse afspraken van.")
    if rule is not None:
        text = rule.to_ical().decode().upper()
        days |= set(_of_rule(text, first, today))
        if "UNTIL=" not in text and "COUNT=" not in text:
            remarks.append(f"Dit herhaalt zonder einde. Ik neem de dagen tot en met {dutch_date(_horizon(today))}.")
    left = sorted(days - _dates(entry, "exdate") - moved)
    if left and (left[-1] - left[0]).days > LONGEST_REPEAT:
        left = [day for day in left if day >= today and (day - today).days <= LONGEST_REPEAT]
        remarks.append("Dit loopt meer dan 2 jaar. Ik neem alleen de dagen die nog komen.")
    every_week = _herhaal(left) or {}
    if "ook" in every_week and len(left) > MOST_DAYS:
        left = [day for day in left if day >= today][:MOST_DAYS]
        remarks.append(f"Dit heeft veel dagen. Ik neem de eerste {MOST_DAYS}.")
    return left, tuple(remarks)


def _horizon(today: date) -> date:
    return date(today.year + 1, 12, 31)


def _of_rule(text: str, first: date, today: date) -> list[date]:
    """The days of a rule of repeating (RFC 5545) until the end of next year. Raises Wrong."""
    from dateutil.rrule import rrulestr

    parts = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    often = parts.get("FREQ", "")
    is_known = set(parts) <= _RULE_PARTS and often in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
    simple = "BYMONTHDAY" not in parts or often in ("MONTHLY", "YEARLY")
    simple = simple and ("BYMONTH" not in parts or often == "YEARLY")
    numbers = [parts.get("INTERVAL", "1"), parts.get("COUNT", "1")]
    in_month = all(1 <= abs(int(day)) <= 28 for day in _whole(parts.get("BYMONTHDAY", "1")))
    if not (is_known and simple and in_month and all(number.isdecimal() and int(number) for number in numbers)):
        raise Wrong("Deze manier van herhalen ken ik niet. Maak er losse afspraken van.")
    if first < date(today.year - 5, 1, 1):
        raise Wrong("Deze herhaling begon meer dan 5 jaar geleden. Maak een nieuwe afspraak.")
    until = _horizon(today)
    if stop := _ISO.match(re.sub(r"^(\d{4})(\d\d)(\d\d).*", r"\1-\2-\3", parts.pop("UNTIL", ""))):
        until = min(until, date(int(stop[1]), int(stop[2]), int(stop[3])))
    rule = rrulestr(
        ";".join(f"{name}={value}" for name, value in parts.items()), dtstart=datetime.combine(first, time())
    )
    made = []
    for moment in islice(rule, 5000):
        if moment.date() > until:
            break
        made.append(moment.date())
    return made


def _whole(text: str) -> list[str]:
    return [part if re.fullmatch(r"-?\d{1,2}", part, re.ASCII) else "0" for part in text.split(",")]


def _dates(entry: Any, name: str) -> set[date]:
    """The days in a property that may be there more than once."""
    found = entry.get(name)
    values = found if isinstance(found, list) else [found] if found is not None else []
    return {
        _as_day(_local(part.dt[0] if isinstance(part.dt, tuple) else part.dt))
        for value in values
        for part in getattr(value, "dts", [value])
    }


def _local(moment: Any) -> Any:
    """The moment in Dutch time; a date stays a date."""
    if isinstance(moment, datetime):
        return moment.astimezone(ZONE) if moment.tzinfo else moment.replace(tzinfo=ZONE)
    if isinstance(moment, date):
        return moment
    raise Wrong(NO_DAY)


def _as_day(moment: Any) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rpartition(" ")[0] + "…"
