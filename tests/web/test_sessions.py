"""POST /api/sessions starts a conversation; the greeting says that this is a computer program."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot import clock
from tests.stack import SCHOOL
from tests.web.conftest import Site, StandIn, Talk, assert_problem
from web.greeting import greeting


def test_it_gives_a_token_and_the_greeting(site: Site) -> None:
    answer = site.http.post("/api/sessions", json={})
    assert answer.status_code == 201
    (message,) = answer.json()["messages"]
    assert message["from"] == "bot"
    assert message["text"] == "Hoi, ik ben een computerprogramma."
    assert [choice["label"] for choice in message["choices"]] == ["Wat is bbl?"]
    assert datetime.fromisoformat(message["at"]).tzinfo
    assert "card" not in message


def test_the_greeting_of_the_knowledge_files_says_that_lobke_is_a_computer_program(data_dir: Path) -> None:
    (reply,) = greeting()
    assert "computerprogramma" in reply.text
    assert reply.choices and all(choice.label and choice.meaning for choice in reply.choices)


def test_the_conversation_ends_after_48_hours(site: Site) -> None:
    expires_at = datetime.fromisoformat(site.http.post("/api/sessions", json={}).json()["expires_at"])
    assert abs(expires_at - clock.now() - timedelta(hours=48)) < timedelta(minutes=1)


def test_tokens_are_long_and_all_different(site: Site) -> None:
    tokens = {site.start().token for _ in range(5)}
    assert len(tokens) == 5
    assert all(len(token) > 60 for token in tokens)


def test_the_client_does_not_see_what_a_choice_means(site: Site) -> None:
    assert "inhoud:bbl" not in site.http.post("/api/sessions", json={}).text


def test_an_empty_body_is_fine(site: Site) -> None:
    assert site.http.post("/api/sessions").status_code == 201


def test_a_body_with_fields_is_refused(site: Site) -> None:
    assert_problem(site.http.post("/api/sessions", json={"name": "x"}), 422)


@pytest.mark.parametrize("body", ["[]", "3", '"x"', "null"])
def test_a_body_that_is_no_object_is_refused(site: Site, body: str) -> None:
    answer = site.http.post("/api/sessions", content=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 422)


def test_a_body_that_is_no_json_is_refused(site: Site) -> None:
    json = {"Content-Type": "application/json"}
    assert_problem(site.http.post("/api/sessions", content="{}", headers={"Content-Type": "text/plain"}), 415)
    assert_problem(site.http.post("/api/sessions", content="{", headers=json), 400)
    assert_problem(site.http.post("/api/sessions", content="[" * 4000, headers=json), 400)


def test_it_works_when_rasa_does_not(site: Site, rasa: StandIn) -> None:
    rasa.status = 500
    assert site.http.post("/api/sessions", json={}).status_code == 201
    assert rasa.received == []


def test_it_works_when_the_database_is_locked(site: Site, sqlite_database: Path, run: Callable[..., Site]) -> None:
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        talk = site.start()
        assert talk.say("hoi").status_code == 200
        assert len(talk.read().json()["messages"]) == 3
        other.execute("ROLLBACK")
    restarted = run()
    assert len(Talk(restarted.http, talk.token, []).read().json()["messages"]) == 3


def at_school(site: Site, school: object) -> Talk:
    answer = site.http.post("/api/sessions", json={"school": school})
    assert answer.status_code == 201
    return Talk(site.http, answer.json()["token"], answer.json()["messages"])


def test_the_school_of_the_page_goes_with_every_message_also_after_a_restart(
    site: Site, rasa: StandIn, run: Callable[..., Site]
) -> None:
    talk = at_school(site, SCHOOL)
    talk.say("hoi")
    talk.choose(talk.messages[0]["choices"][0]["id"])
    restarted = Talk(run().http, talk.token, [])
    restarted.say("hoi")
    assert [message.get("school") for message in rasa.received] == [SCHOOL] * 3


@pytest.mark.parametrize("school", ["", "bestaat-niet", "x" * 3000, "school:guido", "../guido"])
def test_a_school_that_nobody_knows_is_ignored(site: Site, rasa: StandIn, school: str) -> None:
    at_school(site, school).say("hoi")
    assert "school" not in rasa.received[0]


def test_the_school_does_not_come_back_to_the_browser(site: Site) -> None:
    assert SCHOOL not in site.http.post("/api/sessions", json={"school": SCHOOL}).text


@pytest.mark.parametrize("school", [None, 3, ["guido"]])
def test_a_school_that_is_no_text_is_refused(site: Site, school: object) -> None:
    assert_problem(site.http.post("/api/sessions", json={"school": school}), 422)
