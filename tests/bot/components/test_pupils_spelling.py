"""A message is read as the Dutch that is meant; what was typed, and its language, go with it."""

import pytest
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components import pupils_spelling
from bot.components.pupils_spelling import LANGUAGE, TYPED, PupilsSpelling
from bot.knowledge.loader import Knowledge, current
from bot.knowledge.models import Spelling
from tests.bot.components.conftest import Place


def read(place: Place, text: str) -> Message:
    (found,) = PupilsSpelling.create({}, *place).process([Message({"text": text})])
    return found


def test_the_text_is_what_is_meant_and_what_was_typed_stays(place: Place) -> None:
    found = read(place, "Kheb nt veel geld")
    assert (found.get("text"), found.get(TYPED)) == ("ik heb niet veel geld", "Kheb nt veel geld")


def test_both_are_sent_on(place: Place) -> None:
    sent = read(place, "kheb nt veel geld").as_dict(only_output_properties=True)
    assert (sent["text"], sent["typed"]) == ("ik heb niet veel geld", "kheb nt veel geld")


def test_another_language_is_named_and_not_changed_into_dutch(place: Place) -> None:
    text = "hello i wnt to become a cook, can you hlp me with my school"
    found = read(place, text)
    assert (found.get("text"), found.get(LANGUAGE)) == (text, "engels")
    assert found.as_dict(only_output_properties=True)["taal"] == "engels"


def test_dutch_has_no_language(place: Place) -> None:
    assert read(place, "wat kost dat").get(LANGUAGE) is None


@pytest.mark.parametrize("data", [{}, {"text": ""}, {"intent": "groet"}])
def test_a_message_without_a_text_stays_as_it_is(place: Place, data: dict[str, str]) -> None:
    (found,) = PupilsSpelling.create({}, *place).process([Message(dict(data))])
    assert found.data == data


def test_training_examples_are_read_in_the_same_way(place: Place) -> None:
    data = TrainingData([Message({"text": "wnr is het", "intent": "vraag_wanneer"}), Message({"intent": "groet"})])
    learned = PupilsSpelling.create({}, *place).process_training_data(data)
    assert [example.get("text") for example in learned.training_examples] == ["wanneer is het", None]


def test_a_new_spelling_of_staff_counts_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    component = PupilsSpelling.create({}, *place)
    knowledge = current()
    changed = Knowledge(
        knowledge.entries.values(),
        knowledge.phrases,
        Spelling(woorden={"geld": ["flarp"]}),
        knowledge.verkenning,
        knowledge.gesprekken,
    )
    assert component.process([Message({"text": "heb je flarp"})])[0].get("text") == "heb je flarp"
    monkeypatch.setattr(pupils_spelling, "current", lambda: changed)
    assert component.process([Message({"text": "heb je flarp"})])[0].get("text") == "heb je geld"


def test_what_a_pressed_choice_means_is_not_corrected(place: Place) -> None:
    text = '/kies{"keuze": "overdracht|versturen|ff83b45d|abaad5d6"}'
    assert read(place, text).get("text") == text
