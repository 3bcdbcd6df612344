"""A return code that is typed into the chat stays out of it."""

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.storage import tables
from bot.storage.database import transaction
from tests.web.conftest import StandIn, Talk

CODE = "K7QF-3MZP"


@pytest.mark.parametrize("typed", [CODE, "k7qf3mzp", "k7qf 3mzp", f"mijn code is {CODE}!"])
def test_it_reaches_neither_rasa_nor_the_log_nor_the_database(talk: Talk, rasa: StandIn, typed: str) -> None:
    with capture_logs() as logs:
        said, reply = talk.say(typed).json()["messages"]
    assert rasa.received == [] and said["text"] == "(code)"
    assert reply["card"]["links"][0]["url"] == "/antwoord" and len(reply["choices"]) == 2
    with transaction() as connection:
        stored = str(connection.execute(select(tables.messages)).all())
    for secret in ("k7qf", "3mzp"):
        assert secret not in (stored + str(logs) + talk.read().text).lower()


def test_sending_it_again_gives_the_same_answer(talk: Talk) -> None:
    assert talk.say(CODE, key="k").json() == talk.say(CODE, key="k").json()


def test_a_question_with_a_code_in_it_is_a_question(talk: Talk, rasa: StandIn) -> None:
    talk.say("wat is bol of bbl")
    assert rasa.texts == ["wat is bol of bbl"]
