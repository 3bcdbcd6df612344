"""Rows that wait for the database get there exactly once, whatever dies in between."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot import clock
from bot.settings import PROJECT, settings
from bot.storage import tables
from bot.storage.database import DatabaseDown, Row, transaction
from bot.storage.spool import Spool


def row(id: str, **values: object) -> Row:
    return "interactions", {"id": id, "at": clock.now(), "conversation": "x", **values}


def ids() -> list[str]:
    with transaction() as connection:
        return list(connection.execute(select(tables.interactions.c.id).order_by(tables.interactions.c.id)).scalars())


def segments() -> list[Path]:
    return sorted(settings().spool_dir.glob("*.jsonl"))


@pytest.fixture
def spool(database: str) -> Spool:
    return Spool(settings().spool_dir)


def test_rows_reach_the_database_and_leave_the_folder(spool: Spool) -> None:
    spool.put([row("1", confidence=0.5), row("2")])
    spool.put([row("3")])
    assert spool.drain() == 2
    assert ids() == ["1", "2", "3"]
    assert segments() == []


def test_its_thread_writes_rows_soon_and_the_rest_when_it_stops(spool: Spool) -> None:
    spool.start()
    spool.put([row("1")])
    until = time.monotonic() + 10
    while ids() != ["1"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    spool.put([row("2")])
    spool.stop()
    assert ids() == ["1", "2"]


def test_only_the_owner_can_read_what_waits(spool: Spool) -> None:
    spool.put([row("1")])
    assert segments()[0].stat().st_mode & 0o077 == 0
    assert segments()[0].parent.stat().st_mode & 0o077 == 0


def test_rows_written_twice_are_there_once(spool: Spool) -> None:
    """As when a process dies after the database has the rows and before the file is removed."""
    spool.put([row("1")])
    copy = segments()[0].with_name("copy.jsonl")
    shutil.copy(segments()[0], copy)
    spool.drain()
    assert ids() == ["1"]
    assert segments() == []


DYING = """
import sys, time
from bot import clock
from bot.settings import settings
from bot.storage.spool import Spool
spool = Spool(settings().spool_dir)
if "start" in sys.argv:
    spool.start()
for number in range(100_000):
    id = f"{number:06d}"
    spool.put([("interactions", {"id": id, "at": clock.now(), "conversation": "x"})])
    print(id, flush=True)
    time.sleep(0.001)
"""


@pytest.mark.parametrize("start", ["", "start"])
def test_nothing_is_lost_or_doubled_when_a_process_is_killed(spool: Spool, start: str) -> None:
    """Killed in the middle of writing, with and without a thread that empties the spool at the same time."""
    child = subprocess.Popen([sys.executable, "-c", DYING, start], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    put = [child.stdout.readline().strip() for _ in range(300)]
    child.send_signal(signal.SIGKILL)
    put += child.stdout.read().split("\n")[:-1]
    child.wait()
    spool.drain()
    assert ids()[: len(put)] == put, "every row that was put is there"
    assert len(ids()) - len(put) in (0, 1), "one more may have been put just before it could say so"
    assert segments() == []


def test_the_file_of_a_living_process_is_left_alone(spool: Spool) -> None:
    other = Spool(spool.folder)
    other.put([row("1")])
    assert spool.drain() == 0
    other.put([row("2")])
    assert other.drain() == 2
    assert ids() == ["1", "2"]


def test_a_line_that_was_cut_off_is_skipped_and_logged_without_its_content(spool: Spool) -> None:
    spool.put([row("1")])
    spool.put([row("2", text="geheim")])
    spool._seal()
    content = segments()[0].read_bytes()
    segments()[0].write_bytes(content[:-20])
    with capture_logs() as logged:
        spool.drain()
    assert ids() == ["1"]
    assert [(entry["event"], entry["line"]) for entry in logged] == [("spool_line_skipped", 2)]
    assert "geheim" not in str(logged)
    assert segments() == []


@pytest.mark.parametrize(
    "bad",
    [
        [["messages", {"id": "1", "conversation_id": "gone", "sender": "bot", "at": "2026-11-21", "text": ""}]],
        [["unknown", {"id": "1"}]],
        [["interactions", {"id": "1", "unknown": 1}]],
        [["interactions", {"id": "1", "at": "yesterday", "conversation": "x"}]],
        [["interactions", {"id": "1"}]],
        {"no": "list"},
        [1],
        3,
    ],
)
def test_a_row_that_the_tables_refuse_does_not_hold_up_the_others(spool: Spool, bad: object) -> None:
    spool.put([row("2")])
    spool._seal()
    with open(segments()[0], "a") as file:
        file.write(json.dumps(bad) + "\n")
    spool.put([row("3")])
    with capture_logs() as logged:
        spool.drain()
    assert ids() == ["2", "3"]
    assert len(logged) == 1
    assert segments() == []


def test_putting_never_waits_for_a_locked_database(sqlite_database: Path) -> None:
    spool = Spool(settings().spool_dir)
    spool.start()
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        spool.put([row("0")])
        time.sleep(0.3)  # the thread waits for the lock now
        started = time.monotonic()
        for number in range(1, 50):
            spool.put([row(f"{number}")])
        assert time.monotonic() - started < 0.5
        with pytest.raises(DatabaseDown):
            spool.drain()
        other.execute("ROLLBACK")
    spool.stop()
    assert len(ids()) == 50


def test_rows_put_by_many_threads_all_arrive(spool: Spool) -> None:
    spool.start()

    def put(first: int) -> None:
        for number in range(50):
            spool.put([row(f"{first}-{number}")])

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spool.stop()
    assert len(ids()) == 400


def test_rows_are_kept_in_memory_while_no_file_can_be_written(database: str) -> None:
    settings().spool_dir.write_text("a file where the folder should be")
    spool = Spool(settings().spool_dir)
    with capture_logs() as logged:
        spool.put([row("1")])
    assert logged[0]["event"] == "spool_not_writable"
    spool.drain()
    os.remove(settings().spool_dir)
    spool.put([row("2")])
    spool.drain()
    assert ids() == ["1", "2"]
