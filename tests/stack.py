"""The real Lobke on free ports with a data folder of its own, for tests and for measuring."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Union
from unittest.mock import patch

import httpx

from bot import model
from bot.run import Stack
from bot.settings import PROJECT, Settings, settings
from tests.web.staff import EMAIL, PASSWORD

NOW = "2026-11-21T12:00"
SCHOOL = "corlaer-college"
Messages = list[dict[str, Any]]


def free_ports(number: int) -> list[int]:
    """Ports that nothing uses now, and that the system gives to no outgoing connection."""
    found: list[int] = []
    with ExitStack() as sockets:
        while len(found) < number:
            port = random.randrange(20_000, 32_000)
            with suppress(OSError):
                sockets.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
    return found


SITE = f"http://127.0.0.1:{free_ports(1)[0]}"
"""The site that may embed the widget; on a port of its own for every test run."""


class Conversation:
    """One pupil's chat over the public API."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=30, trust_env=False)
        session = self._post("/api/sessions", {})
        self.http.headers["Authorization"] = f"Bearer {session['token']}"
        self.messages: Messages = session["messages"]
        """The messages of the last answer; first the greeting."""

    def say(self, text: str) -> Messages:
        """Send a typed text; the messages of the answer."""
        self.messages = self._post("/api/messages", {"text": text})["messages"]
        return self.messages

    def choose(self, label: str) -> Messages:
        """Press the choice with this label among the last messages. Raises KeyError when it is not there."""
        offered = [choice for message in self.messages for choice in message.get("choices") or ()]
        choice = {choice["label"]: choice["id"] for choice in offered}[label]
        self.messages = self._post("/api/messages", {"choice": choice})["messages"]
        return self.messages

    def _post(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        for _ in range(30):
            answer = self.http.post(path, json=body)
            if answer.status_code != 429:
                answer.raise_for_status()
                result: dict[str, Any] = answer.json()
                return result
            time.sleep(float(answer.headers.get("Retry-After", 1)))
        raise TimeoutError("Lobke keeps asking to wait")


class Lobke:
    """A running Lobke."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        web, rasa, actions = free_ports(3)
        # Settings of whoever runs the tests stay out: a test must never meet a real database.
        values = {name: field.default for name, field in Settings.__fields__.items()}
        values |= {"port": web, "rasa_port": rasa, "actions_port": actions}
        values |= {"data_dir": folder, "sites": SITE, "now": NOW}
        self.log = folder / "lobke.log"
        self.stack = Stack(Settings(**(values | changes)), self.log.open("a", encoding="utf-8"))
        self.url = self.stack.url
        self.data_dir = folder

    def command(self, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run `lobke …` with the settings of this Lobke."""
        command = [sys.executable, "-m", "bot.cli", *arguments]
        return subprocess.run(
            command, cwd=PROJECT, env=self.stack.environment, input=stdin, capture_output=True, text=True
        )

    def add_decaan(self) -> None:
        """A decaan of the Corlaer College who can log in, so pupils of that school can send a message."""
        options = ["--role", "decaan", "--school", SCHOOL, "--name", "Sam Decaan", "--password-stdin"]
        added = self.command("account", "add", EMAIL, *options, stdin=f"{PASSWORD}\n")
        assert added.returncode == 0, added.stderr

    def start(self, *names: str) -> None:
        """Start these processes (web, rasa, actions), or all, and wait until Lobke answers."""
        self.stack.start(*names)
        if not self.stack.wait_until_healthy(90):
            raise RuntimeError(f"Lobke does not start: {self.stack.health()[1]}\n{self.log.read_text()[-3000:]}")

    def stop(self, *names: str) -> None:
        """Stop these processes, or all."""
        self.stack.stop(*names)

    @contextmanager
    def settings_here(self) -> Iterator[None]:
        """In this process the settings are those of this Lobke."""
        with patch.dict(os.environ, self.stack.environment):
            settings.cache_clear()
            try:
                yield
            finally:
                settings.cache_clear()

    def conversation(self) -> Conversation:
        """A new chat."""
        return Conversation(self.url)

    def ask(self, text: Union[str, list[str]]) -> Messages:
        """What Lobke answers in a new chat; of several texts, the answer to the last."""
        chat = self.conversation()
        for line in [text] if isinstance(text, str) else text:
            chat.say(line)
        return chat.messages


def lend_model(folder: Path) -> None:
    """Puts what `lobke train` makes into this data folder; trains first when something changed."""
    if not model.is_current():
        model.train(lambda seconds: None)
    (folder / "models").symlink_to(settings().models_dir)
    with suppress(FileNotFoundError):
        shutil.copytree(settings().cache_dir, folder / "cache")


@contextmanager
def running(folder: Path, **changes: Any) -> Iterator[Lobke]:
    """Lobke with a fresh database and the project's own model, trained first when something changed."""
    lend_model(folder)
    lobke = Lobke(folder, **changes)
    migrated = lobke.command("migrate")
    assert migrated.returncode == 0, migrated.stderr
    try:
        lobke.start()
        yield lobke
    finally:
        lobke.stop()
