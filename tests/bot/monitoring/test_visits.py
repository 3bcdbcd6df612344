"""A visitor counts once a day, and nothing that is kept says who she was."""

from pathlib import Path

import time_machine

from bot.keys import derived_key
from bot.monitoring.figures import roll_up
from bot.monitoring.log import spool
from bot.monitoring.visits import seen
from bot.storage import tables
from bot.storage.database import migrate
from tests.bot.monitoring.logs import all_rows, true_figures

NOON = "2026-11-20T12:00:00+01:00"
DAY = 24 * 3600


def visitors() -> set[str]:
    spool().drain()
    return {row.id for row in all_rows(tables.counted) if row.metric == "visitor"}


def test_the_same_browser_at_the_same_address_is_one_visitor_a_day(database: str) -> None:
    with time_machine.travel(NOON, tick=False) as travel:
        for address, agent in (("10.0.0.1", "a"), ("10.0.0.1", "a"), ("10.0.0.1", "b"), ("10.0.0.2", "a")):
            seen(address, agent)
        seen("10.0.0.1", "a", "guido")
        travel.shift(DAY)
        seen("10.0.0.1", "a")
        travel.shift(DAY)
        spool().drain()
        roll_up()
    assert (true_figures()["view"], true_figures()["visitor"]) == ({"": 6}, {"": 5})


def test_address_and_browser_cannot_change_places(database: str) -> None:
    seen("10.0.0.1", "1a")
    seen("10.0.0.11", "a")
    assert len(visitors()) == 2


def test_the_next_day_the_salt_is_gone_and_the_hashes_are_numbers(database: str) -> None:
    with time_machine.travel(NOON, tick=False) as travel:
        seen("10.0.0.1", "a")
        (salt,), before = all_rows(tables.salts), visitors()
        travel.shift(DAY)
        seen("10.0.0.1", "a")
        assert len(visitors()) == 2 and len(before) == 1
        roll_up()
        (other,) = all_rows(tables.salts)
        assert other.day > salt.day and other.salt != salt.salt
        assert before.isdisjoint(visitors())


def test_who_has_the_key_and_not_the_salt_cannot_find_a_visitor(database: str) -> None:
    seen("10.0.0.1", "a")
    assert visitors().isdisjoint(
        {derived_key(f"counted:visitor:{once}")[:32] for once in ("10.0.0.1", "10.0.0.1\0a\0")}
    )


def test_what_happens_while_the_database_is_away_is_counted_afterwards(sqlite_database: Path) -> None:
    elsewhere = sqlite_database.with_name("elsewhere.db")
    seen("10.0.0.1", "a")
    spool().drain()
    sqlite_database.rename(elsewhere)
    for address in ("10.0.0.1", "10.0.0.2"):
        seen(address, "a")
    elsewhere.rename(sqlite_database)
    assert len(visitors()) == 2
    assert [row.metric for row in all_rows(tables.counted)].count("view") == 3


def test_a_view_counts_even_when_nobody_can_tell_who_it_was(data_dir: Path) -> None:
    seen("10.0.0.1", "a")
    migrate()
    spool().drain()
    assert [row.metric for row in all_rows(tables.counted)] == ["view"]


def test_strange_letters_do_no_harm(database: str) -> None:
    seen("10.0.0.1", "\ud800\x00")
    assert len(visitors()) == 1
