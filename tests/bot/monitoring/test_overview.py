"""The tables for people say what the figures say, in Dutch, and write each number so that it cannot be misread."""

from collections.abc import Mapping
from datetime import date
from typing import Optional, Union

import pytest

from bot.knowledge.kinds import GENERAL, TABLE
from bot.knowledge.reading import remarks
from bot.monitoring.figures import Figures, Period
from bot.monitoring.metrics import METRICS, Numbers
from bot.monitoring.overview import (
    Bar,
    Change,
    Days,
    Row,
    Table,
    Value,
    bars,
    definitions,
    in_file,
    period_name,
    subject_label,
    tables,
    written,
)

AUTUMN = Period.of(2026, 9, 3)


def table(
    name: str, numbers: Numbers, before: Optional[Numbers] = None, school: Optional[str] = None, **months: int
) -> Table:
    by_month: Mapping[date, Mapping[str, int]] = {date(2026, 9, 1): months}
    return next(one for one in tables(Figures(AUTUMN, numbers, by_month, before), school) if one.name == name)


def cells(found: Table) -> dict[str, list[str]]:
    return {row.label: [written(value) for value in row.values] for row in found.rows}


@pytest.mark.parametrize(
    ("value", "text", "cell"),
    [
        (0, "<5", "<5"),
        (5, "5", 5),
        (1250, "1.250", 1250),
        (1_250_000, "1.250.000", 1_250_000),
        (Change(0), "0", 0),
        (Change(40), "+40", 40),
        (Change(-1500), "-1.500", -1500),
        (Days(0), "binnen 1 schooldag", 0),
        (Days(1), "1 schooldag", 1),
        (Days(3), "3 schooldagen", 3),
        (0.0, "0%", 0),
        (0.345, "35%", 35),
        (1.0, "100%", 100),
        (None, "geen", ""),
    ],
)
def test_a_cell_is_written_for_people_and_a_number_in_a_file(value: Value, text: str, cell: Union[int, str]) -> None:
    assert written(value) == text
    assert in_file(value) == cell and type(in_file(value)) is type(cell)


def test_there_are_always_the_same_tables_with_a_name_a_title_and_rows_as_wide_as_the_heads() -> None:
    numbers = {"subject": {"beroep:kok": 5}, "thumb": {"up": 50}, "event_shown": {"gastles": 5}}
    full = tables(Figures(AUTUMN, numbers, {}, numbers))
    names = [one.name for one in full]
    for other in (Figures(AUTUMN, {}, {}, {}), Figures(AUTUMN, {}, {}), Figures(AUTUMN, numbers, {})):
        found = tables(other)
        assert [one.name for one in found] == names and len(set(names)) == len(names)
        assert all(len(row.values) == len(one.columns) for one in found for row in one.rows)
    assert len({one.title for one in full}) == len(full) and all(one.intro and one.head for one in full)


def test_every_metric_is_in_a_table() -> None:
    told = {name for one in tables(Figures(AUTUMN, {}, {})) for name in one.explained}
    assert told >= {metric.name for metric in METRICS}
    assert told - {"found"} <= definitions().keys() == {metric.name for metric in METRICS}


def test_what_a_figure_means_is_what_the_guide_says() -> None:
    found = definitions()["views"]
    assert (found.label, found.says) == ("Keren geladen", "Hoe vaak een pagina met de chat geladen werd.")
    assert (found.counted, found.leaves_out) == (
        "Elke keer dat de chat op een pagina komt te staan.",
        "Browsers zonder JavaScript.",
    )
    assert not [one for one in definitions().values() if "`" in one.counted + one.leaves_out]


def test_the_period_before_stands_beside_it_with_the_difference() -> None:
    found = table("gebruik", {"conversation": {"": 240}, "hour": {"09": 30, "10": 20}}, {"conversation": {"": 200}})
    assert found.columns == ("Deze periode", "Periode ervoor", "Verschil")
    assert cells(found)["Gesprekken"] == ["240", "200", "+40"]
    assert cells(found)["Berichten van leerlingen"] == ["50", "<5", "+50"]
    assert cells(table("gebruik", {"conversation": {"": 240}}))["Gesprekken"] == ["240"]


def test_every_month_of_the_period_has_a_row() -> None:
    found = table("per-maand", {}, conversation=10, hour=1200, visitor=5)
    assert cells(found) == {
        "september 2026": ["10", "1.200", "5", "<5"],
        "oktober 2026": ["<5"] * 4,
        "november 2026": ["<5"] * 4,
    }
    assert [bar.label for bar in bars(found)] == ["9-26", "10-26", "11-26"]


def test_questions_have_a_part_of_all_of_them_when_there_are_enough() -> None:
    found = table("hoe-het-ging", {"question": {"at_once": 15, "not_understood": 5}}, {"question": {"at_once": 15}})
    assert found.columns == ("Deze periode", "Deel (%)", "Periode ervoor", "Deel ervoor (%)", "Verschil")
    assert cells(found)["Vragen"] == ["20", "100%", "15", "geen", "+5"]
    assert cells(found)["Niet begrepen"] == ["5", "25%", "<5", "geen", "+5"]


def test_help_says_in_how_many_school_days_the_first_answer_came() -> None:
    numbers = {"distress": {"": 5}, "first_answer": {"0": 5, "2": 10}}
    found = cells(table("hulp", numbers, {"first_answer": {"0": 5}}))
    assert found["Tijd tot het eerste antwoord"] == ["2 schooldagen", "binnen 1 schooldag", "+2"]
    assert found["Overdrachten beantwoord"] == ["15", "5", "+10"] and found["Noodsignalen"] == ["5", "<5", "+5"]
    assert cells(table("hulp", {}, {}))["Tijd tot het eerste antwoord"] == ["geen", "geen", "geen"]


def test_kinds_of_question_are_questions_with_the_most_asked_first() -> None:
    found = table("soorten-vragen", {"kind": {"duur": 5, "kosten": 10, "nieuw": 5}}, {"kind": {"waar": 20}})
    assert list(cells(found)) == ["Wat kost het?", "Hoelang duurt het?", "nieuw", "Waar kan het?"]
    kinds = {kind for _, kind in TABLE} | set(GENERAL) | {"eenvoudig", "waarom"}
    assert [
        row.label for row in table("soorten-vragen", {"kind": dict.fromkeys(kinds, 5)}).rows if row.label in kinds
    ] == []


def test_subjects_beyond_the_first_25_are_taken_together_and_not_drawn() -> None:
    many = {f"onbekend:{number:02}": 500 - 10 * number for number in range(30)}
    found = table("onderwerpen", {"subject": many}, {"subject": {"onbekend:29": 5, "beroep:kok": 10}})
    assert len(found.rows) == 26 and list(cells(found))[0] == "onbekend:00"
    assert cells(found)["Overige"] == ["1.150", "15", "+1.135"]
    assert sum(row.values[0] or 0 for row in found.rows) == sum(many.values())
    assert [bar.label for bar in bars(found)] == list(many)[:25] and bars(found)[0].part == 1


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("beroep:kok", "Kok (beroep)"),
        ("opleiding:25180", "Kok (opleiding, niveau 2)"),
        ("wereld:zorg", "Zorg en welzijn (wereld)"),
        ("onderwerp:weg", "onderwerp:weg"),
        ("<b>", "<b>"),
    ],
)
def test_a_subject_is_called_as_staff_know_it(key: str, label: str) -> None:
    assert subject_label(key) == label


def test_werelden_and_activities_have_their_names() -> None:
    numbers = {
        "subject": {"beroep:kok": 5, "wereld:zorg": 10},
        "event_shown": {"deadline": 5, "gastles": 10, "oud": 5},
        "event_clicked": {"gastles": 5},
    }
    assert cells(table("werelden", numbers)) == {"Zorg en welzijn": ["10"], "Horeca en bakkerij": ["5"]}
    together = {"Gastles": ["10", "5"], "oud": ["5", "<5"], "Uiterste dag": ["5", "<5"]}
    assert cells(table("activiteiten", numbers)) == cells(table("activiteiten", numbers, school="")) == together
    assert cells(table("activiteiten", numbers, school="guido"))["Gastles"] == ["10"]


def test_thumbs_and_the_last_question_have_a_part_when_there_are_enough() -> None:
    few, enough = {"thumb": {"up": 10, "down": 5}, "found": {"ja": 15}}, {"found": {"ja": 15, "nee": 5}}
    assert cells(table("tevredenheid", few)) == {"Duim omhoog": ["10", "geen"], "Duim omlaag": ["5", "geen"]}
    assert cells(table("gevonden", few))["Ja"] == ["15", "geen"]
    assert cells(table("gevonden", enough)) == {"Ja": ["15", "75%"], "Een beetje": ["<5", "0%"], "Nee": ["5", "25%"]}


def test_hours_and_days_are_all_there_in_order() -> None:
    found = table("uur-van-de-dag", {"hour": {"23": 5, "09": 10}})
    assert len(found.rows) == 24 and found.rows[9] == Row("9.00 tot 10.00 uur", (10,), "9")
    assert bars(found)[23] == Bar("23", "5", 0.5)
    days = table("dag-van-de-week", {"weekday": {"1": 5, "7": 10}})
    assert list(cells(days).values()) == [["5"], *[["<5"]] * 5, ["10"]] and list(cells(days))[0] == "maandag"


def test_without_a_number_nothing_is_drawn() -> None:
    assert all(bars(one) == () for one in tables(Figures(AUTUMN, {}, {}, {})))
    assert bars(table("gebruik", {"conversation": {"": 5}})) == ()


@pytest.mark.parametrize(
    ("period", "name"),
    [(Period.of(2026, 11), "november 2026"), (Period.of(2026, 11, 3), "november 2026 tot en met januari 2027")],
)
def test_a_period_has_a_name(period: Period, name: str) -> None:
    assert period_name(period) == name


def test_the_sentences_are_easy_to_read() -> None:
    for one in (*tables(Figures(AUTUMN, {}, {}, {})), *tables(Figures(AUTUMN, {}, {}, {}), "guido")):
        assert not remarks(one.intro), one.intro
