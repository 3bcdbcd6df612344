"""The trained Rasa model: where it is, whether it is current, and making a new one."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bot.run import end_with_parent
from bot.settings import PROJECT, settings

NAME = "lobke"
REASON = "Reden: "  # the training process ends its output with this and what went wrong
# Python that runs around the model and leaves what is in it as it was.
_NOT_IN_THE_MODEL = {
    "serve.py",
    "train.py",
    "speed.py",
    "channel.py",
    "new_model.py",
    "trackers.py",
    "states.py",
    "together.py",
    "locks.py",
}


class TrainingError(Exception):
    """Rasa made no model; the text says why."""


def model_path() -> Path:
    """The trained model."""
    return settings().models_dir / f"{NAME}.tar.gz"


def dutch_model() -> str:
    """Name and version of the installed Dutch spaCy model, or "" when there is none."""
    try:
        return f"nl_core_news_sm {version('nl_core_news_sm')}"
    except PackageNotFoundError:
        return ""


def _sources() -> Iterator[Path]:
    for name in ("config.yml", "domain.yml"):
        yield PROJECT / name
    yield from sorted((PROJECT / "data").rglob("*.yml"))
    yield from sorted(path for path in (PROJECT / "bot/components").glob("*.py") if path.name not in _NOT_IN_THE_MODEL)


def fingerprint() -> str:
    """Changes whenever the model must be trained again. Knowledge files play no part in it."""
    digest = hashlib.sha256(f"rasa {version('rasa')}, {dutch_model()}".encode())
    for path in _sources():
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_current() -> bool:
    """True when the trained model was made from the files as they are now."""
    try:
        return model_path().is_file() and _stamp().read_text() == fingerprint()
    except FileNotFoundError:
        return False


def train(progress: Callable[[int], None]) -> None:
    """Train a model and put it in the place of the old one; tells the seconds so far about once a second.

    Raises TrainingError and keeps the old model when Rasa fails.
    """
    folder = settings().models_dir
    folder.mkdir(parents=True, exist_ok=True)
    made_from, name, log = fingerprint(), f"{NAME}-{os.getpid()}", folder / "train.log"
    new = folder / f"{name}.tar.gz"
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.components.train", name],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=end_with_parent,
        )
        try:
            while process.poll() is None:
                progress(int(time.monotonic() - started))
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=1)
        finally:
            process.kill()
            process.wait()
    if process.returncode != 0 or not new.is_file():
        output_text = log.read_text(encoding="utf-8", errors="replace").strip()
        raise TrainingError(output_text.rpartition(f"\n{REASON}")[2][:2000])
    _stamp().unlink(missing_ok=True)
    new.replace(model_path())
    _stamp().write_text(made_from)


def _stamp() -> Path:
    return settings().models_dir / f"{NAME}.sha256"
