"""Turns with a real tracker and dispatcher, on 21 November 2026, with a database of its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional

import pytest
import yaml
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import delete, select

from actions import schools
from actions.turn import sources
from bot.knowledge.names import DOUBTFUL
from bot.monitoring import log
from bot.settings import PROJECT, settings
from bot.storage import tables
from bot.storage.database import DatabaseDown, transaction
from tests.bot.databases import data_dir, sqlite_database

__all__ = ["data_dir", "sqlite_database"]

RESPONSES: dict[str, list[dict[str, Any]]] = yaml.load((PROJECT / "domain.yml").read_bytes(), yaml.CSafeLoader)[
    "responses"
]


@dataclass
class Message:
    """What Rasa understood of a message; the subjects in its text are looked up as Rasa's component does."""

    intent: str = ""
    text: str = ""
    confidence: float = 0.9
    hits: dict[str, float] = field(default_factory=dict)
    choice: Optional[str] = None
    slots: dict[str, Any] = field(default_factory=dict)
    typed: Optional[str] = None
    parts: tuple["Message", ...] = ()
    may_be_distress: bool = False
    read: list[str] = field(default_factory=list)
    """What Lobke said before."""
    turn: int = 0
    """Which message of the pupil it is; 0 when that plays no part."""
    school: Optional[str] = None

    def entities(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [
            {
                "entity": "subject",
                "value": " ".join(name.subjects),
                "confidence_entity": DOUBTFUL if name.doubtful else 1.0,
            }
            for name in sources().names.find(self.text)
        ]
        found += [{"entity": "hit", "value": key, "confidence_entity": score} for key, score in self.hits.items()]
        return found + ([{"entity": "keuze", "value": self.choice}] if self.choice is not None else [])

    def tracker(self) -> Tracker:
        message: dict[str, Any] = {
            "text": self.text,
            "intent": {"name": self.intent, "confidence": self.confidence},
            "entities": self.entities(),
        }
        if self.typed is not None:
            message["typed"] = self.typed
        if self.parts:
            message["parts"] = [{"text": p.text, "intent": p.intent, "entities": p.entities()} for p in self.parts]
        if self.may_be_distress:
            message["zorg"] = True
        events: list[dict[str, Any]] = [{"event": "bot", "text": text} for text in self.read]
        metadata = {"metadata": {"school": self.school, "model_id": "x"} if self.school else {}}
        events += [{"event": "user", **metadata} for _ in range(self.turn)]
        return Tracker("pupil-1", self.slots, message, events, False, None, {}, "action_listen")


@dataclass
class Said:
    """One message of Lobke's."""

    text: str
    buttons: dict[str, str]
    card: Any
    about: Optional[dict[str, str]]
    """What is rated of it."""


@dataclass
class Reply:
    """What an action said, remembered and logged; `asked` is what a "ja" or "nee" would answer next."""

    said: list[Said]
    remembered: dict[str, Any]
    asked: Optional[str]
    misunderstood: int
    trail: Optional[list[str]]
    rows: list[Any]

    @property
    def only(self) -> Said:
        """The one message that was said."""
        (said,) = self.said
        return said

    @property
    def text(self) -> str:
        return self.only.text

    @property
    def buttons(self) -> dict[str, str]:
        return self.only.buttons

    @property
    def card(self) -> Any:
        return self.only.card

    @property
    def response(self) -> Optional[str]:
        """The name of the response in domain.yml that was said, when it is one."""
        found = (name for name, each in RESPONSES.items() if self.text in {variant["text"] for variant in each})
        return next(found, None)

    @property
    def logged(self) -> Any:
        """The one row that was logged."""
        (row,) = self.rows
        return row


Run = Callable[[Action, Message], Reply]


@pytest.fixture
def logging_database(sqlite_database: Path) -> Iterator[Path]:
    """A database for what is logged; no row of this test comes later, into the database of another."""
    schools.forget()
    yield sqlite_database
    log._spool(settings().spool_dir).stop()


@pytest.fixture
def run(logging_database: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs an action for a message; it has to say something and to log it."""
    monkeypatch.setenv("LOBKE_NOW", "2026-11-21T12:00")
    settings.cache_clear()

    def run_action(action: Action, message: Message) -> Reply:
        dispatcher = CollectingDispatcher()
        events = action.run(dispatcher, message.tracker(), {})
        assert all(event["event"] == "slot" for event in events)
        slots = {event["name"]: event["value"] for event in events}
        said = [
            Said(
                text=each["text"] or "",
                buttons={button["title"]: button["payload"] for button in each["buttons"]},
                card=(each["custom"] or {}).get("card"),
                about=(each["custom"] or {}).get("about"),
            )
            for each in dispatcher.messages
        ]
        assert said and all(each.text for each in said)
        return Reply(
            said=said,
            asked=slots.pop("asked"),
            misunderstood=slots.pop("misunderstood"),
            trail=slots.pop("trail", None),
            remembered=slots,
            rows=logged(),
        )

    return run_action


class Talk:
    """A conversation: what is remembered and what was said go on to the next turn."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._slots: dict[str, Any] = {}
        self._read: list[str] = []

    def __call__(self, action: Action, message: Message) -> Reply:
        reply = self._run(action, replace(message, slots={**self._slots, **message.slots}, read=self._read[:]))
        self._slots |= {**reply.remembered, "asked": reply.asked, "misunderstood": reply.misunderstood}
        if reply.trail is not None:
            self._slots["trail"] = reply.trail
        self._read += [each.text for each in reply.said]
        return reply


@pytest.fixture
def talk(run: Run) -> Talk:
    return Talk(run)


def logged() -> list[Any]:
    """The rows of this turn, as soon as they are in the database; they are taken out for the next turn."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(DatabaseDown):
            log._spool(settings().spool_dir).drain()
        with transaction(write=True) as connection:
            rows = connection.execute(select(tables.interactions)).all()
            connection.execute(delete(tables.interactions))
        if rows:
            return list(rows)
        time.sleep(0.05)
    pytest.fail("nothing was logged")
