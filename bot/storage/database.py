"""The database: one engine a URL, transactions, migrations, and writing rows that may come twice."""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Optional

import sqlalchemy
from sqlalchemy import Date, bindparam, delete, event, exc, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.elements import TextClause

from bot import clock
from bot.keys import conversation_hash
from bot.settings import settings
from bot.storage import tables

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 2.0
MIGRATION_LOCK, FIGURES_LOCK = 7_236_115, 7_236_116  # any fixed numbers: PostgreSQL's advisory locks are known by one

Row = tuple[str, dict[str, Any]]  # the name of a table and the values of one row


class DatabaseDown(Exception):
    """The database is missing, locked, unreachable or not yet migrated. Trying again later may work."""


def engine() -> Engine:
    """The engine for the URL in the settings; the same one each time."""
    return _engine(settings().database)


@lru_cache(maxsize=16)
def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    return sqlalchemy.create_engine(
        url,
        future=True,
        hide_parameters=True,
        pool_size=5,
        max_overflow=35,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 3,
            "tcp_user_timeout": 5000,
            "options": "-c lock_timeout=2000 -c statement_timeout=5000",
        },
    )


def _sqlite_engine(url: str) -> Engine:
    file = sqlite_file(url)
    assert file is not None
    address = f"{file.absolute().as_uri()}?mode=rw"  # rw: a missing database is an error, not a new empty one

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")  # safe in WAL when a process dies
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    made = sqlalchemy.create_engine(
        "sqlite://",
        creator=connect,
        future=True,
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=35,
        pool_timeout=BUSY_SECONDS,
    )

    @event.listens_for(made, "connect")
    def _remember_file(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(file)

    @event.listens_for(made, "checkout")
    def _same_file(connection: Any, record: Any, proxy: Any) -> None:
        if record.info["file"] != _identity(file):  # else rows would go into a file that was moved or deleted
            raise exc.DisconnectionError("the database file was replaced")

    @event.listens_for(made, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return made


def sqlite_file(url: str) -> Optional[Path]:
    """The file of an SQLite URL, None for another database. Raises ValueError for one in memory."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite":
        return None
    if not parts.database or parts.database == ":memory:":
        raise ValueError("LOBKE_DATABASE_URL: SQLite needs a file, because several processes share it.")
    return Path(parts.database)


def _identity(file: Path) -> Optional[tuple[int, int]]:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


@contextmanager
def transaction(write: bool = False) -> Iterator[Connection]:
    """One transaction, committed at the end.

    Raises DatabaseDown when the database cannot be used now; faults of the rows (IntegrityError, DataError) pass.
    """
    try:
        with engine().connect() as connection:
            connection = connection.execution_options(write=write)
            with connection.begin():
                yield connection
    except (exc.IntegrityError, exc.DataError):
        raise
    except (exc.DBAPIError, exc.TimeoutError, exc.InvalidRequestError, OSError) as error:
        raise DatabaseDown(type(error).__name__) from error


def ping() -> None:
    """Raises DatabaseDown unless the database answers and has its tables."""
    with transaction() as connection:
        connection.execute(select(tables.conversations.c.id).limit(1)).all()


def write_rows(connection: Connection, rows: Iterable[Row]) -> None:
    """Writes rows in their order; a row that is there already is left as it is, but feedback is replaced.

    A conversation's `last_at` and `expires_at` only move forward. Rows of a conversation or a handoff that was deleted
    by its pupil are dropped. Dates and date-times (aware ones) may be ISO strings. Rows that are counted and come after
    their day have that day counted again.
    """
    dropped: set[str] = set()
    for name, group in groupby(rows, key=lambda row: row[0]):
        table = tables.metadata.tables[name]
        values = [_complete(table, row) for _, row in group]
        if table in (tables.conversations, tables.handoffs):
            dropped |= {row["id"] for row in values if is_forgotten(connection, row["id"])}
            values = [row for row in values if row["id"] not in dropped]
        values = [row for row in values if dropped.isdisjoint((row.get("conversation_id"), row.get("handoff_id")))]
        if values:
            connection.execute(_insert(connection.dialect.name, name), values)
        if table is tables.interactions:
            blank_forgotten(connection, [row["id"] for row in values if row["text"]])
        if table in (tables.interactions, tables.feedback):
            count_again(connection, {row["at"].astimezone(clock.ZONE).date() for row in values})
        if table is tables.counted:
            count_again(connection, {row["day"] for row in values})


def count_again(connection: Connection, days: set[date]) -> None:
    """Has those of these days that are over counted again, since their rows changed."""
    past = [day for day in days if day < clock.today()]
    if past:
        lock_figures(connection)
        connection.execute(delete(tables.figure_days).where(tables.figure_days.c.day.in_(past)))


def lock_figures(connection: Connection) -> None:
    """Until the transaction ends nobody else counts a day or has one counted again (SQLite has one writer)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(:id)"), {"id": FIGURES_LOCK})


@lru_cache
def _insert(dialect: str, name: str) -> TextClause:
    """The statement that adds a row, or does with one that is there what `write_rows` says.

    As text, since SQLAlchemy caches no ON CONFLICT.
    """
    table = tables.metadata.tables[name]
    module = {"sqlite": sqlite, "postgresql": postgresql}[dialect]
    insert = module.insert(table)
    if table is tables.conversations:
        later = {key: insert.excluded[key] for key in ("last_at", "expires_at")}
        older = table.c.expires_at < insert.excluded.expires_at
        statement = insert.on_conflict_do_update(index_elements=["id"], set_=later, where=older)
    elif table is tables.feedback:
        rated = {key: insert.excluded[key] for key in ("at", "helpful")}
        statement = insert.on_conflict_do_update(index_elements=["id"], set_=rated)
    else:
        statement = insert.on_conflict_do_nothing()
    text = str(statement.compile(dialect=module.dialect(paramstyle="named")))
    return sqlalchemy.text(text).bindparams(*(sqlalchemy.bindparam(c.name, type_=c.type) for c in table.c))


# Made once, since each message asks it three times.
_FORGOTTEN = select(tables.forgotten.c.conversation).where(tables.forgotten.c.conversation == bindparam("hash"))


def is_forgotten(connection: Connection, id: str) -> bool:
    """Whether the pupil deleted this conversation or handoff."""
    return connection.execute(_FORGOTTEN, {"hash": conversation_hash(id)}).first() is not None


def blank_forgotten(connection: Connection, ids: Optional[list[str]] = None) -> None:
    """Removes the text of log rows whose conversation was deleted: of these rows, or of all when None."""
    log = tables.interactions
    if ids == []:
        return
    statement = update(log).where(
        log.c.text.is_not(None), log.c.conversation.in_(select(tables.forgotten.c.conversation))
    )
    connection.execute(statement.where(log.c.id.in_(ids)).values(text=None) if ids else statement.values(text=None))


def _complete(table: sqlalchemy.Table, row: dict[str, Any]) -> dict[str, Any]:
    """The row with a value for every column, dates and moments as such. Raises KeyError for a column there is not."""
    unknown = row.keys() - table.c.keys()
    if unknown:
        raise KeyError(*unknown)
    values = {column.name: row.get(column.name) for column in table.c}
    for column in table.c:
        value = values[column.name]
        if isinstance(column.type, tables.Moment) and isinstance(value, str):
            values[column.name] = datetime.fromisoformat(value)
        elif isinstance(column.type, Date) and isinstance(value, str):
            values[column.name] = date.fromisoformat(value)
    return values


def shrink_wal() -> None:
    """Empties SQLite's write-ahead log when nobody reads it, so that deleted text leaves the disk as well."""
    file = sqlite_file(settings().database)
    if file and file.exists():
        with closing(sqlite3.connect(file, timeout=0.2)) as connection, suppress(sqlite3.Error):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def migrate() -> None:
    """Brings the tables up to date and makes a missing SQLite database; safe when several processes do so at once.

    Raises DatabaseDown when the database cannot be reached.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    file = sqlite_file(settings().database)
    with _file_lock(file):
        if file:
            _create(file)
        with transaction(write=True) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sqlalchemy.text("SET LOCAL lock_timeout = 60000"))
                connection.execute(sqlalchemy.text("SET LOCAL statement_timeout = 60000"))
                connection.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(:id)"), {"id": MIGRATION_LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def is_migrated() -> bool:
    """Whether the tables are as this code needs them. Raises DatabaseDown, also when there are none."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with transaction() as connection:
        found = connection.execute(sqlalchemy.text("SELECT version_num FROM lobke_version")).scalars().all()
    return set(found) == set(ScriptDirectory.from_config(config).get_heads())


def _create(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(file, timeout=BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # does not wait for another process that does the same
    except (OSError, sqlite3.Error) as error:
        raise DatabaseDown(type(error).__name__) from error


@contextmanager
def _file_lock(file: Optional[Path]) -> Iterator[None]:
    if file is None:
        yield
        return
    with ExitStack() as stack:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(open(file.with_name(file.name + ".migrate"), "w"))
        except OSError as error:
            raise DatabaseDown(type(error).__name__) from error
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
