"""A Redis server of its own for tests."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from redis import Redis
from redis.exceptions import ConnectionError

from tests.stack import free_ports


class RedisServer:
    """A server on 127.0.0.1, on the same port and with the same data each time it starts."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_ports(1)[0]
        self._process: Optional[subprocess.Popen[bytes]] = None
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.client: Redis[str] = Redis.from_url(self.url, decode_responses=True, encoding_errors="replace")
        self.raw: Redis[bytes] = Redis.from_url(self.url)

    def start(self) -> None:
        """From now on it answers."""
        options = ["--bind", "127.0.0.1", "--port", str(self._port), "--dir", str(self._folder), "--save", ""]
        options += ["--appendonly", "yes", "--appendfsync", "no"]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not self._answers():
            assert time.monotonic() < until and self._process.poll() is None, "Redis did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """From now on connections are refused, and those that were open are broken."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None

    @property
    def runs(self) -> bool:
        """Whether it answers."""
        return self._process is not None

    def everything(self) -> str:
        """All keys with what is in them."""
        read = {"list": lambda key: self.client.lrange(key, 0, -1), "string": self.client.get}
        return str({key: read[self.client.type(key)](key) for key in self.client.scan_iter()})

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except ConnectionError:
            return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A server that runs, and ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="lobke-redis-"))
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
