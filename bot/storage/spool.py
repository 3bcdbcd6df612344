"""Rows that wait for the database: they are in a file at once, and in the database as soon as it answers.

Each process appends to a segment of its own in the spool folder; a background thread empties segments into the
database and removes them. Whoever writes or empties a segment holds its lock, which ends with the process, so a
segment that a dead process left behind is emptied by the next one. Every row has its own primary key, so emptying a
segment twice changes nothing.
"""

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Optional

import structlog

from bot.storage.database import DatabaseDown, Row, transaction, write_rows

log = structlog.get_logger()

BATCH_SECONDS = 0.2  # rows that come together are written together
BATCH_LINES = 500  # at most this many lines a transaction
HELD_LINES = 10_000  # kept in memory while no file can be written
IDLE_SECONDS = 60.0  # how often to look for what a dead process left behind
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)  # pauses while the database is down; the last one repeats


@dataclass(frozen=True)
class Waiting:
    """How many lines, of any process, wait for the database, and for how many seconds the oldest does."""

    number: int
    seconds: float


def waiting(folder: Path) -> Waiting:
    """What waits in this folder; nothing when there is no such folder. Raises OSError when it cannot be read."""
    number, oldest = 0, time.time()
    for path in folder.glob("*.jsonl"):
        with suppress(FileNotFoundError), path.open("rb") as file:  # it may just have been emptied
            lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 16), b""))  # noqa: B023
            if lines:
                number += lines
                oldest = min(oldest, int(path.name.partition("-")[0]) / 1e9)
    return Waiting(number, max(0.0, time.time() - oldest) if number else 0.0)


class Spool:
    """Append-only files in `folder`, emptied into the database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()  # short: around the open segment
        self._draining = threading.Lock()  # long: one emptying at a time
        self._segment: Optional[BinaryIO] = None
        self._held: list[bytes] = []  # lines that could not be put into a file (disk full)
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def put(self, rows: list[Row]) -> None:
        """Keeps rows that belong together: they are written in one transaction. Never waits for the database.

        Raises TypeError for values that are neither JSON nor dates and datetimes.
        """
        line = json.dumps(rows, default=_iso).encode() + b"\n"
        with self._lock:
            try:
                self._append(line)
            except OSError as error:
                log.error("spool_not_writable", error=type(error).__name__)
                self._seal()
                self._held = [*self._held, line][-HELD_LINES:]
        self._wake.set()

    def start(self) -> None:
        """Starts the thread that empties the spool, once."""
        with self._lock:
            if self._thread is None:
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="lobke-spool", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Empties the spool one last time and ends the thread; what the database does not take stays in the files."""
        thread, self._thread = self._thread, None
        self._stop.set()
        self._wake.set()
        if thread:
            thread.join(timeout=10)

    def drain(self) -> int:
        """Writes every waiting line that no other process is busy with; returns how many.

        Raises DatabaseDown when the database cannot take them now; they are kept.
        """
        with self._draining:
            with self._lock:
                self._seal()
                held, self._held = self._held, []
            try:
                written = _write(held, "memory")
            except DatabaseDown:
                with self._lock:
                    self._held = [*held, *self._held][-HELD_LINES:]
                raise
            for path in sorted(self.folder.glob("*.jsonl")):
                with _locked(path) as file:
                    if file:
                        written += _write(file.read().splitlines(), path.name)
                        path.unlink()
            return written

    def _append(self, line: bytes) -> None:
        if self._segment is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}.jsonl"
            fresh = path.with_suffix(".new")  # others see it only once it is locked
            self._segment = os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb", buffering=0)
            fcntl.flock(self._segment, fcntl.LOCK_EX)
            fresh.rename(path)
        if self._segment.write(line) != len(line):
            raise OSError("short write")

    def _seal(self) -> None:
        if self._segment:
            self._segment.close()
            self._segment = None

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            failures = 0 if self._drained(failures) else failures + 1
            if failures:
                self._stop.wait(RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1])
            else:
                self._wake.wait(IDLE_SECONDS)
                self._wake.clear()
                self._stop.wait(BATCH_SECONDS)
        self._drained(failures)

    def _drained(self, failures: int) -> bool:
        try:
            self.drain()
        except DatabaseDown as error:
            if not failures:
                log.warning("spool_waits_for_database", error=str(error))
            return False
        except Exception as error:  # the thread must live; what is in the files is tried again
            log.error("spool_failed", error=type(error).__name__)
            return False
        if failures:
            log.info("spool_emptied")
        return True


@contextmanager
def _locked(path: Path) -> Iterator[Optional[BinaryIO]]:
    """The segment, or None when another process writes or empties it."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY), "rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield file if os.fstat(file.fileno()).st_nlink else None


def _write(lines: list[bytes], source: str) -> int:
    """Writes the lines; one that is broken or that the tables refuse is skipped and logged, without its content."""
    groups: list[list[Row]] = []
    for number, line in enumerate(lines, start=1):
        try:
            groups.append([(str(name), dict(values)) for name, values in json.loads(line)])
        except (ValueError, TypeError):
            log.warning("spool_line_skipped", source=source, line=number)
    for start in range(0, len(groups), BATCH_LINES):
        batch = groups[start : start + BATCH_LINES]
        try:
            with transaction(write=True) as connection:
                for group in batch:
                    write_rows(connection, group)
        except DatabaseDown:
            raise
        except Exception:
            _write_one_by_one(batch, source)
    return len(groups)


def _write_one_by_one(groups: list[list[Row]], source: str) -> None:
    for group in groups:
        try:
            with transaction(write=True) as connection:
                write_rows(connection, group)
        except DatabaseDown:
            raise
        except Exception as error:
            log.warning("spool_rows_refused", source=source, error=type(error).__name__)


def _iso(value: Any) -> str:
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be spooled")
