"""Waiting is counted in the time that a decaan is at school."""

import random
import shutil
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.clock import ZONE
from bot.handoff.school_time import SchoolTime
from bot.knowledge.loader import Knowledge, load
from bot.knowledge.models import Vakantie
from bot.settings import PROJECT

HOUR = timedelta(hours=1)
PLAIN = SchoolTime()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-23T09:00", "2026-11-23T10:30", 1.5),  # a Monday
        ("2026-11-23T07:00", "2026-11-23T09:00", 0.5),
        ("2026-11-23T16:00", "2026-11-23T22:00", 0.5),
        ("2026-11-23T16:00", "2026-11-24T09:00", 1),
        ("2026-11-27T16:00", "2026-11-30T09:00", 1),  # over a weekend
        ("2026-11-28T10:00", "2026-11-29T22:00", 0),  # within it
        ("2026-11-23T08:30", "2026-11-30T08:30", 40),
        ("2026-10-23T16:00", "2026-10-26T09:00", 1),  # the clock goes back in between
        ("2027-03-26T16:00", "2027-03-29T09:00", 1),  # and forward
        ("2026-11-24T10:00", "2026-11-23T10:00", 0),  # the wrong way round
    ],
)
def test_hours_count_on_weekdays_from_half_past_eight_to_half_past_four(start: str, end: str, hours: float) -> None:
    assert PLAIN.between(at(start), at(end)) == hours * HOUR


def test_any_zone_is_understood() -> None:
    start = datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc)  # 9:00 in Amsterdam
    assert PLAIN.between(start, start + HOUR) == HOUR


def test_days_without_school_do_not_count() -> None:
    free = SchoolTime([date(2026, 11, 24), date(2026, 11, 28)])  # a Tuesday, and a Saturday that makes no difference
    assert free.between(at("2026-11-23T16:00"), at("2026-11-25T09:00")) == HOUR
    assert free.between(at("2026-11-24T09:00"), at("2026-11-24T15:00")) == 0 * HOUR
    assert free.between(at("2026-11-23T08:30"), at("2026-11-30T08:30")) == 32 * HOUR


def test_it_is_the_sum_of_the_minutes_that_school_is_open() -> None:
    free = SchoolTime([date(2026, 12, 1), date(2026, 12, 4)])
    chance = random.Random(1)
    for _ in range(30):
        start = at("2026-11-23T00:00") + timedelta(minutes=chance.randrange(14 * 24 * 60))
        minutes = chance.randrange(5 * 24 * 60)
        counted = sum(free.is_open(start + timedelta(minutes=minute)) for minute in range(minutes))
        assert free.between(start, start + timedelta(minutes=minutes)) == timedelta(minutes=counted)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:00"),
        ("2026-11-23T06:00", "2026-11-23T08:30"),
        ("2026-11-23T16:30", "2026-11-25T08:30"),  # Tuesday is free
        ("2026-11-27T17:00", "2026-11-30T08:30"),
    ],
)
def test_the_next_opening_is_known(moment: str, opens: str) -> None:
    free = SchoolTime([date(2026, 11, 24)])
    assert free.next_open(at(moment)) == at(opens)


def holiday(van: str, tot: str, **fields: object) -> Vakantie:
    return Vakantie(id="x", naam="x", van=van, tot=tot, bron="b", betrouwbaarheid="hoog", **fields)


def test_what_staff_put_in_the_file_is_free_from_the_first_to_the_last_day() -> None:
    knowledge = Knowledge([holiday("2026-12-21", "2027-01-01")], None, None, None, None)  # type: ignore[arg-type]
    free = SchoolTime.of(knowledge)
    assert free.next_open(at("2026-12-18T16:30")) == at("2027-01-04T08:30")


@pytest.mark.parametrize("tot", ["2026-12-20", "2027-12-21", "9999-12-31"])
def test_a_holiday_that_ends_before_it_begins_or_never_is_a_mistake(tot: str) -> None:
    with pytest.raises(ValueError, match="eerder dan 'van'"):
        holiday("2026-12-21", tot)


def test_an_example_holiday_does_not_count_in_production(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "knowledge", tmp_path, dirs_exist_ok=True)
    file = tmp_path / "schoolvakanties.yml"
    example = "  - {id: voorbeeld, naam: Herfst, van: '2027-10-18', tot: '2027-10-22', voorbeeld: true}\n"
    file.write_text(file.read_text(encoding="utf-8") + example, encoding="utf-8")
    assert date(2027, 10, 18) in SchoolTime.of(load(tmp_path)).free
    assert date(2027, 10, 18) not in SchoolTime.of(load(tmp_path, production=True)).free


def test_the_file_has_the_public_holidays_and_no_invented_ones() -> None:
    knowledge = load(PROJECT / "knowledge")
    days = {entry.van: entry.naam for entry in knowledge.all(Vakantie)}
    assert days[date(2027, 3, 29)] == "Tweede Paasdag"
    assert days[date(2027, 5, 6)] == "Hemelvaartsdag"
    assert days[date(2027, 5, 17)] == "Tweede Pinksterdag"
    assert days[date(2028, 4, 17)] == "Tweede Paasdag"
    assert all(entry.voorbeeld or (entry.tot - entry.van).days <= 1 for entry in knowledge.all(Vakantie))
    assert at("2026-12-25T10:00").date() in SchoolTime.of(knowledge).free
