"""A pupil hears what to do now and next in her leerjaar, and how long it is until 1 April, as it is today."""

from datetime import date, timedelta
from typing import Any, Optional

import pytest

from bot.knowledge.answers import answer
from bot.knowledge.kinds.year import LEERJAREN, ask_leerjaar, last_day_to_apply, year_answer
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Event, Moment
from bot.knowledge.names import Names
from bot.knowledge.question import SURE_HIT, Answer, Hit, Question, Sources
from bot.knowledge.reading import remarks

TODAY = date(2026, 11, 22)
SCHOOL_YEAR = [date(2026, 9, 1) + timedelta(days=number) for number in range(365)]


def asked(sources: Sources, text: str, kind: Optional[str] = "inhoud", **known: Any) -> Answer:
    """The answer to a typed message."""
    subjects = tuple(match.subjects for match in sources.names.find(text))
    return answer(Question(kind, subjects, **{"text": text, "today": TODAY, **known}), sources)


def on(sources: Sources, year: int, today: date) -> Answer:
    """What a pupil of this leerjaar hears on this day."""
    return year_answer(Question("nu", today=today), year, sources)


def section(found: Answer, title: str) -> dict[str, Any]:
    assert found.card
    sections: list[dict[str, Any]] = found.card["sections"]
    return next(section for section in sections if section["title"] == title)


def titles(found: Answer) -> list[str]:
    return [section["title"] for section in found.card["sections"]] if found.card else []


def meanings(found: Answer) -> list[str]:
    return [choice.meaning for choice in found.choices]


@pytest.mark.parametrize(
    "text",
    [
        "wat moet ik nu doen",
        "Wat moet ik nu doen?",
        "wat moet ik dit jaar doen",
        "wat moet ik dit schooljaar allemaal regelen",
        "wat moet ik dit jaar kiezen",
        "ik weet niet wat ik dit jaar moet doen",
        "hoi, wat kan ik nu al doen?",
    ],
)
def test_where_she_is_depends_on_her_leerjaar(sources: Sources, text: str) -> None:
    for year in LEERJAREN:
        assert asked(sources, text, leerjaar=str(year)).subject == f"onderwerp:lob-leerjaar-{year}"
    unknown = asked(sources, text)
    assert (unknown.kind, unknown.outcome, unknown.subject) == ("nu", "clarified", None)
    assert meanings(unknown) == ["leerjaar|2", "leerjaar|3", "leerjaar|4"]


@pytest.mark.parametrize(
    "text", ["ik zit in klas 4 wat nu", "ik zit in klas 4, wat moet ik nu doen", "wat moet ik doen in leerjaar 4"]
)
def test_the_leerjaar_in_the_message_goes_before_the_remembered_one(sources: Sources, text: str) -> None:
    assert asked(sources, text, leerjaar="3").subject == "onderwerp:lob-leerjaar-4"


@pytest.mark.parametrize(
    "text",
    [
        "wat moet ik voor 1 april doen",
        "wat moet ik vóór 1 april geregeld hebben",
        "hoeveel tijd heb ik nog om me aan te melden",
        "hoe lang heb ik nog voor het aanmelden?",
        "hoeveel weken heb ik nog tot 1 april",
    ],
)
def test_the_time_until_1_april_is_about_applying(sources: Sources, text: str) -> None:
    for leerjaar in (None, "3"):
        assert "nog 18 weken" in asked(sources, text, leerjaar=leerjaar).text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("voorbereiden", "wat moet ik doen op een open dag"),
        ("inhoud", "mijn mentor is boos, wat moet ik nu doen"),
        ("inhoud", "ik weet niet meer wat ik nu moet doen"),
        ("inhoud", "haal ik het dit jaar denk je"),
        ("wanneer", "wat is er dit jaar te doen"),
        ("duur", "hoe lang heb ik nog les"),
    ],
)
def test_another_question_is_not_about_her_year(sources: Sources, kind: str, text: str) -> None:
    assert asked(sources, text, kind, leerjaar="4").kind != "nu"


def test_a_known_question_about_a_leerjaar_keeps_its_answer(sources: Sources) -> None:
    known = (Hit("onderwerp:lob-leerjaar-2", SURE_HIT),)
    found = asked(sources, "wat moet ik doen met lob in leerjaar 2", hits=known, leerjaar="2")
    assert (found.kind, found.card) == ("inhoud", None)


def test_the_kind_nu_takes_the_remembered_leerjaar_or_the_one_of_its_topic(sources: Sources) -> None:
    remembered = answer(Question("nu", today=TODAY, leerjaar="2", chosen=True), sources)
    chosen = answer(Question("nu", (("onderwerp:lob-leerjaar-2",),), today=TODAY, chosen=True), sources)
    assert remembered.card == chosen.card == on(sources, 2, TODAY).card
    assert answer(Question("nu", today=TODAY, leerjaar="1", chosen=True), sources).outcome == "clarified"


@pytest.mark.parametrize(
    ("year", "now", "after"),
    [
        (2, "Maak kennis met veel beroepen", "je leerweg en je profiel"),
        (3, "eerste open dagen", "je stage"),
        (4, "kies welke je voorkeur heeft", "uiterlijk op 1 april"),
    ],
)
def test_now_and_next_are_those_of_the_day(sources: Sources, year: int, now: str, after: str) -> None:
    found = on(sources, year, TODAY)
    assert now in section(found, "Nu")["text"]
    assert after in section(found, "Daarna")["text"]


def test_the_winter_goes_on_over_new_year(sources: Sources) -> None:
    assert section(on(sources, 3, date(2026, 12, 31)), "Nu") == section(on(sources, 3, date(2028, 2, 29)), "Nu")
    assert "stage" in section(on(sources, 3, date(2028, 3, 1)), "Nu")["text"]


@pytest.mark.parametrize("year", LEERJAREN)
@pytest.mark.parametrize("day", [date(2027, 7, 1), date(2027, 8, 31)])
def test_in_july_and_august_it_is_holiday_and_then_the_year_begins(sources: Sources, year: int, day: date) -> None:
    found = on(sources, year, day)
    assert "vakantie" in section(found, "Nu")["text"]
    assert section(found, "Daarna")["text"] == section(on(sources, year, date(2027, 9, 1)), "Nu")["text"]


@pytest.mark.parametrize("year", LEERJAREN)
def test_every_day_of_the_school_year_has_one_thing_to_do(knowledge: Knowledge, sources: Sources, year: int) -> None:
    moments = [moment for moment in knowledge.all(Moment) if moment.leerjaar == year]
    now = [section(on(sources, year, day), "Nu")["text"] for day in SCHOOL_YEAR]
    assert list(dict.fromkeys(now)) == [moment.doe for moment in moments]


@pytest.mark.parametrize(
    ("today", "says"),
    [
        (date(2026, 9, 1), "nog 30 weken: aanmelden kan op tijd tot en met donderdag 1 april 2027"),
        (date(2027, 3, 18), "nog 2 weken"),
        (date(2027, 3, 19), "nog 13 dagen"),
        (date(2027, 3, 30), "nog 2 dagen"),
        (date(2027, 3, 31), "vandaag en morgen"),
        (date(2027, 4, 1), "Vandaag is de laatste dag"),
        (date(2027, 4, 2), "Na 1 april kan aanmelden nog, maar de school mag dan nee zeggen."),
        (date(2027, 8, 31), "Na 1 april kan aanmelden nog"),
        (date(2027, 9, 1), "zaterdag 1 april 2028"),
    ],
)
def test_the_time_until_1_april_is_counted(sources: Sources, today: date, says: str) -> None:
    found = on(sources, 4, today)
    assert says in found.text
    before = today <= last_day_to_apply(today)
    assert says in section(found, "Uiterlijk op 1 april" if before else "Na 1 april")["text"]


def test_only_leerjaar_4_counts_to_1_april_and_only_leerjaar_2_chooses_a_profiel(sources: Sources) -> None:
    assert titles(on(sources, 2, TODAY)) == ["Nu", "Daarna", "Je profielkeuze", "In de kalender"]
    assert titles(on(sources, 3, TODAY)) == ["Nu", "Daarna", "In de kalender"]
    assert titles(on(sources, 4, TODAY)) == ["Nu", "Daarna", "Uiterlijk op 1 april", "In de kalender"]


def kalender(sources: Sources, *events: dict[str, Any]) -> Sources:
    """The sources with these events instead of the kalender."""
    known = sources.knowledge
    shared = dict(soort="open-dag", organisator="o", uitleg="u", bron="b", betrouwbaarheid="hoog")
    made = [Event(**{**shared, "id": event["titel"].lower(), **event}) for event in events]
    entries = [entry for entry in known.entries.values() if not isinstance(entry, Event)]
    knowledge = Knowledge([*entries, *made], known.phrases, known.spelling, known.verkenning, known.gesprekken)
    return Sources(knowledge, Names(knowledge))


def test_the_first_two_events_for_her_leerjaar_are_shown(sources: Sources) -> None:
    found = kalender(
        sources,
        {"titel": "Later", "datum": "2027-02-02"},
        {"titel": "Derde", "datum": "2027-01-03", "leerjaren": [3]},
        {"titel": "Voorbij", "datum": "2026-11-01"},
        {"titel": "Deadline", "datum": "2026-12-01", "soort": "deadline"},
        {"titel": "Eerst", "datum": "2026-12-01", "leerjaren": [4], "voorbeeld": True},
        {"titel": "Daarna", "datum": "2027-01-02", "leerjaren": [3, 4]},
    )
    assert section(on(found, 4, TODAY), "In de kalender")["rows"] == [
        {"label": "Eerst (voorbeeld)", "value": "dinsdag 1 december 2026"},
        {"label": "Daarna", "value": "zaterdag 2 januari 2027"},
    ]


def test_an_empty_kalender_is_said_honestly(sources: Sources) -> None:
    said = section(on(kalender(sources), 2, TODAY), "In de kalender")["text"]
    assert said.startswith("Er staat geen activiteit in de LOB-kalender voor leerjaar 2.")


@pytest.mark.parametrize(
    ("year", "offered"),
    [
        (2, ["inhoud|onderwerp:profielen-vmbo", "start|", "mens|"]),
        (3, ["wanneer|activiteit:open-dag", "start|", "mens|"]),
        (4, ["aanmelden|", "wanneer|activiteit:open-dag", "mens|"]),
    ],
)
def test_the_next_steps_fit_the_leerjaar(sources: Sources, year: int, offered: list[str]) -> None:
    assert meanings(on(sources, year, TODAY)) == offered


@pytest.mark.parametrize("year", LEERJAREN)
def test_what_is_said_is_easy_to_read_on_any_day(sources: Sources, year: int) -> None:
    said = set()
    for day in SCHOOL_YEAR:
        found = on(sources, year, day)
        assert found.card
        sections = found.card["sections"]
        said |= {found.text, found.card["note"], *(s["text"] for s in sections if "text" in s)}
    assert {text: remarks(text) for text in said if remarks(text)} == {}


def test_her_teachers_are_asked_what_differs_a_school(sources: Sources) -> None:
    for year in LEERJAREN:
        card = on(sources, year, TODAY).card
        assert card and "decaan" in card["note"]


def test_the_leerjaar_is_asked_with_choices(sources: Sources) -> None:
    assert [choice.label for choice in ask_leerjaar(sources).choices] == ["Leerjaar 2", "Leerjaar 3", "Leerjaar 4"]
