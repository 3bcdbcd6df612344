"""What has had its time is deleted, everywhere."""

import time
from datetime import datetime, timedelta

import time_machine
from sqlalchemy import select, text

from bot import clock
from bot.keys import conversation_hash
from bot.privacy.retention import BATCH, expire
from bot.settings import settings
from bot.storage import tables
from bot.storage.conversations import Conversations, Reply
from bot.storage.database import transaction, write_rows
from bot.storage.spool import Spool

START = "2026-11-21T12:00:00+01:00"


def talk(conversation_id: str) -> None:
    Conversations(Spool(settings().spool_dir)).add(conversation_id, [Reply("Hoi")], "hallo")


def rasa_said(conversation_id: str, at: float) -> None:
    with transaction(write=True) as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS events (sender_id VARCHAR, timestamp FLOAT)"))
        connection.execute(text("INSERT INTO events VALUES (:id, :at)"), {"id": conversation_id, "at": at})


def senders() -> list[str]:
    with transaction() as connection:
        return list(connection.execute(text("SELECT sender_id FROM events ORDER BY sender_id")).scalars())


def log_text(conversation_id: str, at: datetime) -> None:
    row = {"id": conversation_id, "at": at, "conversation": conversation_hash(conversation_id), "text": "blabla"}
    with transaction(write=True) as connection:
        write_rows(connection, [("interactions", row)])


def test_a_conversation_is_deleted_with_rasas_events_when_its_time_is_over(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        talk("old")
        rasa_said("old", time.time())
        travel.shift(24 * 3600)
        talk("young")
        rasa_said("young", time.time())
        assert expire() == 0
        travel.shift(24 * 3600)
        assert expire() == 1
    assert senders() == ["young"]
    with transaction() as connection:
        assert connection.execute(select(tables.conversations.c.id)).scalars().all() == ["young"]
        assert set(connection.execute(select(tables.messages.c.conversation_id)).scalars()) == {"young"}


def test_more_than_one_batch_is_deleted(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        moments = {"created_at": clock.now(), "last_at": clock.now(), "expires_at": clock.now()}
        with transaction(write=True) as connection:
            write_rows(connection, [("conversations", {"id": str(n), **moments}) for n in range(BATCH + 1)])
        travel.shift(1)
        assert expire() == BATCH + 1
        assert expire() == 0


def test_it_works_before_rasa_made_its_table(database: str) -> None:
    assert expire() == 0


def test_events_that_rasa_wrote_after_a_conversation_was_deleted_go_later(database: str) -> None:
    talk("living")
    for conversation_id in ("living", "gone"):
        rasa_said(conversation_id, time.time() - 7200)
    rasa_said("just started", time.time())
    expire()
    assert senders() == ["just started", "living"]


def test_text_that_was_not_understood_is_kept_90_days(database: str) -> None:
    log_text("old", clock.now() - timedelta(days=91))
    log_text("young", clock.now() - timedelta(days=89))
    expire()
    with transaction() as connection:
        found = connection.execute(select(tables.interactions.c.id, tables.interactions.c.text)).all()
    assert sorted(map(tuple, found)) == [("old", None), ("young", "blabla")]


def test_the_mark_of_a_deleted_conversation_goes_when_its_token_has_ended(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        talk("a")
        Conversations(Spool(settings().spool_dir)).forget("a")
        expire()
        with transaction() as connection:
            assert connection.execute(select(tables.forgotten)).all()
        travel.shift(48 * 3600 + 1)
        expire()
        with transaction() as connection:
            assert not connection.execute(select(tables.forgotten)).all()
