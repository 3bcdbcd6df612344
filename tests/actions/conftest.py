"""One turn with a real tracker and dispatcher, on 21 November 2026, with a database of its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import delete, select

from actions.turn import sources
from bot.monitoring import log
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import DatabaseDown, transaction
from tests.bot.databases import data_dir, sqlite_database

__all__ = ["data_dir", "sqlite_database"]


@dataclass
class Message:
    """What Rasa understood of a message; the subjects in its text are looked up as Rasa's component does."""

    intent: str = ""
    text: str = ""
    confidence: float = 0.9
    hits: dict[str, float] = field(default_factory=dict)
    choice: Optional[str] = None
    slots: dict[str, Any] = field(default_factory=dict)

    def tracker(self) -> Tracker:
        found = sources().names.find(self.text)
        entities: list[dict[str, Any]] = [{"entity": "subject", "value": " ".join(name.subjects)} for name in found]
        entities += [{"entity": "hit", "value": key, "confidence_entity": score} for key, score in self.hits.items()]
        entities += [{"entity": "keuze", "value": self.choice}] if self.choice is not None else []
        intent = {"name": self.intent, "confidence": self.confidence}
        message = {"text": self.text, "intent": intent, "entities": entities}
        return Tracker("pupil-1", self.slots, message, [], False, None, {}, "action_listen")


@dataclass
class Reply:
    """What an action said, remembered and logged; `asked` is what a "ja" or "nee" would answer next."""

    text: str
    response: Optional[str]
    buttons: dict[str, str]
    card: Any
    remembered: dict[str, Any]
    asked: Optional[str]
    logged: Any


Run = Callable[[Action, Message], Reply]


@pytest.fixture
def logging_database(sqlite_database: Path) -> Iterator[Path]:
    """A database for what is logged; no row of this test comes later, into the database of another."""
    yield sqlite_database
    log._spool(settings().spool_dir).stop()


@pytest.fixture
def run(logging_database: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs an action for a message; it has to say one thing and log one row."""
    monkeypatch.setenv("LOBKE_NOW", "2026-11-21T12:00")
    settings.cache_clear()

    def run_action(action: Action, message: Message) -> Reply:
        dispatcher = CollectingDispatcher()
        events = action.run(dispatcher, message.tracker(), {})
        (said,) = dispatcher.messages
        assert all(event["event"] == "slot" for event in events)
        slots = {event["name"]: event["value"] for event in events}
        return Reply(
            text=said["text"] or "",
            response=said.get("response"),
            buttons={button["title"]: button["payload"] for button in said["buttons"]},
            card=(said["custom"] or {}).get("card"),
            asked=slots.pop("asked"),
            remembered=slots,
            logged=logged(),
        )

    return run_action


def logged() -> Any:
    """The one row of this turn, as soon as it is in the database; it is taken out for the next turn."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(DatabaseDown):
            log._spool(settings().spool_dir).drain()
        with transaction(write=True) as connection:
            rows = connection.execute(select(tables.interactions)).all()
            connection.execute(delete(tables.interactions))
        if rows:
            (row,) = rows
            return row
        time.sleep(0.05)
    pytest.fail("nothing was logged")
