"""The Dutch pipeline is the one the model was trained with, or the load is refused in one clear sentence."""

import pytest
import spacy
from rasa.nlu.model import InvalidModelError
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from spacy.language import Language

from bot.components import spacy_loader
from bot.components.spacy_loader import LOOKUPS, STATISTICAL, SpacyNLP, available_model, load_language
from tests.bot.components.conftest import Place


@pytest.fixture(scope="module")
def lemma_tables() -> Language:
    return load_language(LOOKUPS)


@pytest.fixture
def without_the_model(monkeypatch: pytest.MonkeyPatch, lemma_tables: Language) -> None:
    """As on a machine where nl_core_news_sm could not be fetched."""
    monkeypatch.setattr(spacy.util, "is_package", lambda name: False)
    monkeypatch.setattr(spacy_loader, "load_language", lambda name: lemma_tables)


@pytest.mark.parametrize(("installed", "name"), [(True, STATISTICAL), (False, LOOKUPS)])
def test_the_statistical_model_is_used_when_it_is_there(
    monkeypatch: pytest.MonkeyPatch, installed: bool, name: str
) -> None:
    monkeypatch.setattr(spacy.util, "is_package", lambda name: installed)
    assert available_model() == name


@pytest.mark.parametrize(("word", "lemma"), [("opleidingen", "opleiding"), ("kapsters", "kapster"), ("xyz", "xyz")])
def test_the_lemma_tables_alone_give_lemmas(lemma_tables: Language, word: str, lemma: str) -> None:
    assert lemma_tables(word)[0].lemma_ == lemma


def test_its_name_is_that_of_rasas_own_loader() -> None:
    """SpacyTokenizer looks for a component called SpacyNLP."""
    assert SpacyNLP.__name__ == "SpacyNLP"


def test_a_model_is_loaded_with_the_pipeline_it_was_trained_with(place: Place, without_the_model: None) -> None:
    SpacyNLP.create({}, *place)
    assert SpacyNLP.load({}, *place).provide().model_name == LOOKUPS


def test_a_model_trained_with_another_pipeline_is_refused_in_one_dutch_sentence(
    place: Place, without_the_model: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    SpacyNLP.create({}, *place)
    monkeypatch.setattr(spacy_loader, "available_model", lambda: STATISTICAL)
    with pytest.raises(InvalidModelError) as refused:
        SpacyNLP.load({}, *place)
    assert str(refused.value) == (
        "Dit model is getraind met 'nl_lookups', maar hier staat 'nl_core_news_sm'. Train opnieuw: 'lobke train'."
    )


def test_a_model_that_does_not_say_its_pipeline_is_loaded(place: Place, without_the_model: None) -> None:
    assert SpacyNLP.load({}, *place).provide().model_name == LOOKUPS


def test_every_message_with_a_text_gets_a_document(place: Place, without_the_model: None) -> None:
    component = SpacyNLP.create({}, *place)
    spoken, silent = Message({"text": "Hoe word ik KOK?"}), Message({"intent": "groet"})
    component.process([spoken, silent], component.provide())
    assert [token.text for token in spoken.get("text_spacy_doc")] == ["hoe", "word", "ik", "kok", "?"]
    assert silent.get("text_spacy_doc") is None


def test_training_examples_get_one_too(place: Place, without_the_model: None) -> None:
    component = SpacyNLP.create({}, *place)
    example = Message({"text": "kok", "intent": "vraag_inhoud"})
    component.process_training_data(TrainingData([example]), component.provide())
    assert example.get("text_spacy_doc")[0].text == "kok"
