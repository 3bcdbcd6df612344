"""A PostgreSQL server of its own for tests. pytest-postgresql cannot start one as root, which a container often is."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stack import free_ports


def _program(name: str) -> str:
    """The newest of Debian's servers, or the one on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(found[-1]) if found else name


@contextmanager
def postgres_server() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database on 127.0.0.1; the server ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="lobke-postgres-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_user = ["runuser", "-u", "postgres", "--"]
    data, port = folder / "data", free_ports(1)[0]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    try:
        run(_program("initdb"), "-D", str(data), "-U", "lobke", "-A", "trust", "-E", "UTF8", "--locale=C")
        run(_program("pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            yield f"postgresql://lobke@127.0.0.1:{port}/postgres"
        finally:
            run(_program("pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
