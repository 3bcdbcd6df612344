"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from argon2 import PasswordHasher
from sqlalchemy.engine import make_url

from bot.accounts import passwords
from bot.settings import settings
from bot.storage import database
from tests.postgres import postgres_command, postgres_server
from tests.redis_server import RedisServer, redis_server
from tests.stack import Lobke, running

# That a busy machine is slow is no fault of what is tested, and examples may share what a test was given. They are the
# same in each run; `pytest --hypothesis-profile=default` makes up others.
ALLOWED = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture]
hypothesis.settings.register_profile("lobke", deadline=None, suppress_health_check=ALLOWED, derandomize=True)
hypothesis.settings.load_profile("lobke")


@pytest.fixture(scope="session")
def lobke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lobke]:
    """The real Lobke: three processes, a fresh database with one decaan, the clock at 21 November 2026, 12 o'clock."""
    with running(tmp_path_factory.mktemp("lobke")) as stack:
        stack.add_decaan()
        yield stack


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """What argon2id costs is no part of the tests in this process; the real Lobke has it as it is."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy; making one takes twenty times as long."""
    folder = tmp_path_factory.mktemp("migrated")
    migrate(LOBKE_DATA_DIR=str(folder))
    return folder / "lobke.db"


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The SQLAlchemy URL of an empty PostgreSQL database."""
    with postgres_server() as server:
        yield server.url


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The SQLAlchemy URL of a migrated PostgreSQL database, for the tests of one process."""
    postgres_command(postgresql_url, "CREATE DATABASE migrated")
    url = str(make_url(postgresql_url).set(database="migrated"))
    migrate(LOBKE_DATA_DIR=str(tmp_path_factory.mktemp("migrated")), LOBKE_DATABASE_URL=url)
    return url


def migrate(**environment: str) -> None:
    """Makes the tables in the database of these settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings.cache_clear()
        database.migrate()
        database.engine().dispose()
    settings.cache_clear()


@pytest.fixture(scope="session")
def redis_process() -> Iterator[RedisServer]:
    """A Redis that runs."""
    with redis_server() as server:
        yield server
