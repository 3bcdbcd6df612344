"""What staff enter for the annual report is kept, and nobody overwrites a colleague or loses something to a file."""

from collections.abc import Mapping
from typing import Optional

import pytest

from bot.handoff.inbox import Stale
from bot.monitoring.entered import (
    LABELS,
    LARGEST_FILE,
    MOST_LINES,
    NONE_KNOWN,
    Entered,
    NotANumber,
    YearNumbers,
    mark_of,
    number_of,
    read_file,
    year_of,
)
from bot.settings import PROJECT
from tests.bot.accounts.audit import actions

HEAD = "Schooljaar;Leerlingen;Professionals"
KNOWN = YearNumbers(2, 8, 1400, 232)


def read(text: str, now: Optional[Mapping[int, YearNumbers]] = None) -> tuple[dict[int, YearNumbers], list[str]]:
    return read_file(text.encode(), now or {}, 2026)


def test_numbers_are_kept_and_a_year_without_any_is_gone(database: str) -> None:
    entered = Entered("a")
    entered.save_numbers({2024: (NONE_KNOWN.mark, KNOWN), 2025: (NONE_KNOWN.mark, YearNumbers(visitors=0))})
    assert entered.numbers() == {2024: KNOWN, 2025: YearNumbers(visitors=0)}
    entered.save_numbers({2025: (YearNumbers(visitors=0).mark, NONE_KNOWN)})
    assert entered.numbers() == {2024: KNOWN}
    assert actions("") == ["report_numbers_saved"] * 3


def test_a_colleague_is_not_overwritten_and_nothing_is_half_saved(database: str) -> None:
    entered, other = Entered("a"), YearNumbers(pupils=5)
    entered.save_numbers({2024: (NONE_KNOWN.mark, KNOWN)})
    with pytest.raises(Stale):
        entered.save_numbers({2023: (NONE_KNOWN.mark, other), 2024: (NONE_KNOWN.mark, other)})
    assert entered.numbers() == {2024: KNOWN}
    entered.save_numbers({2024: ("what was seen", KNOWN)})
    assert actions("") == ["report_numbers_saved"], "the same again is no change"


def test_texts_are_kept_by_block(database: str) -> None:
    entered = Entered("a")
    entered.save_texts(2026, {"goed": (mark_of(""), "Veel.\n\nEcht."), "inleiding": (mark_of(""), "")})
    assert entered.texts(2026) == {"inleiding": "", "goed": "Veel.\n\nEcht.", "uitdagingen": "", "vooruitblik": ""}
    assert entered.text_years() == {2026} and set(entered.texts(2025).values()) == {""}
    with pytest.raises(Stale):
        entered.save_texts(2026, {"goed": (mark_of(""), "Anders."), "inleiding": (mark_of(""), "Hoi.")})
    assert entered.texts(2026)["inleiding"] == ""
    entered.save_texts(2026, {"goed": (mark_of("Veel.\n\nEcht."), "")})
    assert entered.text_years() == set()


def test_texts_of_last_year_come_only_where_nothing_is(database: str) -> None:
    entered = Entered("a")
    assert not entered.take_over(2026)
    entered.save_texts(2025, {"goed": (mark_of(""), "Oud goed."), "vooruitblik": (mark_of(""), "Oude blik.")})
    entered.save_texts(2026, {"goed": (mark_of(""), "Nieuw goed.")})
    assert entered.take_over(2026)
    assert entered.texts(2026)["goed"] == "Nieuw goed." and entered.texts(2026)["vooruitblik"] == "Oude blik."
    assert entered.texts(2025)["vooruitblik"] == "Oude blik." and not entered.take_over(2026)


@pytest.mark.parametrize(
    ("typed", "number"), [("", None), (" 0 ", 0), ("1400", 1400), ("1.400", 1400), ("1 400", 1400)]
)
def test_a_number_is_read_as_people_type_it(typed: str, number: Optional[int]) -> None:
    assert number_of(typed) == number


@pytest.mark.parametrize("typed", ["-1", "1,5", "1.4", "veel", "12345678", "١٢", "1.40.000"])
def test_anything_else_is_no_number(typed: str) -> None:
    with pytest.raises(NotANumber, match="heel getal"):
        number_of(typed)


@pytest.mark.parametrize(
    ("typed", "year"), [("2026-2027", 2026), ("2026/2027", 2026), ("2026-2028", None), ("2026", None)]
)
def test_a_school_year_is_two_years_that_follow(typed: str, year: Optional[int]) -> None:
    assert year_of(typed) == year


def test_the_file_that_comes_along_holds_what_the_region_reported() -> None:
    content = (PROJECT / "docs/eerdere-jaren.csv").read_bytes()
    assert read_file(content, {}, 2026) == ({2024: KNOWN}, [])
    assert content.decode().splitlines()[0].split(";")[1:] == list(LABELS.values())


def test_an_empty_cell_and_a_column_that_is_not_there_change_nothing() -> None:
    made, wrong = read(f"{HEAD}\n2024-2025;;240\n2023-2024;1.000\n", {2024: KNOWN})
    assert wrong == []
    assert made == {2024: YearNumbers(2, 8, 1400, 240), 2023: YearNumbers(pupils=1000)}


@pytest.mark.parametrize(
    "text", ["\ufeffSCHOOLJAAR,leerlingen\r\n2024-2025,3\r\n", "schooljaar\tLeerlingen\n\n2024/2025\t3\n"]
)
def test_a_file_may_come_from_any_program(text: str) -> None:
    assert read(text) == ({2024: YearNumbers(pupils=3)}, [])


def test_each_line_says_what_is_wrong() -> None:
    lines = ["2024-2026;1;1", "2024-2025;veel;1", "2023-2024;1;1;1", "2027-2028;1;1", "2022-2023;1;1", "2022-2023;1;1"]
    _, wrong = read("\n".join([HEAD, *lines]))
    assert [line.partition(":")[0] for line in wrong] == [f"Regel {number}" for number in (2, 3, 4, 5, 7)]
    assert "'2024-2026'" in wrong[0] and "Bij Leerlingen staat 'veel'" in wrong[1] and "meer vakken" in wrong[2]
    assert "tot en met 2026-2027" in wrong[3] and "twee keer" in wrong[4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Schooljaar;Kleur\n2024-2025;1", "De kolom Kleur ken ik niet."),
        ("Leerlingen\n1", "Ik mis de kolom Schooljaar."),
        ("Schooljaar;Leerlingen;leerlingen\n2024-2025;1;2", "twee keer"),
        ("\n\n", "leeg"),
        ("\x00", "geen CSV-bestand"),
        ("x" * (LARGEST_FILE + 1), "groter dan"),
        ("Schooljaar\n" * (MOST_LINES + 1), "meer dan"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, said: str) -> None:
    made, (wrong,) = read(text)
    assert made == {} and said in wrong
