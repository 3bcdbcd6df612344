"""Votes are counted by subject, and what often did not help is told; few votes tell nothing."""

from datetime import timedelta
from pathlib import Path
from typing import Optional

import pytest
import time_machine
from sqlalchemy import select

from bot import clock
from bot.monitoring import feedback
from bot.monitoring.feedback import DAYS, Rated, unhelpful, vote, votes
from bot.storage import tables
from bot.storage.database import transaction

KOK = {"intent": "vraag_duur", "kind": "duur", "subject": "beroep:kok"}


def rated(subject: Optional[str], down: int, up: int, kind: str = "duur") -> None:
    """So many pupils said that it did not help, and that it did."""
    about = {"kind": kind, **({"subject": subject} if subject else {})}
    for number in range(down + up):
        vote(f"{subject}-{kind}-{number}", "a1", about, number >= down)


def test_the_last_vote_on_a_message_counts(database: str) -> None:
    for helpful in (True, False):
        vote("a", "1", KOK, helpful)
    vote("a", "2", KOK, True)
    assert votes("a", ["1", "2", "3"]) == {"1": False, "2": True}
    assert votes("b", ["1"]) == {}
    vote("a", "1", KOK, None)
    assert votes("a", ["1", "2"]) == {"2": True}


def test_a_key_that_is_too_long_is_cut_as_in_the_log(database: str) -> None:
    vote("a", "1", {**KOK, "subject": "x" * 300, "kind": "y" * 300}, True)
    with transaction() as connection:
        row = connection.execute(select(tables.feedback)).one()
    assert (len(row.subject), len(row.kind), row.intent) == (128, 64, "vraag_duur")


def test_what_often_did_not_help_is_told_most_thumbs_down_first(database: str) -> None:
    rated("beroep:kok", down=5, up=5)
    rated("beroep:bakker", down=9, up=10)
    rated("beroep:kapper", down=5, up=10)
    rated("beroep:bakker", down=1, up=0, kind="kosten")
    assert unhelpful() == [Rated("beroep:bakker", None, 10, 20), Rated("beroep:kok", None, 5, 10)]


def test_of_few_votes_nobody_learns_the_number(sqlite_database: Path) -> None:
    for number in range(20):
        rated(f"beroep:{number}", down=3, up=4)
    assert {one.down for one in unhelpful()} == {0, 5} == {one.votes - one.down for one in unhelpful()}


@pytest.mark.parametrize(
    ("down", "up", "told"), [(4, 0, False), (5, 0, True), (2, 3, True), (2, 4, False), (0, 9, False)]
)
def test_five_votes_of_which_four_in_ten_are_down(sqlite_database: Path, down: int, up: int, told: bool) -> None:
    rated("beroep:kok", down, up)
    assert bool(unhelpful()) is told


def test_without_a_subject_the_kinds_of_question_stand_apart(sqlite_database: Path) -> None:
    rated(None, down=5, up=0, kind="kosten")
    rated(None, down=4, up=0, kind="duur")
    assert unhelpful() == [Rated(None, "kosten", 5, 5)]


def test_old_votes_do_not_count(sqlite_database: Path) -> None:
    with time_machine.travel(clock.now() - timedelta(days=DAYS, minutes=1)):
        rated("beroep:kok", down=5, up=0)
    assert unhelpful() == []


def test_no_message_asks_nothing_of_the_database(data_dir: Path) -> None:
    assert feedback.votes("a", []) == {}
