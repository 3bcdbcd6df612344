"""Rasa's memory of a conversation survives a database that is away, and is in the database once afterwards."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from sqlalchemy.exc import OperationalError

from bot.components import trackers
from bot.components.trackers import Trackers
from bot.storage.conversations import Conversations
from bot.storage.spool import Spool


class Away:
    """The database, that a test can take away."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "rasa.db"
        self.trackers = Trackers(domain=Domain.empty(), host=f"sqlite:///{self.file}")
        self._sessions = self.trackers.sessionmaker

    def stop(self) -> None:
        """From now on it fails."""

        def fail() -> Any:
            raise OperationalError("SELECT 1", {}, Exception("away"))

        self.trackers.sessionmaker = fail

    def start(self) -> None:
        """From now on it answers."""
        self.trackers.sessionmaker = self._sessions

    def say(self, conversation: str, text: str) -> list[str]:
        """One turn as Rasa does it; all that the pupil said in this conversation, as Rasa knows it."""

        async def turn() -> list[str]:
            tracker = await self.trackers.get_or_create_tracker(conversation)
            tracker.update(UserUttered(text))
            await self.trackers.save(tracker)
            return [event.text for event in tracker.events if isinstance(event, UserUttered)]

        return asyncio.run(turn())

    def stored(self, conversation: str) -> list[str]:
        """What the pupil said, as it is in the database."""
        query = "SELECT data FROM events WHERE sender_id = ? AND type_name = 'user' ORDER BY id"
        with closing(sqlite3.connect(self.file)) as connection:
            return [json.loads(data)["text"] for (data,) in connection.execute(query, [conversation])]


@pytest.fixture
def database(tmp_path: Path, sqlite_database: Path) -> Iterator[Away]:
    """An empty one, beside that of Lobke."""
    made = Away(tmp_path)
    yield made
    made.trackers.engine.dispose()


def test_a_conversation_goes_on_and_is_stored_once(database: Away) -> None:
    database.say("a", "1")
    database.stop()
    database.say("a", "2")
    assert database.say("a", "3") == ["1", "2", "3"]
    assert database.stored("a") == ["1"]
    database.start()
    assert database.say("a", "4") == ["1", "2", "3", "4"]
    assert database.stored("a") == ["1", "2", "3", "4"]


def test_what_waits_is_stored_with_the_next_message_of_anybody(database: Away) -> None:
    database.stop()
    database.say("a", "1")
    database.start()
    database.say("b", "x")
    assert (database.stored("a"), database.stored("b")) == (["1"], ["x"])


def test_what_the_pupil_deleted_meanwhile_is_not_stored(database: Away, tmp_path: Path) -> None:
    database.stop()
    database.say("a", "1")
    database.start()
    Conversations(Spool(tmp_path / "spool")).forget("a")
    database.say("b", "x")
    assert (database.stored("a"), database.stored("b")) == ([], ["x"])
    assert "1" not in str(database.trackers._unsaved)


def test_a_turn_that_broke_off_leaves_nothing_behind(database: Away) -> None:
    database.say("a", "1")
    database.stop()
    broken = asyncio.run(database.trackers.retrieve("a"))
    assert broken
    broken.update(UserUttered("half"))
    assert database.say("a", "2") == ["1", "2"]


def test_only_the_last_conversations_are_kept(database: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "REMEMBERED", 2)
    monkeypatch.setattr(trackers, "MOST_UNSAVED", 2)
    for conversation in "abc":
        database.say(conversation, "1")
    database.stop()
    assert (database.say("a", "2"), database.say("c", "2")) == (["2"], ["1", "2"])
    for conversation in "de":
        database.say(conversation, "1")
    database.start()
    database.say("f", "1")
    assert [database.stored(conversation) for conversation in "def"] == [[], ["1"], ["1"]]
