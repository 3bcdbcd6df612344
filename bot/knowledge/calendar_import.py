"""Says what the events in a calendar, a workbook or a table would change in kalender.yml.

Nothing is written here: `preview` compares, `applied` gives the new text.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Optional

from pydantic import ValidationError

from bot.knowledge import writing
from bot.knowledge.calendar import DAYS, DEADLINE, MONTHS, PROFESSIONALS, dutch_date, occurrences
from bot.knowledge.calendar_files import (
    ISO_DATE,
    LONGEST,
    Row,
    Wrong,
    clean,
    folded,
    herhaal,
    read_rows,
)
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Activiteit, Entry, Event, Wereld

OWN_UID = "@lobke"
_SILENT = ("uid", "voorbeeld")
_YES = {"ja", "j", "x", "true", "waar", "1", "yes", "afgelast", "vervallen", "geannuleerd"}
_NO = {"", "nee", "n", "false", "onwaar", "0", "no", "-"}
_LATER = {"", "-", "?", "volgt", "datum volgt", "nnb", "n.n.b.", "nog niet bekend", "tba"}
_ALL = {"", "-", "alle", "allemaal", "iedereen", "alles", "alle richtingen", "alle leerjaren"}
_PROFESSIONALS = {"professionals", "professional", "decanen", "docenten", "mentoren", "decanen en docenten"}
_NUMBERS = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})")
_WORDS = re.compile(r"(\d{1,2})\s+([a-z]+)\.?\s+(\d{4})")
_HOUR = re.compile(r"\b([01]?\d|2[0-3])[.:]([0-5]\d)(?::[0-5]\d)?\b")
_MONTH_NUMBERS = {name[:length]: at for at, name in enumerate(MONTHS, 1) for length in range(3, len(name) + 1)} | {
    "mrt": 3
}
_DAY_NAME = re.compile(rf"^(?:{'|'.join(f'{day}|{day[:2]}' for day in DAYS)})\.?,?\s+")


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
        title = clean(row.cells.get("titel", ""))[:60] or "zonder titel"
        try:
            if row.wrong:
                raise Wrong(row.wrong)
            fields = _fields(row, knowledge)
            key = (fields.get("uid") or folded(fields["titel"]), str(fields["datum"]))
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
    sources = {folded(fields.get("organisator") or defaults.organisator) for _, fields in read} - {""}
    refused = {folded(row.title) for row in made.refused}
    kept = {event.id for event in matched if event}
    made.dropped = [
        event
        for event in knowledge.all(Event)
        if folded(event.organisator) in sources
        and event.id not in kept
        and folded(event.titel) not in refused
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
    return dutch_date(date.fromisoformat(text)) if ISO_DATE.fullmatch(text) else text


def _matches(
    rows: Sequence[Mapping[str, Any]], knowledge: Knowledge, defaults: Defaults, today: date
) -> list[Optional[Event]]:
    """The event that each row is about, or None: with its uid, else its title and date, else its title and organisator
    when there is one such row left and one such event that still comes. No event is given twice."""
    events = knowledge.all(Event)
    by_uid: dict[Any, Event] = {event.uid: event for event in events if event.uid}
    by_uid |= {f"{event.id}{OWN_UID}": event for event in events}
    by_day: dict[Any, Event] = {(folded(event.titel), _iso(event.datum)): event for event in events}
    found: list[Optional[Event]] = [None] * len(rows)
    taken: set[str] = set()

    def take(at: int, event: Optional[Event]) -> None:
        if event and found[at] is None and event.id not in taken:
            found[at] = event
            taken.add(event.id)

    for at, row in enumerate(rows):
        take(at, by_uid.get(row.get("uid")))
    for at, row in enumerate(rows):
        take(at, by_day.get((folded(row["titel"]), row["datum"])))
    names = [(folded(row["titel"]), folded(row.get("organisator") or defaults.organisator)) for row in rows]
    left = Counter(name for name, event in zip(names, found, strict=True) if event is None)
    coming: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.id not in taken and not _is_over(event, today):
            coming.setdefault((folded(event.titel), folded(event.organisator)), []).append(event)
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
    cells = {name: clean(value) for name, value in row.cells.items()}
    made: dict[str, Any] = {"titel": cells.get("titel", ""), "datum": None}
    wrong = [] if made["titel"] else ["Er staat geen titel."]
    readers = {
        "datum": _day,
        "einddatum": _day,
        "tijd": _hours,
        "soort": lambda text: _soort(text, knowledge),
        "doelgroep": _audience,
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
        made["herhaal"] = herhaal(row.days)
    if wrong:
        raise Wrong("\n".join(wrong))
    return {**made, "titel": made["titel"], "voorbeeld": False}


def _day(text: str) -> Optional[str]:
    """The date as year-month-day; None when it is yet to come. Raises Wrong."""
    plain = _DAY_NAME.sub("", text.lower().strip())
    if plain in _LATER:
        return None
    try:
        if found := ISO_DATE.match(plain):
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
    if (same := folded(text)) in kinds:
        return kinds[same]
    if guess := _soort_in(text, knowledge):
        return guess
    names = ", ".join(str(activity.naam).lower() for activity in knowledge.all(Activiteit))
    raise Wrong(f"Dat ken ik niet. Kies uit: {names}, deadline.")


def _kinds(knowledge: Knowledge) -> dict[str, str]:
    found = {DEADLINE: DEADLINE, "uiterste dag": DEADLINE}
    for activity in knowledge.all(Activiteit):
        for name in (*_called(activity), str(activity.knop)):
            found.setdefault(folded(name), activity.id)
    return found


def _called(entry: Entry) -> list[str]:
    return [str(name) for name in (entry.id, entry.naam, *entry.namen)]


def _soort_in(text: str, knowledge: Knowledge) -> Optional[str]:
    """The kind of activity that the text names; the longest name counts."""
    words = f" {folded(text)} "
    kinds = _kinds(knowledge)
    return max(((len(n), id) for n, id in kinds.items() if f" {n} " in words), default=(0, None))[1]


def _audience(text: str) -> Optional[str]:
    """None for pupils, as in a kalender that does not say it."""
    plain = folded(text)
    if text.lower() in _ALL or plain in ("leerlingen", "leerling"):
        return None
    if plain in _PROFESSIONALS:
        return PROFESSIONALS
    raise Wrong("Schrijf leerlingen of professionals. Een leerjaar hoort in de kolom 'leerjaren'.")


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
    names = {folded(n): wereld.id for wereld in knowledge.all(Wereld) for n in _called(wereld)}
    found: list[str] = []
    for part in re.split(r"[;/|]", text):
        for piece in [part] if folded(part) in names else part.split(","):
            if folded(piece) not in names:
                known = ", ".join(str(wereld.id) for wereld in knowledge.all(Wereld))
                raise Wrong(f"'{piece.strip()[:40]}' ken ik niet. Kies uit: {known}.")
            found.append(names[folded(piece)])
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
