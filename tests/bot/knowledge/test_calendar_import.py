"""A file with events is read as staff mean it, says what it changes, and costs little when it is hostile."""

import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from bot.knowledge import writing
from bot.knowledge.calendar import occurrences
from bot.knowledge.calendar_files import COLUMNS, LARGEST, MOST_REPEATING, MOST_ROWS, Unreadable, read_rows
from bot.knowledge.calendar_import import Defaults, Preview, applied, preview
from bot.knowledge.loader import Files, Knowledge, load
from bot.knowledge.models import Event
from bot.settings import PROJECT

TODAY = date(2026, 11, 22)
DEFAULTS = Defaults("Het College", "", "Het College, ingelezen")
KALENDER = """\
standaard: {bron: b, betrouwbaarheid: hoog}
items:
  # De open dag
  - id: open-dag-zorg
    titel: Open dag zorg
    soort: open-dag
    datum: '2026-12-05'
    tijd: '10.00-14.00'  # let op
    organisator: Het College
    uitleg: Kom kijken.
  - id: van-een-ander
    titel: Gastles
    soort: gastles
    datum: '2026-12-06'
    organisator: Een ander
    uitleg: U
  - id: verzonnen
    titel: Speeddate
    soort: speeddate
    datum: '2026-12-07'
    organisator: Het College
    uitleg: U
    voorbeeld: true
  - id: geweest
    titel: Meeloopdag
    soort: meeloopdag
    datum: '2026-10-07'
    organisator: Het College
    uitleg: U
"""


@pytest.fixture(scope="module")
def real() -> Knowledge:
    return load(PROJECT / "knowledge")


@pytest.fixture
def known(real: Knowledge, tmp_path: Path) -> Knowledge:
    return with_kalender(real, tmp_path, KALENDER)


def with_kalender(real: Knowledge, folder: Path, text: str) -> Knowledge:
    (folder / "kalender.yml").write_text(text, encoding="utf-8")
    files = Files(folder)
    events = [entry for entry, _ in files.entries(folder / "kalender.yml", Event)]
    assert not files.problems
    others = (entry for entry in real.entries.values() if not isinstance(entry, Event))
    return Knowledge([*others, *events], real.phrases, real.spelling, real.verkenning, real.gesprekken)


def read(known: Knowledge, content: Any, defaults: Defaults = DEFAULTS) -> Preview:
    return preview(content.encode() if isinstance(content, str) else content, known, defaults, TODAY)


def one(known: Knowledge, row: str, head: str = "titel;datum") -> dict[str, Any]:
    """The fields of the one new event in a table."""
    made = read(known, f"{head}\n{row}\n")
    assert made.refused == [] and len(made.added) == 1, made
    return dict(made.added[0].fields)


def why(known: Knowledge, row: str, head: str = "titel;datum") -> str:
    """Why the one row is refused."""
    (refused,) = read(known, f"{head}\n{row}\n").refused
    return " ".join(refused.why)


def workbook(*rows: list[Any]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def ics(*events: str, head: str = "") -> str:
    lines = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{lines}END:VCALENDAR\n".replace("\n", "\r\n")


# Tables


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_table_may_come_from_any_program(known: Knowledge, delimiter: str, encoding: str) -> None:
    text = delimiter.join(["Titel", "Datum", "Plaats"]) + "\r\n" + delimiter.join(["Gastles: cafés", "5-1-2027", "Één"])
    (new,) = read(known, text.encode(encoding)).added
    assert (new.fields["titel"], new.fields["plaats"], new.where) == ("Gastles: cafés", "Één", "rij 2")


@pytest.mark.parametrize(
    "day",
    [
        "2026-11-28",
        "28-11-2026",
        "28/11/2026",
        "28.11.26",
        "28 november 2026",
        "zaterdag 28 november 2026",
        "za 28 nov. 2026",
    ],
)
def test_a_day_is_written_in_many_ways(known: Knowledge, day: str) -> None:
    assert one(known, f"Gastles;{day}")["datum"] == "2026-11-28"


@pytest.mark.parametrize("day", ["", "volgt", "datum volgt", "n.n.b."])
def test_a_day_may_still_be_unknown(known: Knowledge, day: str) -> None:
    assert one(known, f"Gastles schilderen;{day}")["datum"] is None


def test_columns_have_names_that_staff_use(known: Knowledge) -> None:
    names = [name for names in COLUMNS.values() for name in names]
    assert len(names) == len(set(names))
    fields = one(
        known,
        "Bakken;5 jan 2027;13:00;15:30;Soest;klas 3 en 4;Horeca en bakkerij/zorg;Bart;Je bakt;https://b.nl;12;Gast Les",
        "Activiteit;Dag;Begintijd;Eindtijd;Locatie;Klas;Sector;Door wie;Beschrijving;Link;Plekken over;Type",
    )
    assert {**fields, "bron": "", "id": ""} == {
        "id": "", "titel": "Bakken", "soort": "gastles", "datum": "2027-01-05", "einddatum": None,
        "tijd": "13.00-15.30", "plaats": "Soest", "leerjaren": [3, 4], "werelden": ["horeca", "zorg"],
        "organisator": "Bart", "uitleg": "Je bakt", "bron": "", "betrouwbaarheid": "hoog",
        "aanmelden": "https://b.nl", "plekken": 12,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "audience"), [("professionals", "professionals"), ("Decanen", "professionals"), ("leerlingen", None)]
)
def test_a_column_says_whether_it_is_for_pupils_or_professionals(
    known: Knowledge, cell: str, audience: Optional[str]
) -> None:
    assert one(known, f"Gastles;5-1-2027;{cell}", "titel;datum;doelgroep").get("doelgroep") == audience
    head, row = "titel;datum;tijd;doelgroep", f"Open dag zorg;5-12-2026;10.00-14.00;{cell}"
    changes = [change.changes for change in read(known, f"{head}\n{row}\n").changed]
    assert changes == ([(("doelgroep", "leeg", "professionals"),)] if audience else [])


def test_what_is_not_in_the_file_comes_from_the_form(known: Knowledge) -> None:
    (new,) = read(known, "titel;datum\nIets leuks;5-1-2027", Defaults("Mijn school", "gastles", "Bron")).added
    assert [new.fields[name] for name in ("organisator", "soort", "bron")] == ["Mijn school", "gastles", "Bron"]
    assert new.id == "2701-iets-leuks"


def test_columns_that_mean_nothing_are_named(known: Knowledge) -> None:
    assert read(known, "titel;datum;Kleur\nGastles;5-1-2027;rood").unknown == ["Kleur"]


@pytest.mark.parametrize(
    ("row", "head", "said"),
    [
        ("Gastles;31-2-2027", "titel;datum", "Bij 'datum' staat '31-2-2027'. Die dag bestaat niet."),
        ("Gastles;morgen", "titel;datum", "zoals 28-11-2026"),
        ("Gastles;=A1+7", "titel;datum", "formule"),
        (";5-1-2027", "titel;datum", "Er staat geen titel."),
        ("Gastles;5-1-2020", "titel;datum", "al geweest"),
        ("Iets;5-1-2027", "titel;datum", "wat voor activiteit"),
        ("Iets;5-1-2027;circus", "titel;datum;soort", "Kies uit: open dag"),
        ("Gastles;5-1-2027;straks", "titel;datum;tijd", "19.00-20.30"),
        ("Gastles;5-1-2027;klas 5", "titel;datum;klas", "leerjaren zoals 3, 4"),
        ("Gastles;5-1-2027;ruimtevaart", "titel;datum;sector", "'ruimtevaart' ken ik niet. Kies uit: bouw,"),
        ("Gastles;5-1-2027;klas 3", "titel;datum;doelgroep", "leerlingen of professionals"),
        ("Gastles;5-1-2027;http://x.nl", "titel;datum;link", "https://"),
        ("Gastles;5-1-2027;veel", "titel;datum;plekken", "een getal, zoals 25"),
        ("Gastles;5-1-2027;misschien", "titel;datum;afgelast", "ja of nee"),
        ("Gastles;5-1-2027;4-1-2027", "titel;datum;tot", "eerder dan 'datum'"),
        (f"{'x' * 200};5-1-2027", "titel;datum", "Er passen er 120"),
    ],
)
def test_a_row_that_is_wrong_is_refused_with_why(known: Knowledge, row: str, head: str, said: str) -> None:
    assert said in why(known, row, head)


def test_every_reason_is_said_at_once_with_the_row(known: Knowledge) -> None:
    made = read(known, "titel;datum;tijd;klas\nGastles;5-1-2027;;\nGastles koken;x;y;z\n")
    (refused,) = made.refused
    assert (refused.where, refused.title, len(refused.why)) == ("rij 3", "Gastles koken", 3)
    assert len(made.added) == 1


def test_a_file_without_columns_says_which(known: Knowledge) -> None:
    with pytest.raises(Unreadable, match="Ik mis een kolom: datum"):
        read(known, "titel;plaats\nGastles;Soest")


def test_twice_in_the_file_is_once_in_the_kalender(known: Knowledge) -> None:
    made = read(known, "titel;datum\nGastles bouw;5-1-2027\ngastles  BOUW;2027-01-05")
    assert len(made.added) == 1 and "rij 2" in made.refused[0].why[0]


def test_a_workbook_has_dates_times_and_numbers(known: Knowledge) -> None:
    made = read(known, workbook(["Titel", "Datum", "Tijd", "Klas"], ["Gastles", datetime(2027, 1, 5), time(13, 30), 3]))
    assert [made.added[0].fields[name] for name in ("datum", "tijd", "leerjaren")] == ["2027-01-05", "13.30", [3]]
    made = read(known, workbook(["Titel", "Datum"], ["Gastles", datetime(2027, 1, 5, 19, 0)]))
    assert made.added[0].fields["tijd"] == "19.00"


def test_a_formula_is_text(known: Knowledge) -> None:
    formula = '=HYPERLINK("https://kwaad.nl","Gastles")'
    made = read(known, workbook(["Titel", "Datum"], [formula, "5-1-2027"]), Defaults("School", "gastles", "b"))
    assert made.added[0].fields["titel"] == formula


# What changes


def test_the_same_again_changes_nothing(known: Knowledge) -> None:
    made = read(known, "titel;datum;tijd\nOpen dag zorg;5-12-2026;10:00 - 14:00")
    assert (made.same, made.added, made.changed, made.refused) == (1, [], [], [])


def test_a_change_says_old_and_new_of_each_field(known: Knowledge) -> None:
    (change,) = read(known, "titel;datum;tijd;waar\nOpen dag zorg;5-12-2026;11.00-15.00;Soest").changed
    assert change.id == "open-dag-zorg"
    assert change.changes == (("tijd", "10.00-14.00", "11.00-15.00"), ("plaats", "leeg", "Soest"))


def test_another_day_is_a_change_when_it_is_clear_which_one(known: Knowledge) -> None:
    (change,) = read(known, "titel;datum\nOpen dag zorg;12-12-2026").changed
    assert change.changes == (("datum", "zaterdag 5 december 2026", "zaterdag 12 december 2026"),)
    made = read(known, "titel;datum\nOpen dag zorg;12-12-2026\nOpen dag zorg;13-12-2026")
    assert len(made.added) == 2 and not made.changed


def test_what_changes_is_no_example_any_more(known: Knowledge, real: Knowledge, tmp_path: Path) -> None:
    made = read(known, "titel;datum;waar\nSpeeddate;7-12-2026;Soest")
    assert ("voorbeeld", "ja", "nee") in made.changed[0].changes
    after = with_kalender(real, tmp_path, applied(KALENDER, made, {"verzonnen"}))
    event = after.one(Event, "verzonnen")
    assert not event.voorbeeld and event.bron == DEFAULTS.bron


def test_only_what_the_same_school_still_plans_may_be_dropped(known: Knowledge) -> None:
    made = read(known, "titel;datum\nGastles dansen;5-1-2027")
    assert [event.id for event in made.dropped] == ["open-dag-zorg", "verzonnen"]
    assert read(known, "titel;datum\nGastles dansen;5-1-2027", Defaults("Nieuw", "", "b")).dropped == []


def test_what_was_refused_is_not_dropped(known: Knowledge) -> None:
    made = read(known, "titel;datum\nOpen dag zorg;32-12-2026\nSpeeddate;7-12-2026")
    assert made.dropped == []


def test_only_what_is_ticked_is_done_and_the_rest_of_the_file_stays(known: Knowledge) -> None:
    made = read(
        known, "titel;datum;tijd\nOpen dag zorg;5-12-2026;11.00-15.00\nGastles bouw;6-1-2027;\nGastles ict;7-1-2027;"
    )
    assert applied(KALENDER, made, set()) == KALENDER
    new = applied(KALENDER, made, {"open-dag-zorg", "2701-gastles-bouw", "verzonnen"})
    assert new.startswith(KALENDER.partition("    tijd")[0]) and "# De open dag" in new
    assert "'11.00-15.00'" in new or "11.00-15.00" in new
    assert "ict" not in new and "verzonnen" not in new and "id: van-een-ander" in new
    assert new.index("geweest") < new.index("2701-gastles-bouw")


def test_reading_the_file_again_after_saving_changes_nothing(real: Knowledge, known: Knowledge, tmp_path: Path) -> None:
    file = (
        "titel;datum;einddatum;tijd;waar;klas;sector;door;uitleg;link;plekken;afgelast;aantal leerlingen;uid\n"
        "Gastles: 'x' # en;5-1-2027;6-1-2027;;- Soest;3;zorg;De # school: 'ja';nee;https://b.nl;0;ja;12;u1\n"
        "Gastles <b>;;;19.00;;;;;;;;;;\n"
    )
    made = read(known, file)
    new = applied(KALENDER, made, {added.id for added in made.added})
    after = with_kalender(real, tmp_path, new)
    again = read(after, file)
    assert (again.same, again.added, again.changed, again.refused) == (2, [], [], [])
    event = after.one(Event, made.added[0].id)
    assert event.afgelast and event.plekken == 0 and event.aanwezig.leerlingen == 12
    assert event.organisator == "De # school: 'ja'"


# Calendars

EVENING = "UID:a\nSUMMARY:Gastles koken\nDTSTART;TZID=Europe/Amsterdam:20270105T190000"
EVENING += "\nDTEND;TZID=Europe/Amsterdam:20270105T203000"


def test_an_appointment_is_an_event_in_dutch_time(known: Knowledge) -> None:
    made = read(known, ics(
        f"{EVENING}\nLOCATION:Soest\nDESCRIPTION:<p>Kom\\, kijk</p>\\nen proef\nURL:https://a.nl/x",
        "UID:b\nSUMMARY:Open dag\nDTSTART:20270110T090000Z\nDURATION:PT2H\nORGANIZER;CN=De Bron:mailto:x@y.nl",
        "UID:c\nSUMMARY:Meeloopdag\nDTSTART;VALUE=DATE:20270111\nDTEND;VALUE=DATE:20270113\nSTATUS:CANCELLED",
    ))  # fmt: skip
    first, second, third = (added.fields for added in made.added)
    assert [first[name] for name in ("datum", "tijd", "plaats", "uitleg", "aanmelden", "uid")] == [
        "2027-01-05", "19.00-20.30", "Soest", "Kom, kijk en proef", "https://a.nl/x", "a",
    ]  # fmt: skip
    assert [second[name] for name in ("tijd", "organisator", "soort")] == ["10.00-12.00", "De Bron", "open-dag"]
    assert [third[name] for name in ("datum", "einddatum", "tijd", "afgelast")] == [
        "2027-01-11",
        "2027-01-12",
        None,
        True,
    ]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("RRULE:FREQ=WEEKLY;COUNT=3", ["2027-01-05", "2027-01-12", "2027-01-19"]),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20270202T000000Z", ["2027-01-05", "2027-01-19", "2027-02-02"]),
        ("RRULE:FREQ=MONTHLY;BYDAY=1TU;COUNT=2", ["2027-01-05", "2027-02-02"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", ["2027-01-05", "2027-01-07", "2027-01-12"]),
        ("RRULE:FREQ=YEARLY;COUNT=1", ["2027-01-05"]),
        ("RDATE;TZID=Europe/Amsterdam:20270107T190000", ["2027-01-05", "2027-01-07"]),
        (
            "RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Amsterdam:20270112T190000",
            ["2027-01-05", "2027-01-19", "2027-01-26"],
        ),
    ],
)
def test_a_series_is_there_on_its_days(known: Knowledge, rule: str, days: list[str]) -> None:
    (new,) = read(known, ics(f"{EVENING}\n{rule}")).added
    event = Event.parse_obj({**new.fields, "bron": "b"})
    assert [str(time.datum) for time in occurrences(event)] == days


def test_one_time_that_moved_is_an_event_of_its_own(known: Knowledge) -> None:
    moved = (
        "UID:a\nSUMMARY:Gastles koken\nRECURRENCE-ID;TZID=Europe/Amsterdam:20270112T190000\nDTSTART:20270113T180000Z"
    )
    gone = "UID:a\nSUMMARY:X\nRECURRENCE-ID:20270119T180000Z\nDTSTART:20270119T180000Z\nSTATUS:CANCELLED"
    made = read(known, ics(f"{EVENING}\nRRULE:FREQ=WEEKLY;COUNT=4", moved, gone))
    series, other = (Event.parse_obj({**new.fields, "bron": "b"}) for new in made.added)
    assert [time.datum.day for time in occurrences(series) if time.datum] == [5, 26]
    assert (str(other.datum), other.tijd) == ("2027-01-13", "19.00")


def test_a_series_without_an_end_stops_and_says_so(known: Knowledge) -> None:
    (new,) = read(known, ics(f"{EVENING}\nRRULE:FREQ=WEEKLY")).added
    assert new.fields["herhaal"] == {"elke": "week", "tot": "2027-12-28"}
    assert "zonder einde" in new.remarks[0]


@pytest.mark.parametrize(
    "rule",
    ["FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=DAILY;BYHOUR=1,2,3", "FREQ=WEEKLY;INTERVAL=0", "FREQ=MONTHLY;BYMONTHDAY=32",
     "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;X=1"],
)  # fmt: skip
def test_a_rule_that_could_go_on_for_ever_is_refused(known: Knowledge, rule: str) -> None:
    made = read(known, ics(f"{EVENING}\nRRULE:{rule}"))
    assert made.added == [] and made.refused[0].title == "Gastles koken"


def test_a_daily_series_keeps_to_a_limit(known: Knowledge) -> None:
    (new,) = read(known, ics(f"{EVENING}\nRRULE:FREQ=DAILY")).added
    assert len(occurrences(Event.parse_obj({**new.fields, "bron": "b"}))) == 60
    assert len(new.remarks) == 2


def test_an_appointment_that_moved_keeps_its_place_by_its_uid(
    known: Knowledge, real: Knowledge, tmp_path: Path
) -> None:
    made = read(known, ics(EVENING))
    after = with_kalender(real, tmp_path, applied(KALENDER, made, {made.added[0].id}))
    moved = read(after, ics(EVENING.replace("20270105", "20270108").replace("koken", "bakken")))
    (change,) = moved.changed
    assert change.id == made.added[0].id and {field for field, _, _ in change.changes} == {"titel", "datum"}


def test_the_feed_of_lobke_itself_knows_its_events(known: Knowledge) -> None:
    made = read(known, ics("UID:open-dag-zorg@lobke\nSUMMARY:Open dag zorg en welzijn\nDTSTART;VALUE=DATE:20261205"))
    assert made.changed[0].id == "open-dag-zorg" and not made.added


# What is hostile


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    return file.getvalue()


def with_entities() -> bytes:
    file = io.BytesIO(workbook(["titel", "datum"]))
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr("xl/extra.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "leeg"),
        (b"x" * (LARGEST + 1), "groter dan 1 MB"),
        (b"\x00\x01\x02", "geen .ics"),
        (b"\xd0\xcf\x11\xe0 old", "als .xlsx"),
        (b"PK\x03\x04 not a zip", "niet te lezen"),
        (bomb(), "uitgepakt te groot"),
        (with_entities(), "niet te lezen"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT", "geen afspraak"),
        (b"titel;datum\n;;\n", "Onder de namen"),
        (b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\nx", "niet te lezen"),
        (b"titel;datum\n" + b"x;5-1-2027\n" * (MOST_ROWS + 1), f"meer dan {MOST_ROWS} rijen"),
        (ics(*["UID:a\nSUMMARY:x\nDTSTART:20270105"] * (MOST_ROWS + 1)).encode(), f"meer dan {MOST_ROWS} afspraken"),
        (ics(*[f"{EVENING}\nRRULE:FREQ=DAILY"] * (MOST_REPEATING + 1)).encode(), "die herhalen"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # a zip file holds the time
)
def test_a_file_that_cannot_be_used_says_why(content: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_rows(content, TODAY)


def test_a_sheet_that_says_it_is_endless_is_not(known: Knowledge) -> None:
    book, file = Workbook(), io.BytesIO()
    book.active.append(["titel", "datum"])
    book.active.append(["Gastles", "5-1-2027"])
    book.active["A1048576"] = "ver weg"
    book.save(file)
    assert len(read(known, file.getvalue()).added) == 1


@settings(max_examples=150)
@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda text: f"titel;datum\n{text}".encode(errors="replace"))
    | st.text(max_size=200).map(lambda text: ics(f"SUMMARY:x\nDTSTART:20270105\n{text}").encode(errors="replace"))
    | st.lists(st.sampled_from([*ics(EVENING, "RRULE:FREQ=WEEKLY").split("\r\n"), "RDATE:x", "EXDATE:2"]))
    .map(lambda lines: "\r\n".join(["BEGIN:VCALENDAR", *lines]).encode())
)  # fmt: skip
def test_no_file_brings_it_down(content: bytes) -> None:
    known = load_once()
    try:
        made = preview(content, known, DEFAULTS, TODAY)
    except Unreadable:
        return
    new = applied(KALENDER, made, {added.id for added in made.added})
    assert writing.entry_text(new, "geweest")


def load_once() -> Knowledge:
    if not _loaded:
        _loaded.append(load(PROJECT / "knowledge"))
    return _loaded[0]


_loaded: list[Knowledge] = []
