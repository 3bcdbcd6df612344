"""The LOB-kalender shows what is still coming, and says it when nothing is."""

from datetime import date

import pytest
from pydantic import ValidationError

from bot.knowledge.answers import answer
from bot.knowledge.calendar import (
    Wish,
    dutch_date,
    dutch_period,
    next_time,
    occurrences,
    planned,
    undated,
    upcoming,
)
from bot.knowledge.dates import Period
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Event
from bot.knowledge.names import Names
from bot.knowledge.question import Answer, Question, Sources

TODAY = date(2026, 11, 21)
NONE = Knowledge((), None, None, None, None)  # type: ignore[arg-type]


def event(id: str, day: object = None, **fields: object) -> Event:
    return Event(
        id=id, titel=id, soort="gastles", datum=day, organisator="o", uitleg="u", bron="b", betrouwbaarheid="hoog",
        **fields,
    )  # fmt: skip


def kalender(*events: Event) -> Knowledge:
    return Knowledge(events, NONE.phrases, NONE.spelling, NONE.verkenning, NONE.gesprekken)


def ids(events: list[Event]) -> list[str]:
    return [found.id for found in events]


def test_past_events_leave_and_the_others_come_in_order() -> None:
    knowledge = kalender(
        event("later", "2027-01-10"), event("today", "2026-11-21"), event("past", "2026-11-20"), event("undated")
    )
    assert ids(upcoming(knowledge, Wish(), TODAY)) == ["today", "later"]


def test_an_event_of_several_days_stays_until_its_last() -> None:
    knowledge = kalender(event("week", "2027-03-08", einddatum="2027-03-12"))
    assert ids(upcoming(knowledge, Wish(), date(2027, 3, 12))) == ["week"]
    assert ids(upcoming(knowledge, Wish(), date(2027, 3, 13))) == []


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [("2027-03-01", "2027-03-08", True), ("2027-03-10", "2027-03-10", True), ("2027-03-13", "2027-03-20", False)],
)
def test_an_event_fits_a_period_that_it_touches(start: str, end: str, found: bool) -> None:
    knowledge = kalender(event("week", "2027-03-08", einddatum="2027-03-12"))
    wish = Wish(Period(date.fromisoformat(start), date.fromisoformat(end), ""))
    assert bool(upcoming(knowledge, wish, TODAY)) is found


def test_what_is_for_professionals_is_there_for_who_asks_for_it_only() -> None:
    knowledge = kalender(
        event("decanen", "2027-01-01", doelgroep="professionals"),
        event("pupils", "2027-01-02"),
        event("some-day", doelgroep="professionals"),
    )
    assert ids(upcoming(knowledge, Wish(), TODAY)) == ["pupils"]
    assert ids(planned(knowledge, Wish(), TODAY)) == ["pupils"]
    assert ids(undated(knowledge, Wish())) == []
    everybody = Wish(professionals=True)
    assert ids(planned(knowledge, everybody, TODAY)) == ["decanen", "pupils"]
    assert ids(undated(knowledge, everybody)) == ["some-day"]


def test_an_event_for_everyone_fits_every_wereld_but_a_deadline_fits_none() -> None:
    knowledge = kalender(
        event("zorg", "2027-01-01", werelden=["zorg"]),
        event("bouw", "2027-01-02", werelden=["bouw"]),
        event("all", "2027-01-03"),
        event("aanmelden", "2027-01-04").copy(update={"soort": "deadline"}),
    )
    assert ids(upcoming(knowledge, Wish(werelden=("zorg",)), TODAY)) == ["zorg", "all"]


def test_events_without_a_date_are_apart() -> None:
    knowledge = kalender(event("undated"), event("dated", "2027-01-01"))
    assert ids(undated(knowledge, Wish())) == ["undated"]


def days(found: Event) -> list[str]:
    return [f"{time.datum:%m-%d}" for time in occurrences(found)]


@pytest.mark.parametrize(
    ("first", "herhaal", "found"),
    [
        ("2026-12-01", {"elke": "week", "tot": "2026-12-15"}, ["12-01", "12-08", "12-15"]),
        ("2026-12-01", {"elke": "2 weken", "tot": "2026-12-31"}, ["12-01", "12-15", "12-29"]),
        ("2026-12-08", {"elke": "maand", "tot": "2027-03-31"}, ["12-08", "01-12", "02-09", "03-09"]),
        ("2026-12-29", {"elke": "maand", "tot": "2027-03-31"}, ["12-29", "01-26", "02-23", "03-30"]),
        ("2026-12-01", {"elke": "week", "tot": "2026-12-15", "niet": ["2026-12-08"]}, ["12-01", "12-15"]),
        ("2026-12-01", {"ook": ["2026-12-20", "2026-12-10", "2026-12-10"]}, ["12-01", "12-10", "12-20"]),
        ("2026-12-01", {"elke": "week", "tot": "2026-12-01"}, ["12-01"]),
    ],
)
def test_an_event_repeats_on_the_days_it_says(first: str, herhaal: dict[str, object], found: list[str]) -> None:
    assert days(event("x", first, herhaal=herhaal)) == found


def test_each_time_lasts_as_long_as_the_first() -> None:
    times = occurrences(event("x", "2026-12-01", einddatum="2026-12-02", herhaal={"ook": ["2026-12-31"]}))
    assert [str(time.last_day) for time in times] == ["2026-12-02", "2027-01-01"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"herhaal": {"elke": "week"}}, "tot welke dag"),
        ({"herhaal": {"elke": "week", "tot": "2026-11-30"}}, "eerder dan 'datum'"),
        ({"herhaal": {"elke": "week", "tot": "2030-01-01"}}, "meer dan 2 jaar"),
        ({"herhaal": {"elke": "uur", "tot": "2027-01-01"}}, "unexpected value"),
        ({"datum": None, "herhaal": {"ook": ["2026-12-08"]}}, "schrijf ook de eerste dag"),
        ({"einddatum": "2026-11-30"}, "eerder dan 'datum'"),
        ({"einddatum": "2027-12-01"}, "meer dan 31 dagen"),
        ({"plekken": -1}, "greater than or equal to 0"),
        ({"aanwezig": {"leerlingen": -1}}, "greater than or equal to 0"),
    ],
)
def test_days_that_cannot_be_are_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        event("x", **{"day": "2026-12-01", **{("day" if n == "datum" else n): v for n, v in fields.items()}})  # type: ignore[arg-type]


def test_what_repeats_is_told_once_with_its_next_time() -> None:
    knowledge = kalender(event("x", "2026-11-03", herhaal={"elke": "week", "tot": "2026-12-01"}))
    assert [str(found.datum) for found in upcoming(knowledge, Wish(), TODAY)] == ["2026-11-24"]
    assert [str(found.datum) for found in planned(knowledge, Wish(), TODAY)] == ["2026-11-24", "2026-12-01"]
    december = Wish(Period(date(2026, 12, 1), date(2026, 12, 31), ""))
    assert [str(found.datum) for found in upcoming(knowledge, december, TODAY)] == ["2026-12-01"]
    assert upcoming(knowledge, Wish(), date(2026, 12, 2)) == []
    assert str(next_time(knowledge.all(Event)[0], TODAY).datum) == "2026-11-24"


def test_what_is_cancelled_is_no_advice_but_is_planned() -> None:
    knowledge = kalender(event("x", "2026-12-01", afgelast=True))
    assert upcoming(knowledge, Wish(), TODAY) == []
    assert ids(planned(knowledge, Wish(), TODAY)) == ids(upcoming(knowledge, Wish(), TODAY, cancelled=True)) == ["x"]


def with_events(knowledge: Knowledge, *events: Event) -> Sources:
    others = (entry for entry in knowledge.entries.values() if not isinstance(entry, Event))
    phrases, spelling = knowledge.phrases, knowledge.spelling
    made = Knowledge([*others, *events], phrases, spelling, knowledge.verkenning, knowledge.gesprekken)
    return Sources(made, Names(made))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"afgelast": True, "plekken": 3}, ": dinsdag 1 december 2026, gaat niet door"),
        ({"plekken": 0}, ", vol"),
        ({"plekken": 1}, ", nog 1 plek"),
        ({"plekken": 5}, ", nog 5 plekken"),
        ({"herhaal": {"elke": "2 weken", "tot": "2027-01-01"}}, ", en daarna elke 2 weken"),
    ],
)
def test_an_answer_says_when_it_is_cancelled_full_or_again(
    knowledge: Knowledge, fields: dict[str, object], said: str
) -> None:
    found = asked("wanneer is er een gastles", with_events(knowledge, event("x", "2026-12-01", **fields)))
    assert lines(found)[0].endswith(said)


def test_an_answer_leads_to_the_kalender_with_what_was_asked(sources: Sources) -> None:
    def url(text: str) -> str:
        card = asked(text, sources).card
        assert card
        return str(card["links"][0]["url"])

    assert url("welke lob activiteiten komen eraan") == "/kalender"
    assert url("wanneer is er een open dag in klas 3") == "/kalender?leerjaar=3&soort=open-dag"
    assert url("is er iets over zorg in februari") == "/kalender?wereld=zorg"


def test_days_are_written_in_dutch() -> None:
    assert dutch_date(date(2027, 4, 1)) == "donderdag 1 april 2027"
    assert dutch_period(event("x", "2026-12-02", tijd="14.00-16.00")) == "woensdag 2 december 2026, 14.00-16.00 uur"
    assert dutch_period(event("x", "2028-02-28", einddatum="2028-03-01")) == (
        "maandag 28 februari 2028 tot en met woensdag 1 maart 2028"
    )


def asked(text: str, sources: Sources, today: date = TODAY) -> Answer:
    subjects = tuple(match.subjects for match in sources.names.find(text))
    return answer(Question("wanneer", subjects, text=text, today=today), sources)


def lines(found: Answer) -> list[str]:
    return [line for line in found.text.split("\n") if line.startswith("- ")]


def test_the_first_events_are_shown_with_day_time_and_place(sources: Sources) -> None:
    found = asked("welke lob activiteiten komen eraan", sources)
    assert len(lines(found)) == 4
    assert lines(found)[1] == (
        "- **Open dag mbo: alle richtingen**: zaterdag 28 november 2026, 10.00-14.00 uur, Amersfoort (voorbeeld)"
    )


def test_an_example_is_called_an_example(sources: Sources) -> None:
    assert sources.say("kalender.voorbeeld") in asked("welke activiteiten komen eraan", sources).text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("is er volgende maand iets over zorg", "Gastles: werken in de gehandicaptenzorg"),
        ("wanneer is er een meeloopdag in februari", "Meeloopdag techniek en bouw"),
        ("zijn er in februari activiteiten over sport", "Informatieavond sport en veiligheid"),
        ("welke activiteiten zijn er op 28 november", "Open dag mbo: alle richtingen"),
    ],
)
def test_period_wereld_and_activity_go_together(sources: Sources, text: str, found: str) -> None:
    assert any(found.lower() in line.lower() for line in lines(asked(text, sources))), asked(text, sources).text


@pytest.mark.parametrize("text", ["is er vandaag een activiteit", "welke activiteiten zijn er in augustus"])
def test_nothing_planned_is_said_with_what_comes_after(sources: Sources, text: str) -> None:
    found = asked(text, sources)
    assert found.outcome == "nothing_planned"
    assert "geen activiteit" in found.text and "decaan" in found.text
    assert len(lines(found)) == 1


def test_an_empty_kalender_is_said(knowledge: Knowledge) -> None:
    others = (entry for entry in knowledge.entries.values() if not isinstance(entry, Event))
    empty = Knowledge(others, knowledge.phrases, knowledge.spelling, knowledge.verkenning, knowledge.gesprekken)
    found = asked("wanneer is er een open dag", Sources(empty, Names(empty)))
    assert (found.outcome, lines(found)) == ("nothing_planned", [])
    assert "geen activiteit" in found.text


@pytest.mark.parametrize("activity", ["voorlichtingsdag", "loopbaanevenement"])
def test_an_event_without_a_date_says_datum_volgt(sources: Sources, activity: str) -> None:
    question = Question("wanneer", ((f"activiteit:{activity}",),), today=TODAY, chosen=True)
    assert any(line.endswith("datum volgt") for line in lines(answer(question, sources)))


def test_after_the_last_event_nothing_old_is_shown(sources: Sources) -> None:
    found = asked("welke activiteiten komen eraan", sources, date(2030, 1, 1))
    assert (found.outcome, lines(found)) == ("nothing_planned", [])
