"""Where leavers went: what a school keeps, what does not add up, and what others see of it."""

import pytest
import time_machine

from bot.evaluation.leavers import CONTENT, PLACES, TOTAL, AllLeavers, remarks, years
from bot.handoff.inbox import NotFound, Stale
from bot.school_year import year_name
from tests.bot.accounts.audit import actions

COUNTS = {TOTAL: 50, "mbo2-bol": 20, "mbo4-bol": 27, "havo": 3, "tevreden": 30, "niet-gevraagd": 20}


def of(*schools: str) -> AllLeavers:
    return AllLeavers("an", schools)


def seen(**counts: int) -> dict[str, object]:
    """What somebody from outside sees of these counts."""
    of("guido").save("guido", 2025, {TOTAL: sum(counts.values()), **counts}, False, 0)
    return dict(AllLeavers("beheer", None).of_year(2025)["guido"].counts)


def test_a_school_reads_back_what_it_saved_drafts_too(database: str) -> None:
    of("guido").save("guido", 2025, COUNTS, True, 0)
    found = of("guido").of_year(2025)["guido"]
    assert found.counts == COUNTS and found.draft and found.version == 1
    of("guido").save("guido", 2025, {**COUNTS, "havo": 4}, False, 1)
    found = of("guido").of_year(2025)["guido"]
    assert found.counts["havo"] == 4 and not found.draft and found.version == 2
    assert of("guido").of_year(2024) == {}
    assert actions() == ["leavers_saved"] * 2


def test_what_a_colleague_changed_meanwhile_is_not_lost(database: str) -> None:
    of("guido").save("guido", 2025, COUNTS, True, 0)
    for version in (0, 2):
        with pytest.raises(Stale):
            of("guido").save("guido", 2025, {TOTAL: 1}, True, version)
    assert of("guido").of_year(2025)["guido"].counts == COUNTS


def test_another_school_finds_and_changes_nothing(database: str) -> None:
    of("guido").save("guido", 2025, COUNTS, False, 0)
    assert of("element").of_year(2025) == of().of_year(2025) == {}
    for others in (of("element"), AllLeavers("beheer", None)):
        with pytest.raises(NotFound):
            others.save("guido", 2025, COUNTS, False, 1)


def test_from_outside_a_draft_is_not_there_and_a_small_count_neither(database: str) -> None:
    of("guido").save("guido", 2025, COUNTS, True, 0)
    outside = AllLeavers("beheer", None)
    assert outside.of_year(2025) == {}
    of("guido").save("guido", 2025, COUNTS, False, 1)
    found = outside.of_year(2025)["guido"].counts
    assert found[TOTAL] == 50 and found["mbo4-bol"] == 27
    assert found["havo"] is None and found["werk"] is None
    assert found["tevreden"] == 30 and found["twijfelt"] is None


def test_nobody_outside_can_compute_a_small_count_from_the_others(database: str) -> None:
    found = seen(**{"mbo2-bol": 20, "mbo4-bol": 27, "havo": 3})
    assert found["havo"] is None and found["mbo2-bol"] is None and found["mbo4-bol"] == 27


def test_zeros_hide_no_other_count(database: str) -> None:
    found = seen(**{"mbo2-bol": 20, "mbo4-bol": 30})
    assert (found["mbo2-bol"], found["mbo4-bol"], found["havo"]) == (20, 30, None)


def test_small_counts_that_are_large_together_hide_no_other(database: str) -> None:
    found = seen(**{"mbo2-bol": 20, "havo": 3, "werk": 4})
    assert (found["mbo2-bol"], found["havo"], found["werk"]) == (20, None, None)


def test_of_a_very_small_school_even_the_total_is_hidden(database: str) -> None:
    assert set(seen(havo=3).values()) == {None}


def test_what_does_not_add_up_is_told_with_the_difference() -> None:
    assert remarks(COUNTS) == []
    assert remarks({TOTAL: 0}) == []
    assert remarks({}) == ["Vul in hoeveel leerlingen van school gingen."]
    places, content = remarks({**COUNTS, "havo": 5, "tevreden": 29})
    assert "52" in places and "2 te veel" in places
    assert "49" in content and "1 te weinig" in content


def test_a_school_year_can_be_filled_in_when_it_is_over() -> None:
    with time_machine.travel("2026-11-22T12:00:00+01:00", tick=False):
        assert years()[0] == 2025 and year_name(2025) == "2025-2026"
    with time_machine.travel("2026-07-31T12:00:00+02:00", tick=False):
        assert years()[0] == 2024
    assert years() == sorted(years(), reverse=True)


def test_every_level_has_both_ways() -> None:
    assert {f"mbo{level}-{way}" for level in range(1, 5) for way in ("bol", "bbl")} < set(PLACES)
    assert len(PLACES) == 13 and len(CONTENT) == 4
