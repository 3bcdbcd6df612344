"""A turn reads the tracker and keeps what matters."""

from pathlib import Path
from typing import Optional

import pytest
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.turn import Turn, sources
from actions.vragen import ActionAnswer
from bot.knowledge import loader
from bot.knowledge.question import LEAST_HIT, SURE_HIT, Answer, Choice
from tests.actions.conftest import Message, Run


def turn(message: Message) -> Turn:
    return Turn(CollectingDispatcher(), message.tracker())


@pytest.mark.parametrize(("intent", "kind"), [("vraag_duur", "duur"), ("groet", None), ("", None)])
def test_the_kind_of_question_is_the_intent(data_dir: Path, intent: str, kind: object) -> None:
    assert turn(Message(intent)).kind == kind


def test_a_message_without_text_intent_or_entities_is_no_failure(data_dir: Path) -> None:
    tracker = Message().tracker()
    tracker.latest_message = {"text": None, "intent": {"name": None, "confidence": None}, "entities": None}
    question = Turn(CollectingDispatcher(), tracker).question(None)
    assert (question.text, question.subjects, question.hits) == ("", (), ())


def test_every_meaning_of_a_name_is_kept(data_dir: Path) -> None:
    question = turn(Message("vraag_inhoud", "wat is zorg en welzijn")).question("inhoud")
    assert question.subjects == (("wereld:zorg", "profiel:zw"),)


@pytest.mark.parametrize(
    ("text", "confidence", "score", "rather"),
    [
        ("hallo", 0.9, SURE_HIT, True),
        ("hallo", 0.9, LEAST_HIT, False),
        ("hallo", 0.2, LEAST_HIT, True),
        ("hallo", 0.2, LEAST_HIT - 0.01, False),
        ("bol", 0.9, LEAST_HIT, True),
    ],
)
def test_a_message_is_rather_a_question_when_the_knowledge_is_surer(
    data_dir: Path, text: str, confidence: float, score: float, rather: bool
) -> None:
    message = Message("bedankt", text, confidence, hits={"onderwerp:bol": score})
    assert turn(message).is_rather_a_question() is rather


def test_a_message_without_hits_is_not_rather_a_question(data_dir: Path) -> None:
    assert not turn(Message("bedankt", "kok", 0.1)).is_rather_a_question()


@pytest.mark.parametrize(
    ("asked", "text", "still"),
    [
        ("nood", "ik weet het niet", True),
        ("nood", "hoe lang duurt de opleiding tot kok", False),
        (None, "ik weet het niet", False),
        ("meer", "ik weet het niet", False),
    ],
)
def test_it_stays_with_distress_until_the_pupil_names_something_else(
    data_dir: Path, asked: Optional[str], text: str, still: bool
) -> None:
    assert turn(Message(text=text, slots={"asked": asked})).is_still_distress() is still


def test_a_choice_is_sent_with_its_meaning_and_a_card_as_json(logging_database: Path) -> None:
    dispatcher = CollectingDispatcher()
    answer = Answer("Hoi", (Choice("Wat is het?", "inhoud|beroep:kok"),), {"title": "Kok"})
    Turn(dispatcher, Message().tracker()).say(answer)
    (said,) = dispatcher.messages
    assert said["buttons"] == [{"title": "Wat is het?", "payload": "inhoud|beroep:kok"}]
    assert said["custom"] == {"card": {"title": "Kok"}}


def test_an_answer_without_a_subject_leaves_what_was_remembered(logging_database: Path) -> None:
    assert turn(Message()).say(Answer("Hoi")) == [SlotSet("asked", None)]


def test_a_change_in_the_knowledge_is_used_at_once(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sources()
    assert sources() is before
    monkeypatch.setattr(loader, "_current", loader._Current())
    assert sources().knowledge is not before.knowledge


def test_the_time_an_answer_took_is_logged(run: Run) -> None:
    assert run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok")).logged.duration_ms >= 0
