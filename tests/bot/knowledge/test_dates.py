"""A period in pupils' words becomes days, seen from today."""

from datetime import date

import pytest

from bot.knowledge.dates import find_period

SATURDAY = date(2026, 11, 21)
NEW_YEARS_EVE = date(2026, 12, 31)
BEFORE_LEAP_DAY = date(2028, 2, 28)
END_OF_SCHOOL = date(2027, 7, 15)


def days(text: str, today: date) -> tuple[str, str]:
    period = find_period(text, today)
    assert period is not None
    return period.start.isoformat(), period.end.isoformat()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("is er vandaag iets", "2026-11-21", "2026-11-21"),
        ("en morgen?", "2026-11-22", "2026-11-22"),
        ("wat is er deze week", "2026-11-16", "2026-11-22"),
        ("volgende week", "2026-11-23", "2026-11-29"),
        ("dit weekend", "2026-11-21", "2026-11-22"),
        ("volgend weekend", "2026-11-28", "2026-11-29"),
        ("deze maand", "2026-11-01", "2026-11-30"),
        ("volgende maand iets over zorg", "2026-12-01", "2026-12-31"),
        ("in februari", "2027-02-01", "2027-02-28"),
        ("is er in januari of februari iets", "2027-01-01", "2027-02-28"),
        ("12 maart", "2027-03-12", "2027-03-12"),
        ("op 12-03-2027", "2027-03-12", "2027-03-12"),
        ("volgende week donderdag", "2026-11-26", "2026-11-26"),
        ("over 2 weken", "2026-12-05", "2026-12-05"),
        ("vanavond", "2026-11-21", "2026-11-21"),
        ("volgend jaar", "2027-01-01", "2027-12-31"),
    ],
)
def test_a_period_is_found(text: str, start: str, end: str) -> None:
    assert days(text, SATURDAY) == (start, end)


@pytest.mark.parametrize(
    ("today", "text", "start", "end"),
    [
        (NEW_YEARS_EVE, "morgen", "2027-01-01", "2027-01-01"),
        (NEW_YEARS_EVE, "deze week", "2026-12-28", "2027-01-03"),
        (NEW_YEARS_EVE, "volgende maand", "2027-01-01", "2027-01-31"),
        (NEW_YEARS_EVE, "in december", "2026-12-01", "2026-12-31"),
        (BEFORE_LEAP_DAY, "morgen", "2028-02-29", "2028-02-29"),
        (BEFORE_LEAP_DAY, "deze maand", "2028-02-01", "2028-02-29"),
        (BEFORE_LEAP_DAY, "overmorgen", "2028-03-01", "2028-03-01"),
        (END_OF_SCHOOL, "volgende maand", "2027-08-01", "2027-08-31"),
        (END_OF_SCHOOL, "in februari", "2028-02-01", "2028-02-29"),
        (END_OF_SCHOOL, "in maart", "2028-03-01", "2028-03-31"),
    ],
)
def test_a_period_goes_over_new_year_leap_day_and_the_end_of_school(
    today: date, text: str, start: str, end: str
) -> None:
    assert days(text, today) == (start, end)


def test_the_words_of_the_period_are_kept_for_the_reply() -> None:
    period = find_period("is er volgende maand iets over zorg", SATURDAY)
    assert period and period.words == "volgende maand"


@pytest.mark.parametrize(
    "text",
    [
        "wanneer is de open dag",
        "wanneer moet je je aanmelden",
        "ik ben 14 en zit in 3 kader",
        "is er iets voor de derde klas",
        "wanneer ben je 18",
        "mijn ma zegt dat er iets is",
        "hoe laat begint het, om 19.00 uur?",
        "kan ik 2 dagen meelopen",
        "",
    ],
)
def test_no_period_is_read_in_other_numbers_and_words(text: str) -> None:
    assert find_period(text, SATURDAY) is None
