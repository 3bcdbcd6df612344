"""What a user is promised by `make start`."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bot import model
from bot.run import MODULES
from bot.settings import PROJECT
from tests.stack import Lobke, lend_model


@pytest.fixture
def fresh(tmp_path: Path, lobke: Lobke) -> Lobke:
    """A Lobke that nobody started yet; the model is there already."""
    lend_model(tmp_path)
    return Lobke(tmp_path)


class Start:
    """`lobke start`, running."""

    def __init__(self, lobke: Lobke) -> None:
        self.log = lobke.data_dir / "start.log"
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "start"],
                cwd=PROJECT,
                env=lobke.stack.environment,
                stdout=output,
                stderr=output,
            )

    def until(self, text: str, seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.log.read_text():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def children(self, seconds: float = 30) -> dict[str, psutil.Process]:
        modules = {module: name for name, module in MODULES.items()}
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            commands = {process: process.cmdline() for process in psutil.Process(self.process.pid).children()}
            found = {modules[command[2]]: process for process, command in commands.items() if command[2] in modules}
            if len(found) == len(MODULES):
                return found
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())


@pytest.fixture
def start(fresh: Lobke) -> Iterator[Start]:
    starting = Start(fresh)
    yield starting
    if starting.process.poll() is None:
        starting.process.kill()
        starting.process.wait()


def test_a_second_start_does_not_train_and_ctrl_c_leaves_no_process(start: Start, fresh: Lobke) -> None:
    start.until("staat klaar")
    assert fresh.url in start.log.read_text()
    assert "leert" not in start.log.read_text()
    assert fresh.command("health").returncode == 0
    children = start.children().values()
    before = time.monotonic()
    os.kill(start.process.pid, signal.SIGINT)
    assert start.process.wait(timeout=10) == 0
    assert time.monotonic() - before < 10
    assert not any(child.is_running() for child in children)
    assert "Traceback" not in start.log.read_text()
    assert "Lobke stopt" in start.log.read_text()


def test_a_killed_start_leaves_no_process(start: Start) -> None:
    start.until("staat klaar")
    children = list(start.children().values())
    start.process.kill()
    start.process.wait()
    assert not psutil.wait_procs(children, timeout=10)[1]


def test_a_dead_part_stops_the_rest_and_is_named(start: Start) -> None:
    children = start.children()
    children["actions"].kill()
    assert start.process.wait(timeout=15) == 1
    assert "actions is gestopt" in start.log.read_text()
    assert not psutil.wait_procs(list(children.values()), timeout=5)[1]


@pytest.mark.parametrize("name", ["port", "rasa_port", "actions_port"])
def test_a_busy_port_is_one_sentence_with_the_way_out(fresh: Lobke, name: str) -> None:
    port = getattr(fresh.stack.settings, name)
    with socket.create_server(("127.0.0.1", port)):
        result = fresh.command("start")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"Poort {port} is al in gebruik.")
    assert f"LOBKE_{name.upper()}=" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_full_disk_is_one_sentence(fresh: Lobke, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot import cli

    monkeypatch.setattr(cli, "NEEDED_MEGABYTES", 10**9)
    assert "bijna vol" in cli.full_disk(fresh.data_dir)


def test_a_wrong_setting_is_one_sentence(fresh: Lobke, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = fresh.stack.environment | {"LOBKE_PORT": "veel"}
    result = subprocess.run(
        [sys.executable, "-m", "bot.cli", "start"], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr == "Een instelling klopt niet: LOBKE_PORT.\n"


def test_knowledge_changes_need_no_training_and_training_data_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("data", "knowledge", "bot/components"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("config.yml", "domain.yml", "data/nlu.yml", "knowledge/werelden.yml"):
        (tmp_path / name).write_text("a: 1\n")
    monkeypatch.setattr(model, "PROJECT", tmp_path)
    before = model.fingerprint()
    (tmp_path / "knowledge/werelden.yml").write_text("a: 2\n")
    assert model.fingerprint() == before
    (tmp_path / "data/nlu.yml").write_text("a: 2\n")
    assert model.fingerprint() != before


def test_another_dutch_model_needs_training(monkeypatch: pytest.MonkeyPatch) -> None:
    before = model.fingerprint()
    monkeypatch.setattr(model, "dutch_model", lambda: "nl_core_news_sm 9.9.9")
    assert model.fingerprint() != before


def test_lock_files_name_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (PROJECT / name).read_text()
        assert "://" not in text
        assert all("--hash=sha256:" in block for block in text.split("\n\n")[-1].split("\n") if block.startswith(" "))


def test_the_lock_for_tests_holds_the_same_versions() -> None:
    def versions(name: str) -> set[str]:
        return {line.split()[0] for line in (PROJECT / name).read_text().splitlines() if "==" in line}

    assert versions("requirements.lock") <= versions("requirements-dev.lock")


def test_the_database_may_be_postgresql(fresh: Lobke, tmp_path: Path, postgresql_url: str) -> None:
    with_postgresql = Lobke(tmp_path, database_url=postgresql_url)
    assert with_postgresql.command("migrate").returncode == 0
    try:
        with_postgresql.start()
        assert with_postgresql.ask("wat is bbl")
    finally:
        with_postgresql.stop()
    assert not (tmp_path / "lobke.db").exists()
