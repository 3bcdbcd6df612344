"""Fixtures: databases to test with. PostgreSQL is a real server of its own, thrown away afterwards."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from bot.settings import settings
from bot.storage import database as storage

MISSING = "PostgreSQL is not on this machine: install Debian's package postgresql (it brings initdb and pg_ctl)."


def _program(name: str) -> str:
    found = [shutil.which(name), *map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True))]
    usable = [path for path in found if path]
    if not usable:
        pytest.fail(MISSING, pytrace=False)
    return usable[0]


def _run(*command: str) -> None:
    """PostgreSQL refuses to run as root; then it runs as the user of Debian's package."""
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    # Not a pipe: the server keeps it open, and waiting for its end would take forever.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run([*as_postgres, *command], cwd="/", stdout=output, stderr=output)
        output.seek(0)
        assert done.returncode == 0, output.read().decode()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The folder of the socket of a running server, with a superuser `lobke` and no password."""
    programs = {name: _program(name) for name in ("initdb", "pg_ctl")}
    folder = Path(tempfile.mkdtemp(prefix="lobke-pg-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    data = str(folder / "data")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
    try:
        _run(programs["initdb"], "-D", data, "-U", "lobke", "--auth=trust", "--encoding=UTF8", "--no-sync")
        _run(programs["pg_ctl"], "-D", data, "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            yield str(folder)
        finally:
            _run(programs["pg_ctl"], "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """SQLAlchemy URL of a new, empty PostgreSQL database."""
    name = f"lobke_{secrets.token_hex(4)}"
    postgres_command(postgres_server, f"CREATE DATABASE {name}")
    yield f"postgresql://lobke@/{name}?host={postgres_server}"
    postgres_command(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def postgres_command(server: str, command: str) -> None:
    """Runs one SQL command as the superuser, outside the database under test."""
    connection = psycopg2.connect(host=server, user="lobke", dbname="postgres")
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
    yield tmp_path
    storage.engine().dispose()
    settings.cache_clear()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database; the test runs once with SQLite and once with PostgreSQL. The value is the kind."""
    if request.param == "postgresql":
        monkeypatch.setenv("LOBKE_DATABASE_URL", request.getfixturevalue("postgres_url"))
        settings.cache_clear()
    storage.migrate()
    return str(request.param)


@pytest.fixture
def sqlite_database(data_dir: Path) -> Path:
    """A migrated SQLite database; the value is its file."""
    storage.migrate()
    return data_dir / "lobke.db"
