"""The distress classifier says how much a message looks like a sign of distress, and keeps working with any message."""

import math
from typing import Optional

import pytest
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.distress_classifier import SCORE, DistressClassifier
from bot.components.sentence_vectors import SentenceVectors
from tests.bot.components.conftest import Place

DISTRESS = {
    "nood_pesten": ["ik word elke dag gepest", "ze pesten me in de klas", "iedereen lacht me uit op school"],
    "nood_somber": ["ik voel me heel rot", "ik huil elke avond", "alles is zwart en leeg"],
    "nood_geweld_thuis": ["mijn vader slaat me", "sinds ik klein ben slaat hij me", "thuis is het niet veilig"],
}
CALM = {
    "vraag_duur": ["hoe lang duurt kok", "hoeveel jaar is kapper", "hoe lang zit je op school"],
    "vraag_kosten": ["wat kost het mbo", "moet ik boeken betalen", "is school gratis"],
    "vraag_worden": ["hoe word ik kapper", "ik wil kok worden, al sinds ik klein ben", "ik wil later dokter worden"],
    "groet": ["hoi", "hallo lobke", "goedemorgen"],
}


def with_vectors(place: Place, *messages: Message) -> list[Message]:
    return SentenceVectors.create(SentenceVectors.get_default_config(), *place).process(list(messages))


def train(place: Place) -> DistressClassifier:
    examples = [Message({"text": text, "intent": name}) for name, each in {**DISTRESS, **CALM}.items() for text in each]
    component = DistressClassifier.create({}, *place)
    component.train(TrainingData([*with_vectors(place, *examples), Message({"intent": "groet"})]))
    return component


@pytest.fixture
def classifier(place: Place) -> DistressClassifier:
    return train(place)


def score(classifier: DistressClassifier, place: Place, text: str, vector: bool = True) -> Optional[float]:
    said = [Message({"text": text})]
    (found,) = classifier.process(with_vectors(place, *said) if vector else said)
    return found.get(SCORE)


NEW_DISTRESS = ["ik word gepest op school", "mijn moeder slaat me", "ik voel me zo rot"]
NEW_CALM = ["hoe lang duurt bakker", "wat kost kapper", "ik wil bakker worden", "hallo"]


@pytest.mark.parametrize("text", NEW_DISTRESS)
def test_a_new_sign_of_distress_scores_above_zero(classifier: DistressClassifier, place: Place, text: str) -> None:
    assert score(classifier, place, text) > 0


@pytest.mark.parametrize("text", NEW_CALM)
def test_a_calm_message_scores_below_zero(classifier: DistressClassifier, place: Place, text: str) -> None:
    assert score(classifier, place, text) < 0


def test_without_its_vector_a_sign_of_distress_still_scores_higher(
    classifier: DistressClassifier, place: Place
) -> None:
    distress = [score(classifier, place, text, vector=False) for text in NEW_DISTRESS]
    assert min(distress) > max(score(classifier, place, text, vector=False) for text in NEW_CALM)


@pytest.mark.parametrize("text", [*NEW_DISTRESS, *NEW_CALM, "???", "kok kok kok"])
def test_its_shorter_way_gives_the_same_score(classifier: DistressClassifier, place: Place, text: str) -> None:
    (message,) = with_vectors(place, Message({"text": text}))
    (whole,) = classifier._features([message]) @ classifier._weights["coef"] + classifier._weights["intercept"]
    assert classifier._score(message) == pytest.approx(float(whole), abs=1e-4)


def test_a_clause_of_a_calm_message_is_calm_by_itself(classifier: DistressClassifier, place: Place) -> None:
    assert (
        score(classifier, place, "al sinds ik klein ben")
        < 0
        < score(classifier, place, "sinds ik klein ben slaat hij me")
    )


@pytest.mark.parametrize("text", ["IK WORD GEPEST", "ík wórd gepést"])
def test_capitals_and_accents_do_not_matter_to_the_words(
    classifier: DistressClassifier, place: Place, text: str
) -> None:
    assert score(classifier, place, text, vector=False) == score(classifier, place, "ik word gepest", vector=False)


@pytest.mark.parametrize(
    "text", ["xqzt", "flarp blubber zmorf", "👍", "?", "1 2 3", "jee" * 500], ids=lambda text: text[:9]
)
@pytest.mark.parametrize("vector", [True, False])
def test_words_it_never_saw_are_no_failure(
    classifier: DistressClassifier, place: Place, text: str, vector: bool
) -> None:
    found = score(classifier, place, text, vector)
    assert found is not None and math.isfinite(found)


def test_a_message_without_a_text_gets_no_score(classifier: DistressClassifier) -> None:
    silent, spoken = classifier.process([Message({}), Message({"text": "hoi"})])
    assert silent.get(SCORE) is None
    assert spoken.get(SCORE) is not None


def test_every_message_gets_its_own_score(classifier: DistressClassifier, place: Place) -> None:
    texts = ["mijn vader slaat me", "hoe lang duurt kok", "ik huil elke avond"]
    together = classifier.process(with_vectors(place, *(Message({"text": text}) for text in texts)))
    assert [each.get(SCORE) for each in together] == [
        pytest.approx(score(classifier, place, text), abs=0.002) for text in texts
    ]


def test_the_score_is_sent_on(classifier: DistressClassifier) -> None:
    (found,) = classifier.process([Message({"text": "hoi"})])
    assert SCORE in found.as_dict(only_output_properties=True)


def test_it_scores_the_same_when_it_is_loaded_again(classifier: DistressClassifier, place: Place) -> None:
    loaded = DistressClassifier.load({}, *place)
    for text in ("ik word gepest op school", "hoe lang duurt bakker", "xqzt"):
        assert score(loaded, place, text) == score(classifier, place, text)


def test_untrained_it_leaves_a_message_as_it_is(place: Place) -> None:
    assert score(DistressClassifier.create({}, *place), place, "ik word gepest", vector=False) is None


def test_the_same_examples_teach_the_same(classifier: DistressClassifier, place: Place) -> None:
    before = score(classifier, place, "ik word gepest op school")
    assert score(train(place), place, "ik word gepest op school") == before
