"""What has had its time is deleted, everywhere."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Optional

import time_machine
from click.testing import CliRunner
from sqlalchemy import insert, select

from bot import clock
from bot.cli import lobke
from bot.evaluation.evaluations import Evaluations, answer
from bot.handoff.inbox import Inbox
from bot.handoff.store import Handoff, Handoffs
from bot.keys import conversation_hash
from bot.monitoring import feedback
from bot.monitoring.figures import roll_up
from bot.privacy.retention import (
    AUDIT,
    BATCH,
    CLOSED,
    ENDED,
    EVALUATION_TEXTS,
    LOG_TEXTS,
    MAILS,
    MINUTES,
    OPEN,
    due,
    expire,
)
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
        moment = datetime.fromtimestamp(at, clock.ZONE)
        row = {"conversation_id": conversation_id, "number": 1, "at": moment, "events": b"hoi"}
        connection.execute(insert(tables.turns).values(**row))


def senders() -> list[str]:
    with transaction() as connection:
        return sorted(connection.execute(select(tables.turns.c.conversation_id)).scalars())


def handoff(id: str, conversation_id: Optional[str] = None) -> str:
    """Sends one and returns its code."""
    return handoffs().send(
        Handoff(id=id, school="guido", text="Mag ik met je praten?", conversation_id=conversation_id)
    )


def handoffs() -> Handoffs:
    return Handoffs(Spool(settings().spool_dir))


def left() -> list[str]:
    with transaction() as connection:
        return sorted(connection.execute(select(tables.handoffs.c.id)).scalars())


def log_text(conversation_id: str, at: datetime) -> None:
    row = {"id": conversation_id, "at": at, "conversation": conversation_hash(conversation_id), "text": "blabla"}
    with transaction(write=True) as connection:
        write_rows(connection, [("interactions", row)])


def test_a_conversation_is_deleted_with_what_rasa_remembers_when_its_time_is_over(database: str) -> None:
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


def test_what_rasa_wrote_after_a_conversation_was_deleted_go_later(database: str) -> None:
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


def test_times_are_kept_to_the_hour_after_a_month_once_their_day_is_counted(database: str) -> None:
    with time_machine.travel("2026-11-21T12:34:56+01:00", tick=False) as travel:
        log_text("a", clock.now())
        feedback.vote("a", "1", {"kind": "duur"}, True)
        travel.shift(31 * 24 * 3600)
        expire()
        assert kept_times() == ["12:34:56", "12:34:56"]
        roll_up()
        assert due()[MINUTES] == 1
        expire()
        assert kept_times() == ["12:00:00", "12:00:00"]
        assert due()[MINUTES] == 0


def kept_times() -> list[str]:
    with transaction() as connection:
        rows = [
            *connection.execute(select(tables.interactions.c.at)),
            *connection.execute(select(tables.feedback.c.at)),
        ]
    return [f"{row.at:%H:%M:%S}" for row in rows]


def test_times_of_the_last_30_days_stay_as_they_are(database: str) -> None:
    with time_machine.travel("2026-11-21T12:34:56+01:00", tick=False) as travel:
        log_text("a", clock.now())
        travel.shift(30 * 24 * 3600)
        roll_up()
        expire()
    assert kept_times() == ["12:34:56"]


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


def test_a_handoff_stays_when_its_conversation_ends_and_forgets_which_it_was(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        talk("ended")
        code = handoff("a", "ended")
        handoff("b", "never stored")
        travel.shift(48 * 3600)
        expire()
        assert left() == ["a", "b"]
        found = handoffs().by_code(code)
        assert found and found.messages
        with transaction() as connection:
            assert connection.execute(select(tables.handoffs.c.conversation_id)).scalars().all() == [None, None]


def test_a_handoff_knows_its_conversation_as_long_as_that_lives(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        talk("living")
        handoff("a", "living")
        travel.shift(40 * 3600)
        expire()
        with transaction() as connection:
            assert connection.execute(select(tables.handoffs.c.conversation_id)).scalars().all() == ["living"]


def test_a_closed_handoff_is_deleted_whole_after_30_days(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        inbox = Inbox("an", ["guido"], "An")
        for id in ("closed", "open"):
            handoff(id)
            inbox.note(id, "k", "Ik bel de mentor.")
        inbox.close("closed", 1, "afspraak")
        travel.shift(30 * 24 * 3600 - 1)
        expire()
        assert left() == ["closed", "open"]
        travel.shift(1)
        expire()
    assert left() == ["open"]
    with transaction() as connection:
        for table in (tables.handoff_messages, tables.handoff_notes):
            assert connection.execute(select(table.c.handoff_id)).scalars().all() == ["open"]
        assert "closed" in connection.execute(select(tables.audit.c.subject)).scalars().all()


def test_an_open_handoff_is_deleted_when_the_school_year_is_over_but_never_within_30_days(database: str) -> None:
    for id, sent in (("autumn", START), ("july", "2027-07-20T12:00:00+02:00")):
        with time_machine.travel(sent, tick=False):
            handoff(id)
    with time_machine.travel("2027-07-31T23:59:59+02:00", tick=False) as travel:
        expire()
        assert left() == ["autumn", "july"]
        travel.shift(1)
        expire()
        assert left() == ["july"]
        travel.move_to(datetime.fromisoformat("2027-08-19T12:00:01+02:00"))
        expire()
        assert left() == []


def test_the_text_of_an_old_handoff_leaves_the_disk(sqlite_database: Path) -> None:
    with time_machine.travel(START, tick=False) as travel:
        handoffs().send(Handoff(id="a", school="guido", text="zeldzaamwoord"))
        travel.shift(400 * 24 * 3600)
        expire()
    files = [path for path in sqlite_database.parent.rglob("*") if path.is_file()]
    assert not [path.name for path in files if b"zeldzaamwoord" in path.read_bytes()]


def test_the_preview_counts_what_would_go_and_deletes_nothing(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        talk("a")
        handoff("closed")
        handoff("open")
        log_text("1", clock.now())
        Inbox("an", ["guido"], "An").close("closed", 1, "beantwoord")
        assert set(due().values()) == {0}
        travel.shift(400 * 24 * 3600)
        assert due() == {
            ENDED: 1,
            CLOSED: 1,
            OPEN: 1,
            LOG_TEXTS: 1,
            EVALUATION_TEXTS: 0,
            AUDIT: 1,
            MAILS: 0,
            MINUTES: 0,
        }
        shown = CliRunner().invoke(lobke, ["retention", "--preview"])
        assert shown.exit_code == 0 and "Er is niets gewist." in shown.output
        assert left() == ["closed", "open"]
        done = CliRunner().invoke(lobke, ["retention"])
        assert "1 overdrachten die lang genoeg klaar zijn" in done.output and "Dit is gewist." in done.output
        assert left() == []
        assert set(due().values()) == {0}


def test_the_text_of_an_evaluation_goes_after_the_school_year_that_follows_and_its_counts_stay(database: str) -> None:
    with time_machine.travel("2027-07-01T12:00:00+02:00", tick=False) as travel:
        evaluations = Evaluations("an", ["guido"])
        id = evaluations.add("guido", "Open dag", clock.today())
        code = evaluations.get(id).links[0].code
        for number in range(5):
            assert answer(code, str(number), {"oordeel": "goed"}, "Het was te druk.")
        travel.move_to(datetime.fromisoformat("2028-07-31T23:59:59+02:00"))
        expire()
        assert due()[EVALUATION_TEXTS] == 0 and len(evaluations.get(id).links[0].texts) == 5
        travel.shift(1)
        assert due()[EVALUATION_TEXTS] == 5
        expire()
        assert due()[EVALUATION_TEXTS] == 0
        left = evaluations.get(id).links[0]
        assert left.texts == [] and left.counts == {"oordeel": {"goed": 5}}


def test_who_looked_at_what_is_known_for_a_year(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        handoff("a")
        Inbox("an", ["guido"], "An").get("a")
        travel.shift(365 * 24 * 3600)
        expire()
        assert looked() == ["an"]
        travel.shift(1)
        expire()
        assert looked() == []


def looked() -> list[str]:
    with transaction() as connection:
        return list(connection.execute(select(tables.audit.c.account_id)).scalars())
