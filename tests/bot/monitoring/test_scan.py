"""The LOB-scan: what counts, that nobody overwrites a colleague, and that no school reads another."""

import inspect
import threading
from collections.abc import Callable
from datetime import date
from typing import Any, Optional

import pytest
from sqlalchemy import select

from bot.handoff.inbox import NotFound, Stale
from bot.knowledge import current
from bot.knowledge.models import Lobscan
from bot.monitoring.scan import (
    LEAST_SCHOOLS,
    NOTHING,
    VALUES,
    Answer,
    Scans,
    Value,
    actions,
    percentage,
    still_open,
)
from bot.school_year import school_year, year_name
from bot.storage import tables
from bot.storage.database import transaction

YEAR = 2026
SCAN = Lobscan.parse_obj(
    {
        "bron": "b",
        "betrouwbaarheid": "hoog",
        "onderdelen": [
            {"id": "DR", "naam": "Draagvlak", "punten": [{"id": f"DR{n}", "tekst": "t"} for n in (1, 2, 3, 4)]},
            {"id": "VD", "naam": "Doelen", "punten": [{"id": f"VD{n}", "tekst": "t"} for n in (1, 2)]},
        ],
    }
)
DR, VD = (part.punten for part in SCAN.onderdelen)


def of(id: str = "an", *schools: str) -> Scans:
    return Scans(id, schools or ("guido",))


def said(*values: Value) -> dict[str, Answer]:
    """Answers to the first points, in order."""
    return {punt.id: Answer(value) for punt, value in zip(SCAN.punten, values, strict=False)}


def fill(school: str, *values: Value, year: int = YEAR) -> None:
    """The school answers its first points for the first time."""
    of("an", school).save(school, year, {id: (NOTHING.mark, answer) for id, answer in said(*values).items()})


def everything() -> list[Any]:
    with transaction() as connection:
        return [connection.execute(select(table)).all() for table in (tables.scan_answers, tables.audit)]


def audited() -> list[tuple[str, str, str, str]]:
    log = tables.audit.c
    with transaction() as connection:
        rows = connection.execute(select(log.account_id, log.action, log.subject, log.detail).order_by(log.at))
        return [tuple(row) for row in rows]


def test_the_checklist_has_its_45_points_under_eight_headings() -> None:
    found = current().lobscan
    assert {part.id: len(part.punten) for part in found.onderdelen} == {
        "DR": 5,
        "VD": 8,
        "PO": 5,
        "CO": 3,
        "IA": 3,
        "AI": 5,
        "BO": 6,
        "ME": 10,
    }
    assert len(found.punten) == 45 and (found.punten[0].id, found.punten[-1].id) == ("DR1", "ME5")
    assert [punt.id for punt in found.punten if punt.nvt] == ["PO3"]
    assert [punt.id for punt in found.punten if punt.actueel] == ["CO3"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), None),
        (("", "", "", ""), None),
        (("nvt", "nvt"), None),
        (("nee",), 0),
        (("deels",), 50),
        (("ja", "ja", "ja", "ja"), 100),
        (("ja", "nee", "", "nvt"), 50),
        (("ja", "deels", "deels"), 67),
        (("deels", "nee", "nee", "nee"), 13),
    ],
)
def test_a_percentage_is_of_the_answers_that_count(values: tuple[Value, ...], expected: Optional[int]) -> None:
    assert percentage(DR, said(*values)) == expected


def test_what_does_not_apply_is_answered_and_what_is_empty_is_open() -> None:
    assert [punt.id for punt in still_open(DR, said("nvt", "", "nee"))] == ["DR2", "DR4"]


def test_actions_are_by_day_and_without_a_day_last() -> None:
    answers = {
        "DR1": Answer("nee", action="later"),
        "DR2": Answer("", action="tweede", due=date(2027, 2, 1)),
        "DR3": Answer("ja", due=date(2026, 1, 1)),
        "VD1": Answer("deels", action="eerste", due=date(2026, 9, 1)),
    }
    assert [answer.action for _, answer in actions(SCAN.punten, answers)] == ["eerste", "tweede", "later"]


@pytest.mark.parametrize(
    ("day", "year"),
    [(date(2026, 7, 31), 2025), (date(2026, 8, 1), 2026), (date(2026, 12, 31), 2026), (date(2027, 1, 1), 2026)],
)
def test_a_school_year_begins_on_the_first_of_august(day: date, year: int) -> None:
    assert school_year(day) == year and year_name(2026) == "2026-2027"


def test_an_answer_is_kept_with_all_that_belongs_to_it(database: str) -> None:
    answer = Answer("deels", "Het plan\nvan 2026", "Plan afmaken", "teamleider", date(2027, 3, 1))
    of().save("guido", YEAR, {"DR1": (NOTHING.mark, answer)})
    assert of("bo").all("guido") == {YEAR: {"DR1": answer}}
    assert of().years(SCAN) == {"guido": {YEAR: 1}}
    assert audited() == [("an", "scan_changed", "guido", "2026-2027 DR1")], "who and where, but not what"


def test_what_a_database_does_not_take_is_left_out(database: str) -> None:
    of().save("guido", YEAR, {"DR1": (NOTHING.mark, Answer("ja", "a\x00b", "c\ud800"))})
    assert of().all("guido")[YEAR]["DR1"] == Answer("ja", "a\ufffdb", "c\ufffd")


@pytest.mark.parametrize("value", VALUES)
def test_every_answer_can_be_chosen_and_left_open_again(database: str, value: Value) -> None:
    before = Answer("ja" if value != "ja" else "nee", "bewijs")
    of().save("guido", YEAR, {"DR1": (NOTHING.mark, before)})
    of().save("guido", YEAR, {"DR1": (before.mark, Answer(value))})
    assert of().all("guido")[YEAR]["DR1"] == Answer(value)


def test_saving_what_is_there_changes_nothing(database: str) -> None:
    fill("guido", "ja", "nee")
    before = everything()
    seen = Answer("ja").mark
    of("bo").save("guido", YEAR, {"DR1": (seen, Answer("ja")), "DR3": (NOTHING.mark, NOTHING)})
    assert everything() == before


def test_two_who_change_the_same_point_do_not_overwrite_each_other(database: str) -> None:
    fill("guido", "ja", "ja")
    seen = Answer("ja").mark
    of("bo").save("guido", YEAR, {"DR1": (seen, Answer("deels"))})
    before = everything()
    with pytest.raises(Stale):
        of("an").save("guido", YEAR, {"DR1": (seen, Answer("nee")), "DR2": (seen, Answer("nee"))})
    assert everything() == before, "not even the point that nobody else changed"
    of("an").save("guido", YEAR, {"DR1": (Answer("deels").mark, Answer("nee"))})
    assert of().all("guido")[YEAR]["DR1"] == Answer("nee")


def test_two_who_change_other_points_of_a_heading_both_keep_what_they_did(database: str) -> None:
    fill("guido", "ja", "ja")
    seen = Answer("ja").mark
    of("bo").save("guido", YEAR, {"DR1": (seen, Answer("deels")), "DR2": (seen, Answer("ja"))})
    of("an").save("guido", YEAR, {"DR1": (seen, Answer("ja")), "DR2": (seen, Answer("nee"))})
    assert of().all("guido")[YEAR] == {"DR1": Answer("deels"), "DR2": Answer("nee")}


def test_two_who_say_the_same_are_in_nobodys_way(database: str) -> None:
    fill("guido", "ja")
    seen = Answer("ja").mark
    for id in ("bo", "an"):
        of(id).save("guido", YEAR, {"DR1": (seen, Answer("deels"))})
    assert of().all("guido")[YEAR]["DR1"] == Answer("deels")
    assert [row[0] for row in audited()[1:]] == ["bo"], "and the second changed nothing"


@pytest.mark.parametrize("is_there", [False, True])
def test_of_two_who_answer_at_once_one_is_told(database: str, is_there: bool) -> None:
    if is_there:
        fill("guido", "deels")
    seen = (Answer("deels") if is_there else NOTHING).mark
    outcomes: list[str] = []

    def answer(value: Value) -> None:
        try:
            of().save("guido", YEAR, {"DR1": (seen, Answer(value))})
            outcomes.append(value)
        except Stale:
            outcomes.append("stale")

    threads = [threading.Thread(target=answer, args=(value,)) for value in ("ja", "nee")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(outcomes) == 2 and outcomes.count("stale") == 1
    assert of().all("guido")[YEAR]["DR1"].value in outcomes


def test_a_year_may_begin_with_an_earlier_one_and_keeps_what_it_has(database: str) -> None:
    fill("guido", "ja", "deels", year=2025)
    fill("guido", "nee")
    of("bo").copy("guido", YEAR, 2025)
    assert of().all("guido") == {2025: said("ja", "deels"), YEAR: said("nee", "deels")}
    assert audited()[-1] == ("bo", "scan_copied", "guido", "2025-2026 2026-2027")
    with pytest.raises(NotFound):
        of().copy("guido", YEAR, 2020)


# Every call that names a school, for the test that another school gets nowhere.
OF_A_SCHOOL: dict[str, Callable[[Scans], object]] = {
    "all": lambda scans: scans.all("guido"),
    "save": lambda scans: scans.save("guido", YEAR, {"DR1": (Answer("ja").mark, Answer("nee"))}),
    "copy": lambda scans: scans.copy("guido", YEAR + 1, YEAR),
    "region": lambda scans: scans.region("guido", YEAR, SCAN),
}


def test_every_call_is_tried_against_another_school() -> None:
    public = {name for name, _ in inspect.getmembers(Scans, inspect.isfunction) if not name.startswith("_")}
    assert public == {*OF_A_SCHOOL, "years"}


@pytest.mark.parametrize("schools", [("hooghelandt",), ("GUIDO", "guid", "%")])
def test_the_scan_of_another_school_does_not_exist(database: str, schools: tuple[str, ...]) -> None:
    fill("guido", "ja")
    before = everything()
    stranger = of("bo", *schools)
    for call in OF_A_SCHOOL.values():
        with pytest.raises(NotFound):
            call(stranger)
    assert stranger.years(SCAN) == {} and everything() == before
    assert Scans("bo", ()).years(SCAN) == {}


def test_without_a_list_of_schools_every_school_is_found(database: str) -> None:
    fill("guido", "ja")
    fill("hooghelandt", "ja", "ja")
    everywhere = Scans("bo", None)
    assert everywhere.years(SCAN) == {"guido": {YEAR: 1}, "hooghelandt": {YEAR: 2}}
    assert everywhere.all("guido") == {YEAR: said("ja")}


# The region


def region(scans: Optional[Scans] = None) -> dict[str, Optional[int]]:
    return (scans or of()).region("guido", YEAR, SCAN)


def others(number: int, *values: Value, first: int = 0) -> None:
    for school in range(first, first + number):
        fill(f"school-{school}", *values)


def test_there_is_no_average_before_five_other_schools_answered_the_whole_heading(database: str) -> None:
    fill("guido", "ja", "ja", "ja", "ja")
    others(LEAST_SCHOOLS - 1, "ja", "nee", "deels", "nvt")
    others(3, "ja", "ja", "ja", first=50)
    for school in range(3):
        fill(f"elders-{school}", "ja", "ja", "ja", "ja", year=YEAR - 1)
        fill(f"nergens-{school}", "nvt", "nvt", "nvt", "nvt")
    assert region() == {"DR": None, "VD": None}
    others(1, "ja", "nee", "deels", "nvt", first=70)
    assert region() == {"DR": 50, "VD": None}, "each heading by itself"


def test_her_own_schools_are_no_other_schools(database: str) -> None:
    others(LEAST_SCHOOLS, "ja", "nee", "ja", "nee")
    own = ("guido", "school-0")
    assert region(of("an", *own)) == {"DR": None, "VD": None}
    assert region() == {"DR": 50, "VD": None}
    fill("guido", "ja", "ja", "ja", "ja")
    assert region(Scans("bo", None)) == region() == {"DR": 50, "VD": None}


def test_an_average_is_rounded_so_that_one_more_school_cannot_be_worked_out(database: str) -> None:
    others(LEAST_SCHOOLS, "ja", "nee", "ja", "nee")
    before = region()
    others(1, "ja", "deels", "ja", "nee", first=70)
    assert region() == before == {"DR": 50, "VD": None}


@pytest.mark.parametrize(("value", "average"), [("nee", 10), ("ja", 90)])
def test_an_average_never_says_that_all_schools_answered_the_same(database: str, value: Value, average: int) -> None:
    others(LEAST_SCHOOLS, *([value] * 4))
    assert region()["DR"] == average
