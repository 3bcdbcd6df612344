"""Fixtures: a data folder of its own for each test, with a database in it (SQLite), or an empty one in PostgreSQL."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from bot.knowledge import loader
from bot.monitoring import log
from bot.settings import PROJECT, settings
from bot.storage import database as storage
from bot.storage import shared
from tests.postgres import postgres_command
from tests.redis_server import RedisServer

# Ten times as fast as a new database for each test.
EMPTY = """
    DO $$ DECLARE one text; BEGIN
        SET LOCAL session_replication_role = replica;
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'lobke_version' LOOP
            EXECUTE 'DELETE FROM ' || one;
        END LOOP;
        FOR one IN SELECT sequencename FROM pg_sequences LOOP
            EXECUTE 'ALTER SEQUENCE ' || one || ' RESTART';
        END LOOP;
    END $$
"""
END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def postgres_url(postgresql_url: str) -> Iterator[str]:
    """SQLAlchemy URL of a new, empty database in the PostgreSQL server of this test run."""
    name = f"lobke_{secrets.token_hex(4)}"
    postgres_command(postgresql_url, f"CREATE DATABASE {name}")
    yield str(make_url(postgresql_url).set(database=name))
    postgres_command(postgresql_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgres_url(migrated_postgresql: str) -> str:
    """SQLAlchemy URL of a database with Lobke's tables and nothing in them."""
    postgres_command(migrated_postgresql, END_OTHERS)
    postgres_command(migrated_postgresql, EMPTY)
    return migrated_postgresql


def use_database(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """From now on, in this test, Lobke's database is the one of this URL."""
    monkeypatch.setenv("LOBKE_DATABASE_URL", url)
    settings.cache_clear()


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own for this test; Lobke's other settings are the defaults."""
    for name in [name for name in os.environ if name.startswith("LOBKE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOBKE_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    spools = log._spool
    yield tmp_path
    if spools.cache_info().currsize:  # its thread would write into the database of the next test
        spools(settings().spool_dir).stop()
        spools.cache_clear()
    storage.engine().dispose()
    settings.cache_clear()


@pytest.fixture
def own_knowledge(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the real knowledge files, that this process uses for this test."""
    folder = Path(shutil.copytree(PROJECT / "knowledge", tmp_path / "knowledge"))
    monkeypatch.setattr(settings(), "knowledge_dir", folder)
    monkeypatch.setattr(loader, "live", loader.Live())
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database; the test runs once with SQLite and once with PostgreSQL. The value is the kind."""
    if request.param == "postgresql":
        use_database(monkeypatch, request.getfixturevalue("empty_postgres_url"))
    else:
        request.getfixturevalue("sqlite_database")
    return str(request.param)


@pytest.fixture(params=["sqlite", "postgresql"])
def own_database(request: pytest.FixtureRequest, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same, for a test that changes the tables."""
    if request.param == "postgresql":
        use_database(monkeypatch, request.getfixturevalue("postgres_url"))
    storage.migrate()
    return str(request.param)


@pytest.fixture
def sqlite_database(migrated: Path, data_dir: Path) -> Path:
    """A migrated SQLite database; the value is its file."""
    return Path(shutil.copy(migrated, data_dir / "lobke.db"))


@pytest.fixture
def redis(redis_process: RedisServer, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """Redis with nothing in it, that this process uses for this test."""
    redis_process.client.flushall()
    monkeypatch.setattr(settings(), "redis_url", redis_process.url)
    monkeypatch.setattr(shared, "_left_alone_until", {})
    yield redis_process
    if not redis_process.runs:
        redis_process.start()
