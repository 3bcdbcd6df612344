"""Rasa's memory of a conversation keeps its last turns, and survives a database that is away."""

import asyncio
import json
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Optional
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import update

from bot import clock
from bot.components import trackers
from bot.components.trackers import (
    KEPT_TURNS,
    MOST_TURNS,
    Answered,
    Stored,
    Trackers,
    _stored,
    compact,
    request_key,
)
from bot.privacy.retention import expire
from bot.storage import shared, tables, turns
from bot.storage.conversations import Conversations, Reply
from bot.storage.database import DatabaseDown, transaction
from bot.storage.spool import Spool
from bot.storage.turns import EARLIER, Turn, TurnTaken
from tests.redis_server import RedisServer

DOMAIN = Domain.from_dict({"slots": {"flow": {"type": "any", "mappings": [{"type": "custom"}]}}})


class Rasa:
    """A tracker store on a database, or Redis, that a test can take away."""

    def __init__(self, stop: Callable[[], object], start: Callable[[], object]) -> None:
        self.stop, self.start = stop, start
        self.trackers = Trackers(DOMAIN)

    def say(self, conversation: str, text: str) -> list[str]:
        """One turn as Rasa does it; all that the pupil said in this conversation, as Rasa knows it."""

        async def turn() -> list[str]:
            tracker = await self.trackers.get_or_create_tracker(conversation)
            tracker.update_with_events(
                [UserUttered(text), SlotSet("flow", text), ActionExecuted("action_listen")], DOMAIN
            )
            await self.trackers.save(tracker)
            return [event.text for event in tracker.events if isinstance(event, UserUttered)]

        return asyncio.run(turn())


def stored(conversation: str) -> list[str]:
    """What the pupil said, as it is in the database."""
    events = [event for turn in turns.read(conversation) for event in json.loads(zlib.decompress(turn.events))]
    return [event["text"] for event in events if event["event"] == "user"]


@pytest.fixture(params=["sqlite", "redis"])
def rasa(request: pytest.FixtureRequest, sqlite_database: Path, monkeypatch: pytest.MonkeyPatch) -> Rasa:
    """With nothing in it."""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        monkeypatch.setattr(shared, "PAUSE_SECONDS", 0.0)
        return Rasa(server.stop, server.start)
    away = sqlite_database.with_suffix(".away")
    return Rasa(lambda: sqlite_database.rename(away), lambda: away.rename(sqlite_database))


def test_a_conversation_goes_on_and_is_stored_once(rasa: Rasa) -> None:
    rasa.say("a", "1")
    rasa.stop()
    rasa.say("a", "2")
    assert rasa.say("a", "3") == ["1", "2", "3"]
    rasa.start()
    assert rasa.say("a", "4") == ["1", "2", "3", "4"]
    assert stored("a") == ["1", "2", "3", "4"]


def test_what_waits_is_stored_with_the_next_message_of_anybody(rasa: Rasa) -> None:
    rasa.stop()
    rasa.say("a", "1")
    rasa.start()
    rasa.say("b", "x")
    assert (stored("a"), stored("b")) == (["1"], ["x"])


def test_what_the_pupil_deleted_meanwhile_is_not_stored(rasa: Rasa, tmp_path: Path) -> None:
    rasa.stop()
    rasa.say("a", "1")
    rasa.start()
    Conversations(Spool(tmp_path / "spool")).forget("a")
    rasa.say("b", "x")
    assert (stored("a"), stored("b")) == ([], ["x"])
    assert "1" not in str(rasa.trackers._unsaved)


def test_a_turn_that_broke_off_leaves_nothing_behind(rasa: Rasa) -> None:
    rasa.say("a", "1")
    rasa.stop()
    broken = asyncio.run(rasa.trackers.retrieve("a"))
    assert broken
    broken.update(UserUttered("half"))
    assert rasa.say("a", "2") == ["1", "2"]


def test_only_the_last_conversations_are_kept(rasa: Rasa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "REMEMBERED", 2)
    monkeypatch.setattr(trackers, "MOST_UNSAVED", 2)
    for conversation in "abc":
        rasa.say(conversation, "1")
    rasa.stop()
    assert (rasa.say("a", "2"), rasa.say("c", "2")) == (["2"], ["1", "2"])
    for conversation in "de":
        rasa.say(conversation, "1")
    rasa.start()
    rasa.say("f", "1")
    assert [stored(conversation) for conversation in "def"] == [[], ["1"], ["1"]]


def test_a_long_conversation_takes_few_rows_and_keeps_its_last_turns_and_slots(rasa: Rasa) -> None:
    said = [rasa.say("a", str(number)) for number in range(60)]
    assert len(turns.read("a")) <= MOST_TURNS
    assert all(KEPT_TURNS <= len(known) <= KEPT_TURNS + MOST_TURNS for known in said[KEPT_TURNS:])
    assert said[-1][-1] == "59" and stored("a") == said[-1]
    tracker = asyncio.run(rasa.trackers.retrieve("a"))
    assert tracker and tracker.get_slot("flow") == "59"


def test_how_many_messages_there_were_is_known(rasa: Rasa) -> None:
    for number in range(100):
        known = rasa.say("a", str(number))
    tracker = asyncio.run(rasa.trackers.retrieve("a"))
    assert tracker
    earlier = sum((event.metadata or {}).get(EARLIER, 0) for event in tracker.events)
    assert earlier + len(known) == 100


def test_a_message_writes_only_itself(rasa: Rasa) -> None:
    for text in "abc":
        rasa.say("a", text)
    assert [turn.number for turn in turns.read("a")] == [1, 2, 3] and stored("a") == ["a", "b", "c"]


def test_who_has_said_nothing_takes_no_room(rasa: Rasa) -> None:
    asyncio.run(rasa.trackers.get_or_create_tracker("a"))
    assert turns.read("a") == []


def test_another_process_that_answered_meanwhile_is_not_overwritten(rasa: Rasa) -> None:
    rasa.say("a", "1")
    other = Rasa(rasa.stop, rasa.start)
    late = asyncio.run(rasa.trackers.retrieve("a"))
    other.say("a", "2")
    assert late
    late.update(UserUttered("late"))
    asyncio.run(rasa.trackers.save(late))
    assert stored("a") == ["1", "2"]


def test_a_loop_and_slots_from_before_the_cut_stay() -> None:
    events: list[Event] = [ActionExecuted("action_listen")]
    for number in range(5):
        events += [UserUttered(str(number)), SlotSet("flow", number), ActionExecuted("action_listen")]
        events += [ActiveLoop("form")] if number == 1 else []
    cut = compact(events, [AnySlot("flow", [])], kept=2)
    whole, short = (DialogueStateTracker.from_events("", each, [AnySlot("flow", [])]) for each in (events, cut))
    assert short.active_loop_name == "form" and short.current_slot_values() == whole.current_slot_values()
    assert isinstance(cut[1], SessionStarted) and cut[1].metadata == {EARLIER: 3}
    assert [event.text for event in cut if isinstance(event, UserUttered)] == ["3", "4"]


@settings(max_examples=20)
@given(said=st.lists(st.tuples(st.booleans(), st.text(min_size=1)), min_size=1, max_size=50))
def test_any_process_goes_on_with_any_conversation(rasa: Rasa, said: list[tuple[bool, str]]) -> None:
    conversation, processes, texts = uuid4().hex, (rasa, Rasa(rasa.stop, rasa.start)), list[str]()
    for place, text in said:
        known = processes[place].say(conversation, text)
        texts.append(text)
        assert known == texts[-len(known) :] and len(known) >= min(len(texts), KEPT_TURNS)
    kept = stored(conversation)  # fewer when the last turn took the place of all
    assert kept == known[-len(kept) :] and (len(kept) == len(known) or len(kept) == KEPT_TURNS)


@settings(max_examples=20)
@given(said=st.lists(st.tuples(st.booleans(), st.text(min_size=1)), min_size=1, max_size=50))
def test_what_is_in_memory_is_what_would_be_read(rasa: Rasa, said: list[tuple[bool, str]]) -> None:
    conversation, processes = uuid4().hex, (rasa, Rasa(rasa.stop, rasa.start))
    for place, text in said:
        processes[place].say(conversation, text)
        read = known(Rasa(rasa.stop, rasa.start), conversation)
        assert known(rasa, conversation) == known(processes[1], conversation) == read


def known(rasa: Rasa, conversation: str) -> list[Any]:
    """All there is to a conversation, as this process knows it."""
    tracker = asyncio.run(rasa.trackers.retrieve(conversation))
    assert tracker
    assert _stored(tracker) == Stored(len(tracker.events), turns.last(conversation), len(turns.read(conversation)))
    written = [{**event.as_dict(), "metadata": event.metadata} for event in tracker.events]
    return [written, tracker.current_slot_values(), tracker.active_loop_name, tracker.latest_action, tracker.sender_id]


def test_a_conversation_is_read_once_as_long_as_nobody_else_answers(
    rasa: Rasa, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, by_turns = list[str](), turns.read
    monkeypatch.setattr(turns, "read", lambda conversation: read.append(conversation) or by_turns(conversation))
    for number in range(MOST_TURNS):
        rasa.say("a", str(number))
    assert read == ["a"]  # before its first message
    rasa.say("a", "after it was made compact")
    rasa.say("a", "and on")
    assert read == ["a"] * 2
    Rasa(rasa.stop, rasa.start).say("a", "elsewhere")
    assert rasa.say("a", "here")[-2:] == ["elsewhere", "here"]
    assert read == ["a"] * 4


def test_another_model_reads_a_conversation_again(rasa: Rasa) -> None:
    rasa.say("a", "1")
    slots = {name: {"type": "any", "mappings": [{"type": "custom"}]} for name in ("flow", "new")}
    rasa.trackers.domain = Domain.from_dict({"slots": slots})
    tracker = asyncio.run(rasa.trackers.retrieve("a"))
    assert tracker and tracker.get_slot("flow") == "1" and "new" in tracker.slots


def test_what_the_pupil_deleted_is_not_remembered(rasa: Rasa, tmp_path: Path) -> None:
    rasa.say("a", "1")
    Conversations(Spool(tmp_path / "spool")).forget("a")
    assert asyncio.run(rasa.trackers.retrieve("a")) is None


@pytest.fixture
def on_redis(sqlite_database: Path, redis: RedisServer) -> RedisServer:
    """Where the turns are."""
    return redis


def test_in_redis_a_conversation_lasts_until_48_hours_after_its_last_message(on_redis: RedisServer) -> None:
    turns.write("a", Turn(1, b"x"), is_all=False)
    key = next(on_redis.client.scan_iter())
    on_redis.client.pexpire(key, 60_000)
    turns.write("a", Turn(2, b"x"), is_all=False)
    assert 0 <= 48 * 3_600_000 - on_redis.client.pttl(key) < 60_000
    on_redis.client.pexpire(key, 1)
    while on_redis.client.exists(key):
        pass
    assert turns.read("a") == [] and on_redis.everything() == "{}"


def test_in_redis_nothing_is_left_of_what_the_pupil_deleted(on_redis: RedisServer, tmp_path: Path) -> None:
    turns.write("the-conversation", Turn(1, b"secret"), is_all=False)
    assert "secret" in on_redis.everything() and "the-conversation" not in on_redis.everything()
    Conversations(Spool(tmp_path / "spool")).forget("the-conversation")
    turns.write("the-conversation", Turn(2, b"secret"), is_all=True)
    assert turns.read("the-conversation") == [] and "secret" not in on_redis.everything()
    assert all(0 < on_redis.client.pttl(key) <= 48 * 3_600_000 for key in on_redis.client.scan_iter())


def test_while_redis_is_away_a_pupil_hears_that_nothing_was_deleted(on_redis: RedisServer, tmp_path: Path) -> None:
    conversations = Conversations(Spool(tmp_path / "spool"))
    conversations.add("a", [Reply("Hoi")])
    turns.write("a", Turn(1, b"x"), is_all=False)
    on_redis.stop()
    with pytest.raises(DatabaseDown):
        conversations.forget("a")
    on_redis.start()
    assert len(conversations.messages("a")) == 1


def test_what_has_ended_is_deleted_in_redis_too(on_redis: RedisServer, tmp_path: Path) -> None:
    Conversations(Spool(tmp_path / "spool")).add("a", [Reply("Hoi")])
    turns.write("a", Turn(1, b"secret"), is_all=False)
    with transaction(write=True) as connection:
        connection.execute(update(tables.conversations).values(expires_at=clock.now() - timedelta(minutes=1)))
    assert expire() == 1
    assert "secret" not in on_redis.everything()


@pytest.mark.parametrize("is_all", [True, False])
def test_the_same_turn_is_written_once(rasa: Rasa, is_all: bool) -> None:
    turns.write("a", Turn(1, b"first"), is_all=False)
    with pytest.raises(TurnTaken):
        turns.write("a", Turn(1, b"second"), is_all)
    assert turns.read("a") == [Turn(1, b"first")]


def answered(rasa: Rasa, key: Optional[str], message: str = "k1") -> list[dict[str, Any]]:
    """The replies that the store has for a request with this key, after one turn."""

    async def ask() -> list[dict[str, Any]]:
        tracker = await rasa.trackers.get_or_create_tracker("a")
        said = UserUttered("hoi", metadata={"school": "guido", "key": message})
        replies = [BotUttered("Een", {"buttons": None}), BotUttered(None, {"custom": {"card": {}}})]
        tracker.update_with_events([said, *replies, ActionExecuted("action_listen")], DOMAIN)
        await rasa.trackers.save(tracker)
        request_key.set(key)
        try:
            await Rasa(rasa.stop, rasa.start).trackers.get_or_create_tracker("a")
        except Answered as error:
            return [
                {name: value for name, value in reply.items() if name != "timestamp" and value}
                for reply in error.replies
            ]
        return []

    return asyncio.run(ask())


def test_a_message_that_was_handled_is_known_by_the_key_of_its_request(rasa: Rasa) -> None:
    assert answered(rasa, "k1") == [{"text": "Een"}, {"custom": {"card": {}}}]


@pytest.mark.parametrize("key", [None, "k2"])
def test_another_message_is_handled(rasa: Rasa, key: Optional[str]) -> None:
    assert answered(rasa, key) == []


def test_only_the_last_message_counts(rasa: Rasa) -> None:
    answered(rasa, None, message="k1")
    assert answered(rasa, "k1", message="k2") == []


def test_a_message_that_got_no_answer_is_handled_again(rasa: Rasa) -> None:
    async def ask() -> None:
        tracker = await rasa.trackers.get_or_create_tracker("a")
        tracker.update_with_events([UserUttered("hoi", metadata={"key": "k1"})], DOMAIN)
        await rasa.trackers.save(tracker)
        request_key.set("k1")
        assert await rasa.trackers.retrieve("a")

    asyncio.run(ask())
