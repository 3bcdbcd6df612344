"""Reads the rows of a calendar (.ics), a workbook (.xlsx) or a table (.csv).

The content may be hostile; what it may cost is limited by its size, its rows and its repeats.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Optional

from bot.clock import ZONE
from bot.knowledge.calendar import dutch_date
from bot.knowledge.models import LONGEST_REPEAT

LARGEST = 1_000_000  # bytes
LARGEST_UNPACKED = 20_000_000
MOST_PARTS = 200  # files in a workbook
MOST_ROWS = 300
MOST_COLUMNS = 40
MOST_REPEATING = 50
MOST_DAYS = 60  # of one event that repeats
LONGEST = {"titel": 120, "tijd": 40, "plaats": 120, "organisator": 120, "uitleg": 600, "aanmelden": 300, "uid": 200}
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
    "leerjaren": ("leerjaren", "leerjaar", "klas", "klassen", "voor wie"),
    "doelgroep": ("doelgroep", "publiek", "bedoeld voor"),
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
ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
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
    names = [folded(cell) for cell in first[1]] if first else []
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
    return rows, [clean(cell)[:40] for cell, name in zip(first[1], fields, strict=False) if not name and cell.strip()]


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
        "uitleg": _shortened(clean(about), LONGEST["uitleg"]),
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
    every_week = herhaal(left) or {}
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
    if stop := ISO_DATE.match(re.sub(r"^(\d{4})(\d\d)(\d\d).*", r"\1-\2-\3", parts.pop("UNTIL", ""))):
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


def herhaal(days: Sequence[date]) -> Optional[dict[str, Any]]:
    """The days in the words of the kalender: every week, every 2 weeks, or one by one. None for a single day."""
    if len(days) < 2:
        return None
    for step, words in ((14, "2 weken"), (7, "week")):
        every = [days[0] + timedelta(n) for n in range(0, (days[-1] - days[0]).days + 1, step)]
        if set(days) <= set(every) and len(every) < 2 * len(days):
            missing = [day.isoformat() for day in every if day not in days]
            return {"elke": words, "tot": days[-1].isoformat(), **({"niet": missing} if missing else {})}
    return {"ook": [day.isoformat() for day in days[1:]]}


def clean(text: str) -> str:
    """The text on one line, without letters that no one can see."""
    return " ".join("".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text)).split())


def folded(text: str) -> str:
    """The words of a text as they are compared: lower case, without signs."""
    return re.sub(r"\W+", " ", text.casefold()).strip()
