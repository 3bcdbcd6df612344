"""The three processes of Lobke: start them, wait until they answer, stop them."""

import ctypes
import http.client
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Optional

from bot.settings import PROJECT, Settings

# Name and Python module, in the order of stopping: first the way in, so that no message comes that nobody answers.
MODULES = {"web": "web", "rasa": "bot.components.serve", "actions": "actions"}
NAMES = tuple(MODULES)
MEGABYTE = 1024 * 1024
NEEDED_MEGABYTES = 200
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def silence_warnings() -> None:
    """Keep Python warnings about old libraries off the screen; some libraries put back filters that hide them."""
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)


def end_with_parent() -> None:
    """Let this process get a request to end when the process that started it is gone, however that went."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def free_megabytes(folder: Path) -> int:
    """What is free on the disk of this folder. Raises OSError when there is no such folder."""
    return shutil.disk_usage(folder).free // MEGABYTE


class Stack:
    """The processes, started with the settings given here. Use it from the main thread: they end when that ends."""

    def __init__(self, settings: Settings, output: Optional[IO[str]] = None) -> None:
        self.settings = settings
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._output = output

    @property
    def url(self) -> str:
        """Address of the public web process."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @property
    def names(self) -> tuple[str, ...]:
        """NAMES, with "rasa-2" and so on for more Rasa processes."""
        more = tuple(f"rasa-{number}" for number in range(2, self.settings.rasa_workers + 1))
        return ("web", "rasa", *more, "actions")

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the processes: this one, with these settings."""
        values = {name: value for name, value in self.settings.dict().items() if value is not None}
        return os.environ | {f"LOBKE_{name.upper()}": str(value) for name, value in values.items()}

    def start(self, *names: str) -> None:
        """Start these processes, or all, without waiting until they answer. Raises OSError without a data folder."""
        self.settings.key()  # made here when it is new, because the processes share it
        for name in names or self.names:
            module, _, number = name.partition("-")
            port = {"LOBKE_RASA_PORT": str(self.settings.rasa_port + int(number) - 1)} if number else {}
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", MODULES[module]],
                cwd=PROJECT,
                env=self.environment | port,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                start_new_session=True,  # Ctrl-C reaches them through stop(), in the right order
                preexec_fn=end_with_parent,
            )

    def stop(self, *names: str, seconds: float = 4) -> None:
        """Stop these processes, or all: first the way in, then the rest together. Kills what does not stop in time."""
        chosen = [name for name in self.names if name in (names or self.names) and name in self.processes]
        for group in ([name for name in chosen if name == "web"], [name for name in chosen if name != "web"]):
            for name in group:
                self.processes[name].terminate()
            deadline = time.monotonic() + seconds
            for name in group:
                try:
                    self.processes[name].wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    self.processes[name].kill()
                    self.processes[name].wait()
                del self.processes[name]

    def ended(self) -> Optional[tuple[str, int]]:
        """Name and exit code of a process that has ended, or None."""
        for name, process in self.processes.items():
            code = process.poll()
            if code is not None:
                return name, code
        return None

    def health(self) -> tuple[bool, str]:
        """Whether everything answers; if not, what the web process says about it."""
        host = "127.0.0.1" if self.settings.host in ("0.0.0.0", "::") else self.settings.host
        connection = http.client.HTTPConnection(host, self.settings.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            return answer.status == 200, _detail(answer.read())
        except (OSError, http.client.HTTPException):
            return False, "De website antwoordt niet."
        finally:
            connection.close()

    def wait(self) -> tuple[str, int]:
        """Wait until a process ends; its name and exit code."""
        while True:
            found = self.ended()
            if found:
                return found
            time.sleep(0.5)

    def wait_until_healthy(self, seconds: float = 120) -> bool:
        """True as soon as everything answers; False when a process ended or the time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.ended() is None:
            if self.health()[0]:
                return True
            time.sleep(0.2)
        return False


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body).get("detail", ""))
    except (ValueError, AttributeError):
        return ""
