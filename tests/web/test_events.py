"""GET /api/events: a browser hears of new messages as they come, such as a decaan's reply."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.settings import settings
from bot.storage.conversations import Conversations, Reply
from bot.storage.spool import Spool
from tests.web.conftest import Site, Talk, assert_problem
from web import events
from web.tokens import Tokens


class Stream:
    """The events of one connection, read one at a time."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()
        assert next(self._lines) == ": verbonden"

    def next(self) -> dict[str, str]:
        """The next event's fields; comments are left out."""
        found: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line == "" and "data" in found:
                return found
            if name and line:
                found[name] = value
        raise EOFError("the stream ended")

    def message(self) -> dict[str, Any]:
        """The next event, which is a message."""
        event = self.next()
        message: dict[str, Any] = json.loads(event["data"])
        assert (event["event"], event["id"]) == ("message", message["id"])
        return message


@contextmanager
def listen(talk: Talk, **more: Any) -> Iterator[Stream]:
    headers = talk.headers | more.pop("headers", {})
    with talk.http.stream("GET", "/api/events", headers=headers, **more) as response:
        assert response.status_code == 200, response.read()
        yield Stream(response)


def decaan_says(site: Site, talk: Talk, text: str) -> None:
    """As the decaan's page will do it."""
    lobke = site.app.state.services
    conversation_id, _ = lobke.tokens.read(talk.token)
    lobke.conversations.add(conversation_id, [Reply(text)], sender="decaan")
    lobke.hub.notify(conversation_id)


def test_it_is_an_event_stream_that_nothing_keeps(talk: Talk) -> None:
    with listen(talk) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["cache-control"] == "no-store"


def test_the_reply_of_a_decaan_arrives_at_once(site: Site, talk: Talk) -> None:
    with listen(talk) as stream:
        decaan_says(site, talk, "Kom maandag langs.")
        message = stream.message()
    assert (message["from"], message["text"]) == ("decaan", "Kom maandag langs.")
    assert talk.read().json()["messages"][-1] == message


def test_what_the_pupil_says_in_another_tab_arrives_too(talk: Talk) -> None:
    with listen(talk) as stream:
        said = talk.say("hoi").json()["messages"]
        assert [stream.message(), stream.message()] == said


def test_nothing_of_another_conversation_arrives(site: Site, talk: Talk) -> None:
    other = site.start()
    with listen(talk) as stream:
        decaan_says(site, other, "voor de ander")
        decaan_says(site, talk, "voor mij")
        assert stream.message()["text"] == "voor mij"


@pytest.mark.parametrize("way", ["header", "query"])
def test_a_connection_that_broke_goes_on_where_it_was(site: Site, talk: Talk, way: str) -> None:
    seen = talk.say("hoi").json()["messages"][-1]["id"]
    decaan_says(site, talk, "gemist")
    more = {"headers": {"Last-Event-ID": seen}} if way == "header" else {"params": {"after": seen}}
    with listen(talk, **more) as stream:
        assert stream.message()["text"] == "gemist"


def test_a_message_that_another_process_stored_arrives(site: Site, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.2)
    with listen(talk) as stream:
        conversation_id, _ = site.app.state.services.tokens.read(talk.token)
        Conversations(Spool(settings().spool_dir)).add(conversation_id, [Reply("van elders")], sender="decaan")
        assert stream.message()["text"] == "van elders"


def test_a_quiet_line_is_kept_open(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.2)
    with listen(talk) as stream:
        assert ": nog verbonden" in [next(stream._lines) for _ in range(5)]


def test_it_survives_a_database_that_is_gone_for_a_while(
    site: Site, talk: Talk, sqlite_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.2)
    with listen(talk) as stream:
        away = sqlite_database.with_name("away.db")
        sqlite_database.rename(away)
        decaan_says(site, talk, "later")
        time.sleep(0.5)
        away.rename(sqlite_database)
        assert stream.message()["text"] == "later"


def test_a_locked_database_does_not_hold_a_message_up(site: Site, talk: Talk, sqlite_database: Path) -> None:
    with listen(talk) as stream, closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        decaan_says(site, talk, "toch")
        assert stream.message()["text"] == "toch"
        other.execute("ROLLBACK")


def test_deleting_the_conversation_ends_the_stream(talk: Talk) -> None:
    with listen(talk) as stream:
        assert talk.delete().status_code == 204
        assert stream.next()["event"] == "ended"
        with pytest.raises(EOFError):
            stream.next()


def test_the_stream_ends_with_the_conversation(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, set_up: Callable[..., None]
) -> None:
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.2)
    with listen(talk) as stream:
        set_up(now="2100-01-01T12:00")
        assert stream.next()["event"] == "ended"


def test_a_token_has_at_most_3_streams_and_a_closed_one_makes_place(site: Site, talk: Talk) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(listen(talk)) for _ in range(3)]
        assert len(streams) == 3
        refused = talk.http.get("/api/events", headers=talk.headers)
        assert_problem(refused, 429)
        assert int(refused.headers["retry-after"]) > 0
        with listen(site.start()):
            pass
    until = time.monotonic() + 5
    while site.app.state.services.hub._streams:
        assert time.monotonic() < until
        time.sleep(0.02)
    with listen(talk):
        pass


def test_without_a_good_token_there_is_no_stream(site: Site) -> None:
    forged = Tokens("another key").new()[1]
    assert_problem(site.http.get("/api/events"), 401)
    assert_problem(site.http.get("/api/events", headers={"Authorization": f"Bearer {forged}"}), 401)


def test_the_id_to_go_on_from_must_be_one(talk: Talk) -> None:
    assert_problem(talk.http.get("/api/events", params={"after": "x'"}, headers=talk.headers), 422)
