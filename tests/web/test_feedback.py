"""POST /api/feedback: a pupil says whether an answer helped, or takes that back; no vote leads to her."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Optional

import httpx
import pytest
from sqlalchemy import select

from bot.storage import tables
from bot.storage.database import transaction
from tests.stack import SCHOOL
from tests.web.conftest import ANSWER, Site, StandIn, Talk, assert_problem
from web.limits import RULES, Limit, Limits
from web.rasa import replies

ABOUT = {"intent": "vraag_niveau", "kind": "niveau", "subject": "beroep:kok"}
RATED = [*ANSWER, {"custom": {"about": ABOUT}}]


def rate(talk: Talk, message: str, helpful: Optional[bool]) -> httpx.Response:
    body = {"message": message, "helpful": helpful}
    return talk.http.post("/api/feedback", json=body, headers=talk.headers)


@pytest.fixture
def answer(talk: Talk, rasa: StandIn) -> str:
    """The id of an answer that can be rated."""
    rasa.answer = RATED
    return str(talk.say("welk niveau is kok").json()["messages"][1]["id"])


def votes() -> list[Any]:
    with transaction() as connection:
        return list(connection.execute(select(tables.feedback)).all())


def shown(talk: Talk, message: str) -> dict[str, Any]:
    """The message as it is after a reload."""
    return next(each for each in talk.read().json()["messages"] if each["id"] == message)


@pytest.mark.parametrize("helpful", [True, False])
def test_what_a_pupil_says_of_an_answer_is_kept_and_comes_back_after_a_reload(
    talk: Talk, answer: str, helpful: bool
) -> None:
    assert rate(talk, answer, helpful).status_code == 204
    (vote,) = votes()
    assert (vote.intent, vote.kind, vote.subject, vote.helpful) == (*ABOUT.values(), helpful)
    assert shown(talk, answer)["helpful"] is helpful


def test_she_may_change_her_mind_say_it_twice_and_take_it_back(talk: Talk, answer: str) -> None:
    for helpful in (True, False, False):
        assert rate(talk, answer, helpful).status_code == 204
    assert [vote.helpful for vote in votes()] == [False]
    for _ in range(2):
        assert rate(talk, answer, None).status_code == 204
        assert votes() == [] and "helpful" not in shown(talk, answer)


def test_the_browser_hears_only_that_a_message_can_be_rated(talk: Talk, answer: str) -> None:
    said = shown(talk, answer)
    assert said["rate"] is True and "helpful" not in said and "about" not in said
    assert "beroep:kok" not in talk.read().text


def test_the_vote_leads_to_nobody(talk: Talk, answer: str) -> None:
    rate(talk, answer, True)
    row = str(votes())
    assert answer not in row and talk.token.partition(".")[0] not in row and "welk niveau" not in row
    assert len(votes()[0].id) == 32


def test_it_stays_when_the_conversation_is_deleted(talk: Talk, answer: str) -> None:
    rate(talk, answer, False)
    assert talk.delete().status_code == 204
    assert [vote.helpful for vote in votes()] == [False]
    assert_problem(rate(talk, answer, True), 401)


def test_only_an_answer_on_content_of_the_own_conversation_can_be_rated(
    site: Site, talk: Talk, rasa: StandIn, answer: str
) -> None:
    rasa.answer = ANSWER
    pupil, plain = talk.say("hoi").json()["messages"]
    for talker, message in (
        (talk, talk.messages[0]["id"]),
        (talk, pupil["id"]),
        (talk, plain["id"]),
        (talk, "0" * 19),
        (site.start(), answer),
    ):
        assert "antwoord" in assert_problem(rate(talker, message, True), 404)
    assert "rate" not in plain and votes() == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"message": "a1"},
        {"helpful": True},
        {"message": "a1", "helpful": 1},
        {"message": "a1", "helpful": "ja"},
        {"message": 1, "helpful": True},
        {"message": "", "helpful": True},
        {"message": "geen id", "helpful": True},
        {"message": "a1", "helpful": True, "text": "x"},
    ],
)
def test_a_body_of_another_shape_is_refused(talk: Talk, body: Any) -> None:
    assert_problem(talk.http.post("/api/feedback", json=body, headers=talk.headers), 422)


def test_without_a_token_nothing_is_kept(talk: Talk, answer: str) -> None:
    assert_problem(talk.http.post("/api/feedback", json={"message": answer, "helpful": True}), 401)
    assert votes() == []


def test_there_are_limits(run: Callable[..., Site], rasa: StandIn) -> None:
    rasa.answer = RATED
    talk = run(lambda: Limits({**RULES, "votes of a token": (Limit(2, 60),)})).start()
    answer = talk.say("welk niveau is kok").json()["messages"][1]["id"]
    assert [rate(talk, answer, True).status_code for _ in range(3)] == [204, 204, 429]
    assert talk.say("hoi").status_code == 200


def test_while_the_database_is_locked_she_is_told_and_can_try_again(
    talk: Talk, answer: str, sqlite_database: Path
) -> None:
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = rate(talk, answer, True)
        other.execute("ROLLBACK")
    assert "niets bewaard" in assert_problem(refused, 503) and refused.headers["retry-after"]
    assert votes() == []
    assert rate(talk, answer, True).status_code == 204
    assert len(votes()) == 1


def test_what_can_be_rated_joins_the_message_before_it_and_odd_shapes_are_left_out() -> None:
    first, second = replies([{"text": "Een"}, {"custom": {"about": {**ABOUT, "x": "y", "kind": 3}}}, {"text": "Twee"}])
    assert (first.about, second.about) == ({"intent": "vraag_niveau", "subject": "beroep:kok"}, None)
    assert [reply.about for reply in replies([{"text": "Een", "custom": {"about": "kok"}}])] == [None]


def test_the_vote_is_counted_for_the_school_of_the_page(site: Site, rasa: StandIn) -> None:
    rasa.answer = RATED
    answer = site.http.post("/api/sessions", json={"school": SCHOOL})
    talk = Talk(site.http, answer.json()["token"], [])
    rate(talk, str(talk.say("welk niveau is kok").json()["messages"][1]["id"]), True)
    assert [vote.school for vote in votes()] == [SCHOOL]
