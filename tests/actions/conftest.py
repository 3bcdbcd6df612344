"""One turn with a real tracker and dispatcher, on 21 November 2026, with a database of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions.turn import sources
from bot.monitoring import log
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import transaction
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
def run(sqlite_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
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
            logged=last_row(),
        )

    yield run_action
    log._spool(settings().spool_dir).stop()


def last_row() -> Any:
    log._spool(settings().spool_dir).drain()
    with transaction() as connection:
        return connection.execute(select(tables.interactions).order_by(tables.interactions.c.at)).all()[-1]
