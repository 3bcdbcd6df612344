"""Conversations are kept in SQLite or PostgreSQL, and a database that fails never costs the pupil an answer."""

import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text

from bot import clock
from bot.keys import conversation_hash, log_hash
from bot.monitoring.log import NOT_UNDERSTOOD, Interaction, record
from bot.monitoring.log import spool as log_spool
from bot.settings import settings
from bot.storage import database as storage
from bot.storage import tables, turns
from bot.storage.conversations import REMEMBERED_TURNS, Choice, Conversations, Opened, Reply, message_id
from bot.storage.database import DatabaseDown, transaction
from bot.storage.spool import Spool
from tests.bot.databases import use_database
from tests.postgres import postgres_command

START = "2026-11-21T12:00:00+01:00"
FIRST_TABLES = ("conversations", "messages", "choices", "interactions", "forgotten")
REPLY = Reply("Kok word je met **niveau 2**.", [Choice("Hoe lang duurt het?", "duur")], {"kind": "opleiding"})


def conversations() -> Conversations:
    """As a process has them that has just started."""
    return Conversations(Spool(settings().spool_dir))


def count(table: Any) -> int:
    with transaction() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar())


def rasa_said(conversation_id: str) -> None:
    """What Rasa's tracker store does with the same database."""
    turns.write(conversation_id, turns.Turn(1, b"hoe word ik kok"), is_all=False)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process is writing and does not stop."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def eventually(found: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_the_migrations_make_the_tables_that_the_code_knows(database: str) -> None:
    with transaction() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "lobke_version"})
        assert compare_metadata(context, tables.metadata) == []


def test_migrating_again_changes_nothing(database: str) -> None:
    conversations().add("a", [REPLY])
    storage.migrate()
    assert count(tables.messages) == 1


def test_a_database_of_before_the_counts_gets_them_and_keeps_its_rows(own_database: str) -> None:
    conversations().add("a", [REPLY])
    with transaction(write=True) as connection:
        for table in reversed(tables.metadata.sorted_tables):
            if table.name not in FIRST_TABLES:
                table.drop(connection)
        added = ("messages", "about"), ("conversations", "school"), ("interactions", "school"), ("interactions", "turn")
        for table, column in added:
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
        connection.execute(text("UPDATE lobke_version SET version_num = '0001'"))
    storage.migrate()
    assert (count(tables.tallies), count(tables.messages)) == (0, 1)


def _migrate_in_child() -> None:
    settings.cache_clear()
    storage.migrate()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_migrate_at_the_same_time_do_not_hinder_each_other(
    kind: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if kind == "postgresql":
        use_database(monkeypatch, request.getfixturevalue("postgres_url"))
    start = multiprocessing.get_context("spawn")
    children = [start.Process(target=_migrate_in_child) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert count(tables.conversations) == 0


def test_sqlite_uses_a_write_ahead_log_and_only_the_owner_can_read_it(sqlite_database: Path) -> None:
    with transaction() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert sqlite_database.stat().st_mode & 0o077 == 0


def test_a_database_in_memory_is_refused_in_one_sentence(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_database(monkeypatch, "sqlite://")
    with pytest.raises(ValueError, match="LOBKE_DATABASE_URL"):
        storage.migrate()
    monkeypatch.undo()
    settings.cache_clear()


def test_what_was_said_reads_back_the_same_after_a_restart(database: str) -> None:
    said = conversations().add("a", [REPLY, Reply("En jij?")], "hoe word ik kok 👩‍🍳", "key")
    assert [message.sender for message in said] == ["pupil", "bot", "bot"]
    assert conversations().messages("a") == said


def test_what_a_process_recalls_of_a_conversation_is_what_it_would_read(sqlite_database: Path) -> None:
    here = conversations()
    (greeting,) = here.begin("a", [REPLY], "guido")
    assert greeting.choices
    for key in ["first", "second", *map(str, range(REMEMBERED_TURNS))]:
        for typed in ("hoe lang duurt het", "iets anders", ""):
            for sent in (key, "new", None):
                assert here.recall("a", sent, typed) == conversations().open("a", clock.now(), sent, typed)
        pressed = greeting.choices[0]["id"]
        assert here.recall("a", choice_id=pressed) == Opened(True, "guido", choice=here.choice("a", pressed))
        here.add("a", [REPLY if key == "second" else Reply("Klaar")], "en nu?", key)
    assert here.open("a", clock.now(), "first").repeated and here.recall("a", "first") is None  # too long ago
    with time_machine.travel(clock.now() + timedelta(hours=49)):
        assert here.recall("a") == conversations().open("a", clock.now()) == Opened(False, "guido")
    here.forget("a")
    assert here.recall("a") == Opened(False)


def test_what_only_the_database_can_tell_is_not_recalled(
    sqlite_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = conversations()
    here.begin("a", [REPLY])
    here.add("b", [REPLY])  # it began in another process
    assert here.recall("a") and not here.recall("b") and not here.recall("c")
    assert here.recall("a", choice_id="of another conversation") is None
    monkeypatch.setenv("LOBKE_REDIS_URL", "redis://127.0.0.1:1")  # others take its messages too
    settings.cache_clear()
    assert here.recall("a") is None


def test_reading_after_a_message_gives_what_came_later(database: str) -> None:
    first = conversations().add("a", [REPLY])
    second = conversations().add("a", [REPLY], "en nu?")
    conversations().add("b", [REPLY])
    assert conversations().messages("a", after=first[-1].id) == second


def test_message_ids_rise(database: str) -> None:
    ids = [message_id() for _ in range(1000)]
    assert ids == sorted(set(ids))
    assert all(len(id) == 19 for id in ids)


def test_text_that_no_database_takes_is_kept_as_far_as_it_can_be(database: str) -> None:
    (pupil, _) = conversations().add("a", [REPLY], "a\x00b\ud800c")
    assert pupil.text == "a\ufffdb\ufffdc"
    assert conversations().messages("a")[0].text == pupil.text


def test_a_choice_belongs_to_its_conversation(database: str) -> None:
    (message,) = conversations().add("a", [REPLY])
    assert message.choices
    choice_id = message.choices[0]["id"]
    assert conversations().choice("a", choice_id) == Choice("Hoe lang duurt het?", "duur")
    assert conversations().choice("b", choice_id) is None
    assert conversations().choice("a", "unknown") is None


def test_a_turn_is_found_by_its_key(database: str) -> None:
    said = conversations().add("a", [REPLY], "hoi", "key")
    conversations().add("a", [REPLY], "nog iets", "other")
    assert conversations().open("a", clock.now(), "key").repeated == said
    assert conversations().open("a", clock.now(), "unknown").repeated is None
    assert conversations().open("b", clock.now(), "key").repeated is None


def test_a_conversation_ends_48_hours_after_its_last_message(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        started = clock.now()
        conversations().add("a", [REPLY])
        travel.shift(40 * 3600)
        conversations().add("a", [REPLY], "hoi")
        travel.shift(47 * 3600)
        assert conversations().is_open("a", started)
        travel.shift(3601)
        assert not conversations().is_open("a", started)


def test_a_message_is_found_by_its_id_until_its_conversation_ends(database: str) -> None:
    with time_machine.travel(START, tick=False) as now:
        (message,) = conversations().add("a", [REPLY])
        conversations().add("b", [REPLY])
        assert conversations().open_message(message.id) == message
        assert conversations().open_message("unknown") is None
        now.shift(48 * 3600 + 1)
        assert conversations().open_message(message.id) is None
        (newer,) = conversations().add("a", [REPLY])
        conversations().forget("a")
        assert conversations().open_message(newer.id) is None


def test_a_conversation_that_nobody_knows_lives_as_long_as_its_token(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        started = clock.now()
        assert conversations().is_open("unknown", started)
        travel.shift(48 * 3600)
        assert not conversations().is_open("unknown", started)


def test_a_deleted_conversation_is_gone_everywhere(database: str) -> None:
    for id in ("a", "b"):
        conversations().add(id, [REPLY], "hoe word ik kok")
        rasa_said(id)
    log = {"id": "1", "at": clock.now(), "conversation": conversation_hash("a"), "subject": "wereld:ict", "text": "kok"}
    with transaction(write=True) as connection:
        storage.write_rows(connection, [("interactions", log)])

    conversations().forget("a")

    assert not conversations().is_open("a", clock.now())
    assert conversations().messages("a") == []
    with transaction() as connection:
        for table in (tables.conversations.c.id, tables.messages.c.conversation_id, tables.choices.c.conversation_id):
            assert set(connection.execute(select(table)).scalars()) == {"b"}
        assert connection.execute(select(tables.turns.c.conversation_id)).scalars().all() == ["b"]
        row = connection.execute(select(tables.interactions)).one()
        assert (row.subject, row.text) == ("wereld:ict", None)


def test_deleting_works_before_rasa_made_its_table(database: str) -> None:
    conversations().add("a", [REPLY])
    conversations().forget("a")
    assert count(tables.conversations) == 0


def test_a_row_that_comes_late_does_not_bring_a_deleted_conversation_back(database: str) -> None:
    spool = Spool(settings().spool_dir)
    said = conversations().add("a", [REPLY], "hoi")
    conversations().forget("a")
    conversations().add("a", [REPLY], "te laat")
    log = {"id": "1", "at": clock.now(), "conversation": conversation_hash("a"), "text": "te laat"}
    spool.put([("interactions", log)])
    spool.drain()
    assert count(tables.messages) == 0
    assert not conversations().is_open("a", said[0].at)
    with transaction() as connection:
        assert connection.execute(select(tables.interactions.c.text)).scalars().all() == [None]


def test_of_a_deleted_conversation_the_text_of_every_day_goes(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        for _ in range(3):
            for id in ("a", "b"):
                conversations().add(id, [REPLY])
                record(Interaction(id, outcome=NOT_UNDERSTOOD, text="blabla"))
            travel.shift(40 * 3600)
        log_spool().drain()
        conversations().forget("a")
        travel.shift(3600)
        record(Interaction("a", outcome=NOT_UNDERSTOOD, text="te laat"))
        log_spool().drain()
    with transaction() as connection:
        rows = connection.execute(select(tables.interactions).order_by(tables.interactions.c.at)).all()
    assert sorted(row.text or "" for row in rows) == ["", "", "", "", "blabla", "blabla", "blabla"]
    assert len({row.conversation for row in rows if row.text}) == 3
    assert len({row.conversation for row in rows}) == 7


def test_a_row_of_yesterday_that_comes_after_the_deletion_loses_its_text(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        conversations().add("a", [REPLY])
        row = {"id": "1", "at": clock.now(), "conversation": log_hash("a", clock.today()), "text": "te laat"}
        travel.shift(24 * 3600)
        conversations().forget("a")
        Spool(settings().spool_dir).put([("interactions", row)])
        Spool(settings().spool_dir).drain()
    with transaction() as connection:
        assert connection.execute(select(tables.interactions.c.text)).scalars().all() == [None]


def test_a_count_is_written_once_and_stays_when_conversations_go(database: str) -> None:
    row = {"id": "1", "month": "2026-11", "name": "verkenning_type", "value": "S"}
    conversations().add("a", [REPLY])
    for _ in range(2):
        with transaction(write=True) as connection:
            storage.write_rows(connection, [("tallies", row)])
    conversations().forget("a")
    with transaction() as connection:
        assert [dict(found._mapping) for found in connection.execute(select(tables.tallies))] == [row]


def test_deleted_text_leaves_the_disk(sqlite_database: Path) -> None:
    conversations().add("a", [REPLY], "zeldzaamwoord")
    conversations().forget("a")
    files = [path for path in sqlite_database.parent.rglob("*") if path.is_file()]
    assert not [path.name for path in files if b"zeldzaamwoord" in path.read_bytes()]


def test_a_locked_database_costs_no_answer_and_the_rows_come_later(sqlite_database: Path) -> None:
    talk = conversations()
    talk.spool.start()
    with locked(sqlite_database):
        said = talk.add("a", [REPLY], "hoe word ik kok", "key")
        assert talk.is_open("a", clock.now())
        assert talk.messages("a") == said
        assert talk.open("a", clock.now(), "key").repeated == said
        assert said[1].choices and talk.choice("a", said[1].choices[0]["id"]) == REPLY.choices[0]
        assert count(tables.messages) == 0
    eventually(lambda: count(tables.messages) == 2)
    assert conversations().messages("a") == said
    talk.spool.stop()


def test_after_one_wait_for_a_locked_database_the_next_pupils_do_not_wait(sqlite_database: Path) -> None:
    talk = conversations()
    with locked(sqlite_database):
        talk.add("a", [REPLY])
        started = time.monotonic()
        for number in range(20):
            talk.add(f"pupil {number}", [REPLY], "hoi")
        assert time.monotonic() - started < 1


def test_a_missing_database_costs_no_answer_and_the_rows_come_when_it_is_back(sqlite_database: Path) -> None:
    conversations().add("before", [REPLY])
    away = sqlite_database.with_name("away.db")
    storage.engine().dispose()
    sqlite_database.rename(away)
    talk = conversations()
    said = talk.add("a", [REPLY], "hoi")
    assert talk.is_open("a", clock.now())
    assert not sqlite_database.exists(), "an empty database in its place would hide that it is gone"
    away.rename(sqlite_database)
    talk.spool.drain()
    assert conversations().messages("a") == said


def test_a_database_that_disappears_under_open_connections_is_noticed(sqlite_database: Path) -> None:
    talk = conversations()
    talk.add("a", [REPLY])
    away = sqlite_database.with_name("away.db")
    sqlite_database.rename(away)
    talk.add("a", [REPLY], "hoi")
    assert list(settings().spool_dir.glob("*.jsonl")), "the row waits instead of going into the moved file"
    away.rename(sqlite_database)
    talk.spool.drain()
    assert len(conversations().messages("a")) == 3


def test_a_postgresql_that_is_gone_costs_no_answer(
    postgres_url: str, postgresql_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_database(monkeypatch, postgres_url)
    storage.migrate()
    talk = conversations()
    talk.add("a", [REPLY])
    name = postgres_url.rpartition("/")[2]
    postgres_command(postgresql_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    postgres_command(postgresql_url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    said = talk.add("a", [REPLY], "hoi")
    assert talk.is_open("a", clock.now())
    with pytest.raises(DatabaseDown):
        talk.spool.drain()
    postgres_command(postgresql_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    talk.spool.drain()
    assert conversations().messages("a")[1:] == said


def test_a_conversation_is_not_said_to_be_deleted_when_it_is_not(sqlite_database: Path) -> None:
    talk = conversations()
    said = talk.add("a", [REPLY])
    with locked(sqlite_database), pytest.raises(DatabaseDown):
        talk.forget("a")
    assert conversations().messages("a") == said
