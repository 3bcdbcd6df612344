"""The pipeline sees the parts of a message beside the whole, and Rasa still answers the whole."""

from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.message_parts import PARTS, MessageParts
from tests.bot.components.conftest import Place

TWO = "wat kost kok en hoe lang duurt het"


def texts(messages: list[Message]) -> list[str]:
    return [message.get("text") for message in messages]


def test_the_parts_come_after_the_whole_messages(place: Place) -> None:
    found = MessageParts.create({}, *place).process([Message({"text": TWO}), Message({"text": "hoi"})])
    assert texts(found) == [TWO, "hoi", "wat kost kok", "en hoe lang duurt het"]


def test_a_message_knows_its_own_parts(place: Place) -> None:
    whole, single, *parts = MessageParts.create({}, *place).process([Message({"text": TWO}), Message({"text": "hoi"})])
    assert whole.get(PARTS) == parts
    assert single.get(PARTS) == []


def test_the_parts_are_not_sent_on(place: Place) -> None:
    (whole, *_) = MessageParts.create({}, *place).process([Message({"text": TWO})])
    assert PARTS not in whole.as_dict(only_output_properties=True)


def test_a_message_without_a_text_is_no_failure(place: Place) -> None:
    assert len(MessageParts.create({}, *place).process([Message({})])) == 1


def test_examples_are_learned_whole(place: Place) -> None:
    data = TrainingData([Message({"text": TWO, "intent": "vraag_kosten"})])
    learned = MessageParts.create({}, *place).process_training_data(data)
    assert texts(learned.training_examples) == [TWO]
