"""DELETE /api/session: the conversation is gone everywhere."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bot.monitoring.log import NOT_UNDERSTOOD, Interaction, record
from bot.settings import settings
from bot.storage import turns
from bot.storage.turns import Turn
from tests.web.conftest import Site, Talk, assert_problem


def rows(file: Path, table: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_nothing_is_left_and_the_token_opens_nothing(talk: Talk, sqlite_database: Path) -> None:
    conversation_id = talk.token.split(".")[0]
    turns.write(conversation_id, Turn(1, b"hoe word ik kok"), is_all=False)
    talk.say("hoe word ik kok")
    answer = talk.delete()
    assert (answer.status_code, answer.content) == (204, b"")
    assert {name: rows(sqlite_database, name) for name in ("conversations", "messages", "choices", "turns")} == {
        "conversations": 0,
        "messages": 0,
        "choices": 0,
        "turns": 0,
    }
    for refused in (talk.read(), talk.say("hoi"), talk.delete(), talk.choose(talk.messages[0]["choices"][0]["id"])):
        assert_problem(refused, 401)


def test_no_file_holds_what_was_typed_or_who_it_was(site: Site, talk: Talk) -> None:
    """Not even the log, and not when its row comes late."""
    conversation_id = talk.token.split(".")[0]
    talk.say("zeldzaamwoord")
    record(Interaction(conversation_id, outcome=NOT_UNDERSTOOD, text="zeldzaamwoord"))
    talk.delete()
    record(Interaction(conversation_id, outcome=NOT_UNDERSTOOD, text="zeldzaamwoord"))
    traces = (b"zeldzaamwoord", conversation_id.encode())
    until = time.monotonic() + 5
    while True:
        files = {path: path.read_bytes() for path in settings().data_dir.rglob("*") if path.is_file()}
        found = [path.name for path, content in files.items() if any(trace in content for trace in traces)]
        if not found:
            break
        assert time.monotonic() < until, found
        time.sleep(0.2)


def test_other_conversations_stay(site: Site, talk: Talk) -> None:
    other = site.start()
    talk.delete()
    assert other.read().json()["messages"] == other.messages


def test_it_does_not_claim_to_have_deleted_what_it_could_not(talk: Talk, sqlite_database: Path) -> None:
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "is er nog" in assert_problem(talk.delete(), 503)
        other.execute("ROLLBACK")
    assert talk.read().status_code == 200
    assert talk.delete().status_code == 204


def test_without_a_good_token_nothing_is_deleted(site: Site, talk: Talk) -> None:
    assert_problem(site.http.delete("/api/session"), 401)
    assert_problem(site.http.delete("/api/session", headers={"Authorization": "Bearer x"}), 401)
    assert talk.read().status_code == 200
