"""PostgreSQL goes away in the middle of a talk: pupils go on, and what they said is there once when it is back."""

import json
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import psycopg2
import pytest

from bot.storage.turns import EARLIER
from tests.conversations.test_sending import CODE, before_sending, send
from tests.postgres import Postgres, postgres_server
from tests.stack import EMAIL, PASSWORD, SCHOOL, Conversation, Lobke, running

YES, NO = "✔ Ja, leuk", "✘ Nee"
NONSENSE = "😀😀"
QUESTION = "Mag ik nog van profiel wisselen in de derde?"
WRITTEN_BACK = "Ik heb er nog een vraag bij."
EVERYTHING = ("messages", "choices", "interactions", "tallies", "handoffs", "handoff_messages")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server of its own, since it stops in the middle."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def lobke(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lobke]:
    """Lobke on that server."""
    with running(tmp_path_factory.mktemp("away"), database_url=postgres.url) as stack:
        stack.add_decaan()
        yield stack


def rows(postgres: Postgres, query: str, *values: str) -> list[Any]:
    with closing(psycopg2.connect(postgres.url)) as connection, connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def eventually(found: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not found():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)


def is_empty(lobke: Lobke) -> bool:
    return not any(path.stat().st_size for path in (lobke.data_dir / "spool").glob("*.jsonl"))


def id_of(chat: Conversation) -> str:
    return str(chat.http.headers["Authorization"]).removeprefix("Bearer ").partition(".")[0]


def answer_statements(chat: Conversation, number: int) -> None:
    for place in range(number):
        chat.choose(YES if place % 2 else NO)


def handoff(lobke: Lobke, path: str, body: dict[str, str]) -> httpx.Response:
    headers = {"Idempotency-Key": "once"}
    return httpx.post(f"{lobke.url}/api/handoff{path}", json=body, headers=headers, trust_env=False)


def log_in(lobke: Lobke) -> httpx.Response:
    with httpx.Client(base_url=lobke.url, trust_env=False) as browser:
        found = re.search(r'name="csrf" value="(\w+)"', browser.get("/portal/inloggen").text)
        assert found
        form = {"email": EMAIL, "password": PASSWORD, "csrf": found[1]}
        return browser.post("/portal/inloggen", data=form)


def test_pupils_go_on_and_everything_is_there_once_afterwards(lobke: Lobke, postgres: Postgres) -> None:
    chat, asker, deleted = lobke.conversation(), lobke.conversation(), lobke.conversation()
    chat.choose("Ik weet nog niet wat ik wil")
    chat.choose("Korte verkenning (18 zinnen)")
    answer_statements(chat, 9)
    asker.say("hoe word ik kok")
    deleted.say("hoe word ik kapper")
    earlier = send(before_sending(lobke, "Wie is mijn decaan?"), "before")
    eventually(lambda: is_empty(lobke))

    postgres.stop()
    answer_statements(chat, 9)
    finished = chat.choose("Ik doe kb")
    assert any(message.get("card", {}).get("links") for message in finished), finished
    assert "kok" in asker.say("en hoe lang duurt dat")[-1]["text"].lower()
    asker.say(NONSENSE)
    new = lobke.conversation()
    assert new.say("wat is bbl")
    code = send(before_sending(lobke, QUESTION), "away")
    assert CODE.fullmatch(code)

    refused = [
        deleted.http.delete("/api/session"),
        handoff(lobke, "", {"code": code}),
        handoff(lobke, "/messages", {"code": earlier, "text": WRITTEN_BACK}),
        handoff(lobke, "/withdraw", {"code": earlier}),
        handoff(lobke, "/delete", {"code": earlier}),
        log_in(lobke),
    ]
    assert [(answer.status_code, "retry-after" in answer.headers) for answer in refused] == [(503, True)] * 6

    postgres.start()
    eventually(lambda: lobke.stack.health()[0] and is_empty(lobke))
    assert "kok" in asker.say("en waar kan dat")[-1]["text"].lower()
    eventually(lambda: is_empty(lobke) and chat.http.get("/api/messages").status_code == 200)
    for talk in (chat, asker, new):
        shown = talk.http.get("/api/messages").json()["messages"]
        stored = rows(postgres, "SELECT id FROM messages WHERE conversation_id = %s ORDER BY id", id_of(talk))
        assert [id for (id,) in stored] == [message["id"] for message in shown]
        said = [message["text"] for message in shown if message["from"] == "pupil"]
        query = "SELECT events FROM turns WHERE conversation_id = %s ORDER BY number"
        found = [event for (data,) in rows(postgres, query, id_of(talk)) for event in json.loads(zlib.decompress(data))]
        events = [event for event in found if event["event"] in ("user", "session_started")]
        before_those = sum((event.get("metadata") or {}).get(EARLIER, 0) for event in events)
        typed = Counter(event["text"] for event in events if event["event"] == "user")
        assert before_those + sum(typed.values()) == len(said)
        assert all(typed[text] == 1 for text in said if text in (NONSENSE, "wat is bbl", "en waar kan dat"))
    logged = Counter(outcome for (outcome,) in rows(postgres, "SELECT outcome FROM interactions"))
    assert (logged["verkenning_finished"], logged["not_understood"], logged["handoff_sent"]) == (1, 1, 2), logged
    assert len(rows(postgres, "SELECT id FROM tallies")) >= 1
    assert rows(postgres, "SELECT school FROM handoffs WHERE conversation_id IS NOT NULL") == [(SCHOOL,)] * 2
    assert rows(postgres, "SELECT count(*) FROM handoff_messages WHERE text = %s", QUESTION) == [(1,)]
    assert handoff(lobke, "", {"code": code}).json()["handoff"]["messages"][0]["text"] == QUESTION

    for _ in range(2):
        assert handoff(lobke, "/messages", {"code": earlier, "text": WRITTEN_BACK}).status_code == 200
    assert rows(postgres, "SELECT count(*) FROM handoff_messages WHERE text = %s", WRITTEN_BACK) == [(1,)]
    assert deleted.http.delete("/api/session").status_code == 204
    assert rows(postgres, "SELECT count(*) FROM messages WHERE conversation_id = %s", id_of(deleted)) == [(0,)]
    assert log_in(lobke).status_code == 303

    before = {table: rows(postgres, f"SELECT count(*) FROM {table}") for table in EVERYTHING}
    lobke.stop("web", "actions")  # what still waited would be written now
    lobke.start("web", "actions")
    assert before == {table: rows(postgres, f"SELECT count(*) FROM {table}") for table in EVERYTHING}
