"""Names in a message become `subject` entities, and the classifier sees only what kind of name it is."""

from pathlib import Path

import pytest
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.knowledge_lookup import KnowledgeLookup
from bot.knowledge import loader
from bot.knowledge.loader import Knowledge
from bot.knowledge.names import DOUBTFUL, names_of
from tests.bot.components.conftest import Place


def message(text: str) -> Message:
    tokens, start = [], 0
    for word in text.split(" "):
        tokens.append(Token(word, start, lemma=word))
        start += len(word) + 1
    return Message({"text": text, "text_tokens": tokens})


def lemmas(found: Message) -> list[str]:
    return [token.lemma for token in found.get("text_tokens")]


@pytest.fixture
def lookup(place: Place) -> KnowledgeLookup:
    return KnowledgeLookup.create({}, *place)


def test_a_name_becomes_an_entity_with_its_place(lookup: KnowledgeLookup) -> None:
    (found,) = lookup.process([message("hoe lang duurt kapper")])
    assert found.get("entities") == [
        {
            "entity": "subject",
            "value": "beroep:kapper",
            "start": 15,
            "end": 21,
            "confidence_entity": 1.0,
            "extractor": "KnowledgeLookup",
        }
    ]


def test_every_meaning_of_a_name_is_in_the_value(lookup: KnowledgeLookup) -> None:
    (found,) = lookup.process([message("zorg en welzijn")])
    assert found.get("entities")[0]["value"] == "wereld:zorg profiel:zw"


def test_a_typing_error_is_less_certain(lookup: KnowledgeLookup) -> None:
    (found,) = lookup.process([message("verpleegkudige")])
    assert found.get("entities")[0]["confidence_entity"] == 0.8


def test_a_misspelling_as_near_to_two_names_is_in_doubt_and_holds_both(lookup: KnowledgeLookup) -> None:
    (found,) = lookup.process([message("sceepvaart")])
    (entity,) = found.get("entities")
    assert len(entity["value"].split()) == 2
    assert entity["confidence_entity"] == DOUBTFUL < 0.8


def test_entities_of_other_components_stay(lookup: KnowledgeLookup) -> None:
    said = message("kapper")
    said.set("entities", [{"entity": "hit"}])
    lookup.process([said])
    assert [entity["entity"] for entity in said.get("entities")] == ["hit", "subject"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("hoe lang duurt kapper", ["hoe", "lang", "duurt", "eenberoep"]),
        ("iets met zorg en welzijn", ["iets", "met", "eenwereld", "eenwereld", "eenwereld"]),
        ("ik doe kader", ["ik", "doe", "eenleerweg"]),
        ("wat is bol", ["wat", "is", "bol"]),
        ("hoi hoe gaat het", ["hoi", "hoe", "gaat", "het"]),
    ],
)
def test_the_classifier_sees_the_kind_of_name(lookup: KnowledgeLookup, text: str, seen: list[str]) -> None:
    (found,) = lookup.process([message(text)])
    assert lemmas(found) == seen


def test_training_examples_are_seen_in_the_same_way_and_get_no_entities(lookup: KnowledgeLookup) -> None:
    example = message("hoe lang duurt kapper")
    lookup.process_training_data(TrainingData([example]))
    assert lemmas(example)[-1] == "eenberoep"
    assert example.get("entities") is None


def test_a_message_without_text_or_tokens_is_no_failure(lookup: KnowledgeLookup) -> None:
    silent, bare = Message({}), Message({"text": "kapper"})
    lookup.process([silent, bare])
    assert (silent.get("entities"), len(bare.get("entities"))) == ([], 1)


def test_a_new_name_is_found_without_training(lookup: KnowledgeLookup, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lookup.process([message("gaapbegeleider")])[0].get("entities") == []
    knowledge = loader.current()
    kapper = knowledge.entries["opleiding:25641"]
    renamed = kapper.copy(update={"namen": [*kapper.namen, "gaapbegeleider"]})
    changed = Knowledge(
        [*knowledge.entries.values(), renamed],
        knowledge.phrases,
        knowledge.spelling,
        knowledge.verkenning,
        knowledge.gesprekken,
    )
    monkeypatch.setattr("bot.components.knowledge_lookup.current", lambda: changed)
    assert lookup.process([message("gaapbegeleider")])[0].get("entities")[0]["value"] == "opleiding:25641"


def test_it_reads_the_knowledge_of_this_process(lookup: KnowledgeLookup) -> None:
    assert Path(loader.settings().knowledge_dir).is_dir()
    assert names_of(loader.current()) is names_of(loader.current())
