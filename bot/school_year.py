"""School years: each is the number of the year in which it begins, on the first of August."""

from datetime import date

BEGINS = 8
"""The month."""


def school_year(day: date) -> int:
    """The school year of a day."""
    return day.year - (day.month < BEGINS)


def first_day(year: int) -> date:
    """The day on which it begins."""
    return date(year, BEGINS, 1)


def year_name(year: int) -> str:
    """ "2026-2027"."""
    return f"{year}-{year + 1}"
