"""The annual report: every number in it follows from what happened, and none gives a small count away."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Optional

import pytest
import time_machine

from bot.evaluation.evaluations import Evaluations, answer
from bot.knowledge import current
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Event
from bot.knowledge.reading import remarks
from bot.monitoring import report as module
from bot.monitoring.entered import NONE_KNOWN, Entered, YearNumbers, mark_of
from bot.monitoring.figures import roll_up
from bot.monitoring.report import (
    NO_FIGURES,
    NOT_FILLED_IN,
    NOTHING_YET,
    Report,
    Section,
    activities,
    compared,
    head_count,
    in_total,
    paragraphs,
    report,
    years,
)
from tests.bot.monitoring.logs import happened, said, voted, write

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def in_november() -> Iterator[None]:
    with time_machine.travel("2026-11-22T12:00:00+01:00", tick=False):
        yield


def event(id: str, day: Optional[str], there: Optional[tuple[int, int]] = None, **fields: object) -> Event:
    aanwezig = {"leerlingen": there[0], "professionals": there[1]} if there else None
    known = {"titel": id, "soort": "gastles", "organisator": "o", "uitleg": "u", "bron": "b", "betrouwbaarheid": "hoog"}
    return Event(id=id.lower(), datum=day, aanwezig=aanwezig, **{**known, **fields})


def kalender(monkeypatch: pytest.MonkeyPatch, *events: Event) -> Knowledge:
    """The real knowledge with these events only."""
    real = current()
    others = (entry for entry in real.entries.values() if not isinstance(entry, Event))
    made = Knowledge([*others, *events], real.phrases, real.spelling, real.verkenning, real.gesprekken)
    made.evaluaties = real.evaluaties  # type: ignore[misc]
    monkeypatch.setattr(module, "current", lambda: made)
    return made


def section(made: Report, id: str) -> Section:
    return next(section for section in made.sections if section.id == id)


def test_what_took_place_is_there_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    known = kalender(
        monkeypatch,
        event("first", "2026-08-01"),
        event("before", "2026-07-31"),
        event("yesterday", "2026-11-21"),
        event("today", "2026-11-22"),
        event("lasts", "2026-11-20", einddatum="2026-11-23"),
        event("cancelled", "2026-10-01", afgelast=True),
        event("deadline", "2026-10-01", soort="deadline"),
        event("some-day", None),
    )
    assert [one.name for one in activities(known, 2026, TODAY)] == ["first", "yesterday"]
    assert [one.name for one in activities(known, 2025, TODAY)] == ["before"]


def test_an_example_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    known = kalender(monkeypatch, event("x", "2026-10-01", voorbeeld=True))
    assert [one.name for one in activities(known, 2026, TODAY)] == ["x (voorbeeld)"]


def test_each_time_of_a_series_is_an_activity_and_its_people_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    series = event("s", "2026-11-03", (44, 6), herhaal={"elke": "week", "tot": "2026-12-08"})
    known = kalender(monkeypatch, series)
    (found,) = activities(known, 2026, TODAY)
    assert len(found.days) == 3 and found.last_day == date(2026, 11, 17)
    (this,) = compared(known, {}, 2026, TODAY)
    assert dict(this.computed) == {
        "activities_pupils": 3,
        "activities_professionals": 0,
        "pupils": 44,
        "professionals": 6,
    }


def test_people_of_a_series_count_in_the_year_in_which_it_began(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    kalender(monkeypatch, event("s", "2026-07-30", (44, 6), herhaal={"elke": "week", "tot": "2026-08-06"}))
    (table,) = section(report(2026), "activiteiten").tables
    assert table.rows == (("6 augustus 2026", "s", "Gastles", "leerlingen", *["telt bij 2025-2026"] * 2),)
    before, this = compared(module.current(), {}, 2026, TODAY)
    assert (before.value("pupils"), this.value("pupils"), this.value("activities_pupils")) == (44, None, 1)


def test_the_activities_stand_in_a_table_with_totals(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    kalender(
        monkeypatch,
        event("Netwerk", "2026-09-01", (0, 31), doelgroep="professionals"),
        event("Reis", "2026-09-08", (1412, 3), einddatum="2026-09-09"),
        event("Gastles", "2026-10-01"),
    )
    made = report(2026)
    chapter = section(made, "activiteiten")
    (table,) = chapter.tables
    assert table.rows == (
        ("1 september 2026", "Netwerk", "Gastles", "professionals", "0", "31"),
        ("8 september 2026 tot en met 9 september 2026", "Reis", "Gastles", "leerlingen", "1.412", "<5"),
        ("1 oktober 2026", "Gastles", "Gastles", "leerlingen", NOT_FILLED_IN, NOT_FILLED_IN),
    )
    assert table.total == ("Samen", "3 activiteiten", "", "", "1.412", "minstens 31")
    assert "1 activiteit" in chapter.said[0] and chapter.said[0] in section(made, "uitdagingen").said
    said = section(made, "inleiding").said
    assert "2 voor leerlingen en 1 voor professionals" in said[0]
    assert said[1] == "Daar waren 1.412 leerlingen en minstens 31 professionals."


def test_a_small_number_of_people_cannot_be_worked_out() -> None:
    assert [head_count(number) for number in (0, 1, 4, 5, 1400)] == ["0", "<5", "<5", "5", "1.400"]
    others = (25, 0, 7)
    totals = {in_total([*others, small]) for small in (1, 2, 3, 4)}
    assert totals == {(32, True)}, "whatever the small number is, the total is what is shown beside it"
    assert in_total(others) == (32, False)


def test_what_was_entered_stands_only_where_nothing_is_computed(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    kalender(monkeypatch, event("a", "2026-10-01"), event("b", "2025-10-01", (25, 3)))
    Entered().save_numbers(
        {
            2024: (NONE_KNOWN.mark, YearNumbers(2, 8, 1400, 3, 90, None)),
            2025: (NONE_KNOWN.mark, YearNumbers(9, 9, 9, 9)),
            2026: (NONE_KNOWN.mark, YearNumbers(pupils=30, visitors=5210, views=18234)),
            2019: (NONE_KNOWN.mark, YearNumbers(1)),
        }
    )
    made = report(2026)
    (table,) = section(made, "bereik").tables
    assert table.rows == (
        ("2024-2025", "2 (ingevuld)", "8 (ingevuld)", "1.400 (ingevuld)", "<5 (ingevuld)"),
        ("2025-2026", "1", "0", "25", "minstens 1"),
        ("2026-2027", "1", "0", "30 (ingevuld)", "niet bekend"),
    )
    (site,) = section(made, "gebruik").tables
    assert site.rows == (("2024-2025", "90", "niet bekend"), ("2026-2027", "5.210", "18.234"))
    assert years() == [2026, 2025, 2024, 2019]


def count(number: int, day: date, outcome: str = "answered") -> None:
    """So many conversations with a question each."""
    write(
        *(said(f"{day}{outcome}{one}", 1, outcome, kind="duur", subject="beroep:kok", day=day) for one in range(number))
    )


def test_the_figures_of_lobke_stand_beside_those_of_earlier_years(
    monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    kalender(monkeypatch)
    count(10, date(2026, 7, 31))
    count(80, date(2026, 8, 1))
    count(20, date(2026, 11, 20), "not_understood")
    write(happened("visitor", number=45), *(voted(True) for _ in range(30)), *(voted(False) for _ in range(10)))
    write(happened("handoff_sent", number=10), happened("first_answer", value="1", number=10))
    write(happened("exploration_finished", number=5))
    roll_up()
    made = report(2026)
    chats = next(table for table in section(made, "gebruik").tables if table.title == "Gesprekken met Lobke")
    assert chats.rows == (("2025-2026", "10", "10", "<5", "<5"), ("2026-2027", "100", "100", "45", "<5"))
    months = section(made, "gebruik").tables[-1]
    assert [row[0] for row in months.rows] == [
        "augustus 2026", "september 2026", "oktober 2026", "november 2026",
    ]  # fmt: skip
    assert [bar.label for bar in months.bars] == ["aug", "sep", "okt", "nov"]
    subjects = {table.title: table.rows for table in section(made, "vragen").tables}
    assert subjects["Onderwerpen"] == (("Kok (beroep)", "80"),)
    assert section(made, "goed").said == (
        "Op 80% van de vragen gaf Lobke meteen antwoord.",
        "Van de duimen ging 75% omhoog: dat antwoord hielp.",
        "Leerlingen maakten 5 verkenningen af.",
        "Decanen gaven 10 leerlingen antwoord, de helft binnen 2 schooldagen.",
    )
    assert section(made, "uitdagingen").said[:2] == (
        "Op 20% van de vragen kwam geen antwoord.",
        "De reden die het vaakst voorkwam: Lobke begreep de vraag niet (20 vragen).",
    )


def test_a_year_without_anything_says_so(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    kalender(monkeypatch)
    made = report(2025)
    assert section(made, "vragen").said == section(made, "hulp").said == (NO_FIGURES,)
    assert section(made, "goed").said == (NOTHING_YET,)
    assert "geen activiteiten" in section(made, "activiteiten").said[0]
    assert section(made, "inleiding").said == ()


def test_what_staff_wrote_stands_below_the_figures(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    kalender(monkeypatch)
    text = "  Dit ging goed.\nEcht. \n\n\n  En dit ook.\n"
    Entered().save_texts(2026, {"goed": (mark_of(""), text)})
    chapter = section(report(2026), "goed")
    assert chapter.said == (NOTHING_YET,) and chapter.text == ("Dit ging goed.\nEcht.", "En dit ook.")
    assert paragraphs(" \n\n ") == ()


def test_what_people_thought_is_summed_over_the_year_without_their_words(
    monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    kalender(monkeypatch)
    evaluations = Evaluations("x", None)
    for name, day, number in (("a", 20, 30), ("b", 21, 20), ("few", 19, 4), ("next", 23, 25)):
        link = evaluations.get(evaluations.add(None, name, date(2026, 11, day))).links[0]
        for key in range(number):
            answer(link.code, str(key), {"oordeel": "goed"}, "geheimemening")
    (table,) = section(report(2026), "mening").tables
    assert table.title == "Leerlingen" and "2 activiteiten" in table.intro
    assert table.rows == (("Wat vond je ervan?", "Slecht: <5, Matig: <5, Goed: 50, Heel goed: <5"),)
    assert "geheimemening" not in str(report(2026))
    assert section(report(2025), "mening").tables == () and section(report(2025), "mening").said


def test_what_is_to_come_is_counted(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    week = {"elke": "week", "tot": "2026-12-08"}
    kalender(
        monkeypatch,
        event("s", "2026-11-17", herhaal=week),
        event("next", "2027-09-01"),
        event("off", "2026-12-01", afgelast=True),
        event("d", "2027-04-01", soort="deadline"),
    )
    assert section(report(2026), "vooruitblik").said == (
        "Voor schooljaar 2026-2027 staan nog 3 activiteiten in de kalender.",
        "Voor schooljaar 2027-2028 staat 1 activiteit in de kalender.",
    )
    assert section(report(2025), "vooruitblik").said == (
        "Voor schooljaar 2026-2027 staan 4 activiteiten in de kalender.",
    )


def test_the_day_stands_in_one_place(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    kalender(monkeypatch, event("a", "2026-10-01", (25, 3)))
    first = report(2026)
    with time_machine.travel(TODAY + timedelta(days=1), tick=False):
        second = report(2026)
    assert first.made_on == "Gemaakt op zondag 22 november 2026" and second.day == date(2026, 11, 23)
    assert first.sections == second.sections


def test_its_sentences_are_easy_to_read(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    kalender(monkeypatch, event("a", "2026-10-01"))
    count(40, date(2026, 10, 1))
    count(40, date(2026, 10, 2), "out_of_scope")
    roll_up()
    texts = [text for chapter in report(2026).sections for text in chapter.said]
    assert {text: found for text in texts if (found := remarks(text))} == {}
