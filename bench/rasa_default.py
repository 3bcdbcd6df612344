"""Rasa as it comes: its default pipeline and policies (default/config.yml) on Lobke's data, domain and actions.

Nothing of bot/components is used: `rasa train` and `rasa run` in processes of their own.
"""

import hashlib
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from bot.run import end_with_parent
from bot.settings import PROJECT
from tests.stack import Lobke, free_ports

CONFIG = PROJECT / "bench" / "default" / "config.yml"
CREDENTIALS = CONFIG.with_name("credentials.yml")
KEPT = PROJECT / "var" / "bench"
ENVIRONMENT = {
    "RASA_TELEMETRY_ENABLED": "false",
    "RASA_MAX_CACHE_SIZE": "0",  # or training leaves a copy of everything in .rasa
    "PYTHONWARNINGS": "ignore",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
TELL_SECONDS = 30


def model() -> Path:
    """Its model; trained first when there is none of the data as they are now. Raises RuntimeError."""
    data = sorted((PROJECT / "data").rglob("*.yml"))
    digest = hashlib.sha256(version("rasa").encode())
    for path in (CONFIG, PROJECT / "domain.yml", *data):
        digest.update(path.read_bytes() + b"\0")
    name = f"default-{digest.hexdigest()[:12]}"
    made, log = KEPT / f"{name}.tar.gz", KEPT / "train.log"
    if made.is_file():
        return made
    KEPT.mkdir(parents=True, exist_ok=True)
    options = ["--config", CONFIG, "--domain", "domain.yml", "--data", "data", "--out", KEPT / name]
    print("Training Rasa's default model on the same data; this happens once and takes about 6 minutes.", flush=True)
    with log.open("w", encoding="utf-8") as output:
        process = _rasa("train", *map(str, options), "--fixed-model-name", "model", output=output)
        try:
            for waited in range(1, 24 * 60 * 60):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(1)
                if process.poll() is not None:
                    break
                if waited % TELL_SECONDS == 0:
                    print(f"  {waited} seconds: {_progress(log)}", flush=True)
        finally:
            process.kill()
            process.wait()
    trained = KEPT / name / "model.tar.gz"
    if process.returncode or not trained.is_file():
        raise RuntimeError(f"Rasa made no model; {log} says why")
    trained.replace(made)
    trained.parent.rmdir()
    return made


class Default:
    """A running default, with an action server of Lobke and that one's data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lobke = Lobke(folder)
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}/webhooks/rest/webhook"
        self.database = folder / "rasa.db"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        migrated = self.lobke.command("migrate")
        assert migrated.returncode == 0, migrated.stderr
        self.lobke.add_decaan()

    def start(self, keeps: bool = False) -> None:
        """Start both and wait until they listen. Conversations are in memory, or with `keeps` in a SQLite database."""
        ports = self.lobke.stack.settings.actions_port, self.port
        endpoints = self.folder / "endpoints.yml"
        store = f"tracker_store:\n  type: SQL\n  dialect: sqlite\n  db: {self.database}\n" if keeps else ""
        endpoints.write_text(f"action_endpoint:\n  url: http://127.0.0.1:{ports[0]}/webhook\n{store}")
        self.lobke.stack.start("actions")
        with (self.folder / "rasa.log").open("a") as output:
            where = ["--interface", "127.0.0.1", "--port", str(self.port)]
            files = ["--endpoints", str(endpoints), "--credentials", str(CREDENTIALS)]
            process = _rasa("run", "--model", str(model()), *where, *files, output=output)
        self.processes = {"rasa": process, "actions": self.lobke.stack.processes["actions"]}
        for port in ports:
            self._wait(port)

    def stop(self) -> None:
        """Stop both."""
        if "rasa" in self.processes:
            self.processes["rasa"].terminate()
            self.processes.pop("rasa").wait(20)
        self.lobke.stop("actions")

    def _wait(self, port: int) -> None:
        for _ in range(1200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            if any(process.poll() is not None for process in self.processes.values()):
                break
            time.sleep(0.1)
        raise RuntimeError(f"Rasa's default does not start:\n{(self.folder / 'rasa.log').read_text()[-2000:]}")


def _rasa(*arguments: str, output: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "rasa", *arguments],
        cwd=PROJECT,
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stdout=output,  # type: ignore[arg-type]
        stderr=output,  # type: ignore[arg-type]
        preexec_fn=end_with_parent,
    )


def _progress(log: Path) -> str:
    found = re.findall("Starting to train component '(\\w+)'", log.read_text(encoding="utf-8", errors="replace"))
    return f"{found[-1]} is learning" if found else "it reads the data"
