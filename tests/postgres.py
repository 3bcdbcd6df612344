"""A PostgreSQL server of its own for tests. pytest-postgresql cannot start one as root, which a container often is."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2

from tests.stack import free_ports


def _program(name: str) -> str:
    """The newest of Debian's servers, or the one on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(found[-1]) if found else name


class Postgres:
    """A server with an empty database on 127.0.0.1, on the same port and with the same data each time it starts."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._data = folder, folder / "data"
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._as_user = ["runuser", "-u", "postgres", "--"]
        self._port = free_ports(1)[0]
        self.url = f"postgresql://lobke@127.0.0.1:{self._port}/postgres"
        """For SQLAlchemy."""
        self._run("initdb", "-U", "lobke", "-A", "trust", "-E", "UTF8", "--locale=C")

    def start(self) -> None:
        """From now on it answers."""
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-l", str(self._folder / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        """From now on connections are refused, and those that were open are broken."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def _run(self, program: str, *options: str) -> None:
        command = [*self._as_user, _program(program), "-D", str(self._data), *options]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL)


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server that runs, and ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="lobke-postgres-"))
    try:
        server = Postgres(folder)
        server.start()
        try:
            yield server
        finally:
            with suppress(subprocess.CalledProcessError):  # a test may have stopped it
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def postgres_command(url: str, command: str) -> None:
    """Runs one SQL command as the superuser in the database of this URL."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute(command)
    connection.close()
