"""A pupil's handoff is stored once, read with its code, and gone when the pupil deletes it."""

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import func, select

from bot import clock
from bot.handoff import store
from bot.handoff.codes import return_code
from bot.handoff.inbox import Inbox
from bot.handoff.rules import Impossible
from bot.handoff.store import Deleted, Handoff, Handoffs
from bot.settings import settings
from bot.storage import tables
from bot.storage.conversations import Conversations, Reply
from bot.storage.database import DatabaseDown, transaction
from bot.storage.spool import Spool

START = "2026-11-23T10:00:00+01:00"
OUTCOME = {"title": "Verkenning", "text": "Zorg en welzijn past bij je."}


def handoffs() -> Handoffs:
    """As a process has them that has just started."""
    return Handoffs(Spool(settings().spool_dir))


def question(id: str = "a", **changes: Any) -> Handoff:
    fields = {"school": "guido", "leerjaar": 3, "first_name": "Sam", "attachments": [OUTCOME], **changes}
    return Handoff(id=id, **{"text": "Kan ik nog van profiel wisselen? 🙂", **fields})


def decaan() -> Inbox:
    return Inbox("an", ["guido"], "Mevrouw Jansen")


def count(table: Any) -> int:
    with transaction() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar())


def test_what_was_sent_reads_back_with_the_code(database: str) -> None:
    with time_machine.travel(START, tick=False):
        code = handoffs().send(question(urgent=True))
        found = handoffs().by_code(code.lower().replace("-", " "))
        assert found
        assert (found.school, found.leerjaar, found.first_name, found.urgent) == ("guido", 3, "Sam", True)
        assert (found.status, found.attachments, found.created_at) == ("nieuw", [OUTCOME], clock.now())
        (message,) = found.messages
        assert (message.sender, message.text) == ("pupil", "Kan ik nog van profiel wisselen? 🙂")


def test_only_school_and_text_are_needed(database: str) -> None:
    code = handoffs().send(Handoff(id=uuid4().hex, school="guido", text="Help"))
    found = handoffs().by_code(code)
    assert found and (found.leerjaar, found.first_name, found.attachments, found.urgent) == (None, None, [], False)


@pytest.mark.parametrize("code", ["0000-0000", "", "onzin", "x" * 1000])
def test_an_unknown_code_finds_nothing(database: str, code: str) -> None:
    handoffs().send(question())
    assert handoffs().by_code(code) is None
    assert handoffs().write_back(code, "k", "hoi") is None
    assert handoffs().withdraw(code) is None
    assert handoffs().export(code) is None
    assert handoffs().delete(code) is False
    assert count(tables.handoffs) == 1


def test_the_database_knows_no_code(sqlite_database: Path) -> None:
    code = handoffs().send(question())
    plain = code.replace("-", "").encode()
    for path in sqlite_database.parent.rglob("*"):
        if path.is_file():
            assert code.encode() not in path.read_bytes() and plain not in path.read_bytes()


def test_sending_twice_is_one_handoff_with_one_code(database: str) -> None:
    first = handoffs().send(question())
    assert handoffs().send(question(text="iets anders")) == first
    assert (count(tables.handoffs), count(tables.handoff_messages)) == (1, 1)


def test_sending_at_the_same_time_is_one_handoff_with_one_code(database: str) -> None:
    codes: list[str] = []
    threads = [threading.Thread(target=lambda: codes.append(handoffs().send(question()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(codes) == 8 and len(set(codes)) == 1
    assert (count(tables.handoffs), count(tables.handoff_messages)) == (1, 1)


def test_two_handoffs_never_share_a_code(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlucky(handoff_id: str, attempt: int = 0) -> str:
        return "AAAA-AAAA" if attempt == 0 else return_code(handoff_id, attempt)

    monkeypatch.setattr(store, "return_code", unlucky)
    first, second = handoffs().send(question("a")), handoffs().send(question("b", text="de tweede"))
    assert first != second == handoffs().send(question("b"))
    found = handoffs().by_code(second)
    assert found and found.messages[0].text == "de tweede"
    assert count(tables.handoffs) == 2


def test_text_that_no_database_takes_is_kept_as_far_as_it_can_be(database: str) -> None:
    part = {"title": "a\x00", "text": "\ud800"}
    code = handoffs().send(question(text="a\x00b", first_name="S\x00", attachments=[part]))
    found = handoffs().by_code(code)
    assert found and found.messages[0].text == "a\ufffdb"
    assert found.attachments == [{"title": "a\ufffd", "text": "\ufffd"}]


def test_a_database_that_is_down_costs_no_handoff(sqlite_database: Path) -> None:
    pupil = handoffs()
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        code = pupil.send(question())
        assert pupil.send(question()) == code, "pressed again"
        other.execute("ROLLBACK")
    assert count(tables.handoffs) == 0
    assert pupil.send(question()) == code, "and again, now that the database is back"
    pupil.spool.drain()
    assert (count(tables.handoffs), count(tables.handoff_messages)) == (1, 1)
    found = handoffs().by_code(code)
    assert found and found.status == "nieuw"


def test_what_waits_in_a_spool_survives_the_process(sqlite_database: Path) -> None:
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        dying = handoffs()
        code = dying.send(question(first_name=None))
        other.execute("ROLLBACK")
    dying.spool._seal()  # a process that dies lets go of its file
    assert Spool(settings().spool_dir).drain() == 1
    found = handoffs().by_code(code)
    assert found and found.messages[0].text == question().text and found.attachments == [OUTCOME]


def test_the_answer_is_read_and_answered_back(database: str) -> None:
    code = handoffs().send(question())
    decaan().reply("a", 1, "k", "Ja, tot 1 april.")
    found = handoffs().by_code(code)
    assert found and found.status == "wacht_op_leerling"
    assert [(said.sender, said.author) for said in found.messages] == [("pupil", None), ("decaan", "Mevrouw Jansen")]
    back = handoffs().write_back(code, "k2", "Dank je!")
    assert back and back == handoffs().by_code(code)
    assert (back.status, back.messages[-1].text) == ("bezig", "Dank je!")


def test_an_urgent_message_makes_the_handoff_urgent_and_nothing_makes_it_less(database: str) -> None:
    code = handoffs().send(question())
    handoffs().write_back(code, "k", "Nog iets")
    assert not decaan().get("a").urgent
    handoffs().write_back(code, "k2", "Het gaat niet goed", urgent=True)
    handoffs().write_back(code, "k3", "Bedankt")
    assert decaan().get("a").urgent


def test_writing_back_with_the_same_key_is_one_message(database: str) -> None:
    code = handoffs().send(question())
    for _ in range(2):
        found = handoffs().write_back(code, "k", "Nog iets")
    assert found and [said.text for said in found.messages] == [question().text, "Nog iets"]
    assert decaan().get("a").version == 2


def test_writing_back_opens_what_was_closed(database: str) -> None:
    code = handoffs().send(question())
    decaan().close("a", 1, "geen_reactie")
    found = handoffs().write_back(code, "k", "Ik was ziek")
    assert found and (found.status, found.close_reason) == ("nieuw", None)


def test_the_notes_of_a_decaan_are_never_shown(database: str) -> None:
    code = handoffs().send(question())
    decaan().note("a", "k", "zeldzaamwoord")
    assert "zeldzaamwoord" not in repr(handoffs().by_code(code))
    assert "zeldzaamwoord" not in repr(handoffs().export(code))


def test_a_pupil_can_take_it_back(database: str) -> None:
    code = handoffs().send(question())
    for _ in range(2):
        found = handoffs().withdraw(code)
        assert found and (found.status, found.close_reason) == ("afgerond", "ingetrokken")
    assert decaan().get("a").version == 2


def test_what_a_decaan_closed_cannot_be_taken_back(database: str) -> None:
    code = handoffs().send(question())
    decaan().close("a", 1, "afspraak")
    with pytest.raises(Impossible):
        handoffs().withdraw(code)


def test_the_export_is_json_with_everything_the_pupil_sent_and_got(database: str) -> None:
    code = handoffs().send(question())
    decaan().reply("a", 1, "k", "Ja, tot 1 april.")
    kept = json.loads(json.dumps(handoffs().export(code)))
    assert (kept["school"], kept["leerjaar"], kept["first_name"]) == ("guido", 3, "Sam")
    assert kept["attachments"] == [OUTCOME]
    assert [said["text"] for said in kept["messages"]] == [question().text, "Ja, tot 1 april."]


def test_deleting_leaves_nothing_but_that_it_was_deleted(database: str) -> None:
    code, other = handoffs().send(question()), handoffs().send(question("b"))
    decaan().note("a", "k", "notitie")
    assert handoffs().delete(code) is True
    assert handoffs().by_code(code) is None and handoffs().by_code(other)
    assert handoffs().delete(code) is False
    with transaction() as connection:
        for table in (tables.handoff_messages, tables.handoff_notes):
            assert "a" not in connection.execute(select(table.c.handoff_id)).scalars().all()
        audit = connection.execute(select(tables.audit.c.action).where(tables.audit.c.subject == "a")).scalars().all()
    assert "handoff_deleted" in audit


def test_deleted_text_leaves_the_disk(sqlite_database: Path) -> None:
    code = handoffs().send(question(text="zeldzaamwoord", first_name="zeldzaamwoord"))
    handoffs().delete(code)
    files = [path for path in sqlite_database.parent.rglob("*") if path.is_file()]
    assert not [path.name for path in files if b"zeldzaamwoord" in path.read_bytes()]


def test_nothing_brings_a_deleted_handoff_back(database: str) -> None:
    code = handoffs().send(question())
    handoffs().delete(code)
    late = Spool(settings().spool_dir)
    late.put(store._rows(question(), code, clock.now()))
    late.drain()
    with pytest.raises(Deleted):
        handoffs().send(question())
    assert (count(tables.handoffs), count(tables.handoff_messages)) == (0, 0)


def test_a_forgotten_conversation_leaves_the_handoff_and_not_the_trace_to_it(database: str) -> None:
    talk = Conversations(Spool(settings().spool_dir))
    talk.add("c", [Reply("Hoi")], "hallo")
    code = handoffs().send(question(conversation_id="c"))
    talk.forget("c")
    assert handoffs().by_code(code)
    assert decaan().chat("a") is None


def test_reading_says_so_when_the_database_is_gone(sqlite_database: Path) -> None:
    code = handoffs().send(question())
    sqlite_database.rename(sqlite_database.with_name("away.db"))
    with pytest.raises(DatabaseDown):
        handoffs().by_code(code)
