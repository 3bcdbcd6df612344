"""The log keeps topics and outcomes, text only when it was not understood, and counts that lead to no pupil."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import Table, select
from structlog.testing import capture_logs

from bot import clock
from bot.monitoring import log
from bot.monitoring.log import NOT_UNDERSTOOD, Interaction, record, tally
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import transaction


def recorded(table: Table = tables.interactions) -> list[Any]:
    log._spool(settings().spool_dir).drain()
    with transaction() as connection:
        return connection.execute(select(table)).all()


def test_it_keeps_what_the_question_was_about(database: str) -> None:
    record(Interaction("id", "vraag", "niveau", "wereld:zorg", "answered", confidence=0.9, duration_ms=12))
    (row,) = recorded()
    assert (row.intent, row.kind, row.subject, row.outcome) == ("vraag", "niveau", "wereld:zorg", "answered")
    assert (row.confidence, row.duration_ms, row.text) == (0.9, 12, None)
    assert abs((row.at - clock.now()).total_seconds()) < 60


def test_it_does_not_say_whose_conversation_it_was(database: str) -> None:
    for id in ("secret-id", "secret-id", "other"):
        record(Interaction(id))
    first, second, other = (row.conversation for row in recorded())
    assert first == second != other
    assert "secret" not in first and len(first) == 32


def test_text_is_kept_redacted_and_only_when_it_was_not_understood(database: str) -> None:
    record(Interaction("a", outcome="answered", text="ik heet Fatima"))
    record(Interaction("a", outcome=NOT_UNDERSTOOD, text="ik heet Fatima, bel 06-12345678"))
    assert [row.text for row in recorded()] == [None, "ik heet [naam], bel [telefoon]"]


def test_long_values_are_cut_and_do_not_fail(database: str) -> None:
    record(Interaction("a", subject="x" * 500))
    assert [len(row.subject) for row in recorded()] == [128]


def test_it_never_waits_for_a_locked_database(sqlite_database: Path) -> None:
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        for _ in range(20):
            record(Interaction("a"))
        assert time.monotonic() - started < 1
        other.execute("ROLLBACK")
    assert len(recorded()) == 20


def test_it_never_raises(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> str:
        raise RuntimeError(text)

    monkeypatch.setattr(log, "redact", broken)
    with capture_logs() as logged:
        record(Interaction("a", outcome=NOT_UNDERSTOOD, text="geheim"))
    assert logged == [{"event": "interaction_not_recorded", "error": "RuntimeError", "log_level": "error"}]


@pytest.mark.parametrize(
    ("now", "month"), [("2026-11-22T12:00+01:00", "2026-11"), ("2026-11-30T23:30+00:00", "2026-12")]
)
def test_a_count_has_its_month_in_the_netherlands_and_nothing_that_leads_to_a_moment_or_a_pupil(
    database: str, now: str, month: str
) -> None:
    with time_machine.travel(now, tick=False):
        tally("verkenning_type", "S")
    (row,) = recorded(tables.tallies)
    assert (row.month, row.name, row.value) == (month, "verkenning_type", "S")
    assert row._fields == ("id", "month", "name", "value")
    assert recorded() == []


def test_the_same_counts_are_kept_each(database: str) -> None:
    for value in ("S", "S", "A"):
        tally("verkenning_type", value)
    rows = recorded(tables.tallies)
    assert sorted(row.value for row in rows) == ["A", "S", "S"]
    assert len({row.id for row in rows}) == 3


def test_a_count_never_waits_for_a_locked_database(sqlite_database: Path) -> None:
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        tally("verkenning_type", "S")
        other.execute("ROLLBACK")
    assert len(recorded(tables.tallies)) == 1


def test_a_count_that_cannot_be_kept_stops_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path) -> None:
        raise OSError("full")

    monkeypatch.setattr(log, "_spool", broken)
    with capture_logs() as logged:
        tally("verkenning_type", "S")
    assert logged == [{"event": "tally_not_recorded", "error": "OSError", "log_level": "error"}]


def test_what_is_done_over_is_logged_and_counted_once(database: str) -> None:
    for _ in range(2):
        record(Interaction("a", outcome="answered"), "the first")
        record(Interaction("a", outcome="answered"), "the second")
        log.tally("verkenning_type", "doener", "the first")
    assert (len(recorded()), len(recorded(tables.tallies))) == (2, 1)
    assert "first" not in str(recorded())
