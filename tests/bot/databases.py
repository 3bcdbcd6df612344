"""Fixtures: a data folder of its own for each test, and databases in it: SQLite, or a new one in PostgreSQL."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from bot.knowledge import loader
from bot.monitoring import log
from bot.settings import PROJECT, settings
from bot.storage import database as storage
from bot.storage import shared
from tests.redis_server import RedisServer


@pytest.fixture
def postgres_url(postgresql_url: str) -> Iterator[str]:
    """SQLAlchemy URL of a new, empty database in the PostgreSQL server of this test run."""
    name = f"lobke_{secrets.token_hex(4)}"
    postgres_command(postgresql_url, f"CREATE DATABASE {name}")
    yield str(make_url(postgresql_url).set(database=name))
    postgres_command(postgresql_url, f"DROP DATABASE {name} WITH (FORCE)")


def postgres_command(url: str, command: str) -> None:
    """Runs one SQL command as the superuser, in another database than the one under test."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute(command)
    connection.close()


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
        monkeypatch.setenv("LOBKE_DATABASE_URL", request.getfixturevalue("postgres_url"))
        settings.cache_clear()
        storage.migrate()
    else:
        request.getfixturevalue("sqlite_database")
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
