"""The roll-ups are what the rows come to, however late these came, and what is shown of them gives nobody away."""

import threading
from collections import Counter
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from bot.cli import lobke
from bot.monitoring import feedback, metrics
from bot.monitoring.figures import ALL, Figures, Period, figures, rebuild, roll_up
from bot.monitoring.small import STEP
from bot.storage import tables
from bot.storage.database import Row, transaction
from tests.bot.monitoring.logs import AFTER, DAY, all_rows, happened, said, true_figures, voted, write

LATER = "2026-12-05T12:00:00+01:00"
SCHOOLS = (None, "guido", "rijnlands")
NOVEMBER = Period.of(2026, 11)


def counted_days() -> list[date]:
    return sorted(row.day for row in all_rows(tables.figure_days))


@pytest.mark.parametrize(("now", "is_counted"), [("2026-11-21T00:09:59+01:00", False), (AFTER, True)])
def test_a_day_is_counted_when_it_is_over(database: str, now: str, is_counted: bool) -> None:
    with time_machine.travel(now, tick=False):
        write(said("a", 1, "answered"))
        roll_up()
    assert true_figures().get("conversation", {}) == ({"": 1} if is_counted else {})
    assert counted_days() == ([DAY] if is_counted else [])


def test_a_day_is_one_in_the_netherlands(database: str) -> None:
    with time_machine.travel(LATER, tick=False):
        write(said("a", 1, "answered", at="00:00"), said("b", 1, "answered", at="23:59"))
        roll_up()
    assert {row.day for row in all_rows(tables.figures)} == {DAY}
    assert true_figures()["hour"] == {"00": 1, "23": 1}


def test_days_without_rows_are_days_too(database: str) -> None:
    with time_machine.travel("2026-11-24T12:00:00+01:00", tick=False):
        write(said("a", 1, "answered"))
        roll_up()
    assert counted_days() == [DAY + timedelta(number) for number in range(4)]


def test_without_any_row_there_is_nothing_to_count(database: str) -> None:
    roll_up()
    assert counted_days() == []
    assert figures(NOVEMBER) == Figures(NOVEMBER, {}, {}, {})


def test_a_day_is_counted_again_when_a_row_comes_late(database: str) -> None:
    with time_machine.travel(AFTER, tick=False):
        write(said("a", 1, "answered"))
        roll_up()
        assert true_figures()["conversation"] == {"": 1}
        write(said("b", 1, "answered"))
        roll_up()
    assert true_figures()["conversation"] == {"": 2}


def test_a_thumb_that_is_taken_back_the_next_day_no_longer_counts(database: str) -> None:
    with time_machine.travel(DAY.isoformat() + "T12:00:00+01:00", tick=False) as travel:
        feedback.vote("a", "1", {"kind": "duur"}, True)
        feedback.vote("a", "2", {"kind": "duur"}, True)
        travel.shift(24 * 3600)
        roll_up()
        assert true_figures()["thumb"] == {"up": 2}
        feedback.vote("a", "1", {"kind": "duur"}, None)
        feedback.vote("a", "2", {"kind": "duur"}, False)
        roll_up()
        assert true_figures() == {}
        travel.shift(24 * 3600)
        roll_up()
        assert true_figures() == {"thumb": {"down": 1}}


DAYS = st.integers(0, 3).map(lambda number: DAY + timedelta(number))
ROWS = st.one_of(
    st.builds(
        said,
        conversation=st.sampled_from("abc"),
        turn=st.integers(1, 4),
        outcome=st.sampled_from(["answered", "clarified", "not_understood", "distress", "next_step", "asked"]),
        intent=st.sampled_from(["vraag_duur", "kies", "nood_pesten"]),
        kind=st.sampled_from([None, "duur", "verkenning"]),
        subject=st.sampled_from([None, "beroep:kok"]),
        school=st.sampled_from(SCHOOLS),
        at=st.sampled_from(["00:00", "09:00", "23:59"]),
        day=DAYS,
    ),
    st.builds(voted, helpful=st.booleans(), school=st.sampled_from(SCHOOLS), day=DAYS),
    st.builds(
        happened, metric=st.sampled_from(["view", "visitor", "first_answer"]), value=st.sampled_from("01"), day=DAYS
    ),
)
WITH_A_DATABASE = settings(max_examples=25)


def direct(rows: list[Row]) -> dict[tuple[date, str, str, str], int]:
    """What the rows come to when all are there at once."""

    class Logged:
        def __init__(self, values: dict[str, Any]) -> None:
            self.__dict__.update(values)

    count = {"interactions": metrics.of_log, "feedback": metrics.of_votes, "counted": metrics.of_counted}
    found: Counter[tuple[date, str, str, str]] = Counter()
    for number in range(4):
        day = DAY + timedelta(number)
        for table, counts in count.items():
            here = [v for name, v in rows if name == table and (v.get("day") or v["at"].date()) == day]
            found.update({(day, *cell): times for cell, times in counts(map(Logged, here)).items()})
    return dict(found)


@WITH_A_DATABASE
@given(st.lists(st.tuples(ROWS, st.integers(0, 4)), max_size=30))
def test_however_rows_arrive_the_roll_up_is_what_they_come_to(database: str, arriving: list[tuple[Row, int]]) -> None:
    with transaction(write=True) as connection:
        for table in ("interactions", "feedback", "counted", "figures", "figure_days", "shown_figures"):
            connection.execute(delete(tables.metadata.tables[table]))
    with time_machine.travel(LATER, tick=False):
        for moment in range(5):
            write(*(row for row, arrives in arriving if arrives == moment))
            roll_up()
    found = {(row.day, row.school, row.metric, row.value): row.number for row in all_rows(tables.figures)}
    assert found == direct([row for row, _ in arriving])


def test_two_processes_that_count_at_once_count_once(database: str) -> None:
    write(*(said(f"{number}", 1, "answered", day=DAY - timedelta(number % 9)) for number in range(60)))
    faults: list[BaseException] = []

    def work() -> None:
        try:
            roll_up()
        except BaseException as error:
            faults.append(error)

    with time_machine.travel(LATER):
        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert faults == []
    assert true_figures()["conversation"] == {"": 60}
    assert len(counted_days()) == len(set(counted_days()))


def test_a_rebuild_counts_all_anew_or_from_a_day(database: str) -> None:
    with time_machine.travel("2026-11-23T12:00:00+01:00", tick=False):
        for number in range(3):
            write(said("a", 1, "answered", day=DAY + timedelta(number)))
        roll_up()
        with transaction(write=True) as connection:
            connection.execute(delete(tables.figures))
        assert rebuild(DAY + timedelta(2)) == 1
        assert true_figures()["conversation"] == {"": 1}
        done = CliRunner().invoke(lobke, ["figures", "rebuild", "--from", "2026-11-21"])
        assert done.output == "2 dagen opnieuw geteld.\n"
        assert true_figures()["conversation"] == {"": 2}
        assert CliRunner().invoke(lobke, ["figures", "rebuild"]).output == "3 dagen opnieuw geteld.\n"
        assert true_figures()["conversation"] == {"": 3}


def test_a_rebuild_says_so_when_the_database_does_not_answer(data_dir: Path) -> None:
    done = CliRunner().invoke(lobke, ["figures", "rebuild"])
    assert done.exit_code == 1 and "De database antwoordt niet" in done.output


def test_visitors_are_numbers_once_their_day_is_counted(database: str) -> None:
    with time_machine.travel(AFTER, tick=False):
        visits = [happened("visitor", school="guido"), happened("visitor", school="guido"), happened("visitor")]
        write(*visits, happened("handoff_sent"))
        roll_up()
        rows = [row for row in all_rows(tables.counted) if row.metric == "visitor"]
        assert sorted((row.school or "", row.number) for row in rows) == [("", 1), ("guido", 2)]
        assert {row.id for row in rows}.isdisjoint(values["id"] for _, values in visits)
        rebuild()
    assert true_figures()["visitor"] == {"": 3}


# What is shown.


def many(times: int, school: Any = None, day: date = DAY) -> list[Row]:
    return [happened("handoff_sent", number=times, school=school, day=day)]


def sent(period: Period, school: Any = None) -> int:
    return metrics.total(figures(period, school).numbers, "handoff_sent")


def test_a_period_is_told_with_the_one_before_and_its_months(database: str) -> None:
    with time_machine.travel(LATER, tick=False):
        for month, number in ((9, 100), (10, 200), (11, 300), (12, 400)):
            write(*many(number, "guido", date(2026, month, 1)))
        roll_up()
        found = figures(Period.of(2026, 11, 2), "guido")
        assert found.numbers == {"handoff_sent": {"": 700}}
        assert found.before == {"handoff_sent": {"": 300}}
        assert found.by_month == {date(2026, 11, 1): {"handoff_sent": 300}, date(2026, 12, 1): {"handoff_sent": 400}}
        assert figures(Period.of(2026, 11, 2), "guido", before=False).before is None
        assert sent(Period.of(2026, 8, 12)) == 1000
        assert sent(Period.of(2026, 8, 12), "rijnlands") == 0


@pytest.mark.parametrize(
    ("period", "end", "before"),
    [
        (Period.of(2026, 1), date(2026, 2, 1), date(2025, 12, 1)),
        (Period.of(2026, 8, 12), date(2027, 8, 1), date(2025, 8, 1)),
        (Period.of(2026, 11, 36), date(2029, 11, 1), date(2023, 11, 1)),
    ],
)
def test_a_period_is_whole_months(period: Period, end: date, before: date) -> None:
    assert (period.end, period.before.first, period.before.end) == (end, before, period.first)


@settings(WITH_A_DATABASE, max_examples=8)
@given(st.dictionaries(st.tuples(st.integers(9, 12), st.sampled_from(SCHOOLS)), st.integers(0, 12), max_size=9))
def test_whatever_is_asked_is_a_sum_of_rounded_cells(database: str, counts: dict[tuple[int, Any], int]) -> None:
    """So what can be worked out from any number of questions are the cells, and test_small.py says what these give."""
    with transaction(write=True) as connection:
        for table in ("counted", "figures", "figure_days", "shown_figures"):
            connection.execute(delete(tables.metadata.tables[table]))
    with time_machine.travel("2027-01-05T12:00:00+01:00", tick=False):
        for (month, school), number in counts.items():
            write(*many(number, school, date(2026, month, 3)))
        roll_up()
        cells = {
            (month, school): sent(Period.of(2026, month), school or "")
            for month, school in product(range(9, 13), SCHOOLS)
        }
        assert all(cell % STEP == 0 and abs(cell - counts.get(key, 0)) < STEP for key, cell in cells.items())
        for first, months in ((9, 1), (9, 2), (9, 4), (10, 2), (11, 2), (12, 1)):
            period, within = Period.of(2026, first, months), range(first, first + months)
            for school in SCHOOLS:
                assert sent(period, school or "") == sum(cells[month, school] for month in within)
            assert sent(period) == sum(cells[month, school] for month in within for school in SCHOOLS)
            shown = figures(period).by_month
            assert sum(each.get("handoff_sent", 0) for each in shown.values()) == sent(period)


def test_the_table_that_is_shown_has_no_true_number(database: str) -> None:
    with time_machine.travel(AFTER, tick=False):
        write(*(said(f"{n}", 1, "answered", kind="duur", school=SCHOOLS[n % 3]) for n in range(37)))
        roll_up()
        rows = all_rows(tables.shown_figures)
        assert rows and all(row.number % STEP == 0 and row.number > 0 for row in rows)
        alone, together = Counter[str](), Counter[str]()
        for row in rows:
            (together if row.school == ALL else alone)[f"{row.metric} {row.value}"] += row.number
        assert alone == together
