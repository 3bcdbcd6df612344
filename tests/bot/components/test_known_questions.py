"""A message is compared with the known questions, by meaning and by letters; a new question is known at once."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.components import known_questions
from bot.components.known_questions import Index, KnownQuestions
from bot.components.sentence_vectors import SentenceVectors, encode, sentence_vector
from bot.knowledge.loader import Knowledge, current
from bot.knowledge.models import Onderwerp
from tests.bot.components.conftest import Place

QUESTIONS = {
    "lesgeld": ["hoeveel lesgeld betaal ik", "wat kost het mbo", "is het mbo gratis"],
    "bsa": ["wat is een bindend studieadvies", "kunnen ze me van school sturen"],
    "vog": ["heb ik een verklaring omtrent gedrag nodig", "wat is een vog"],
    "reistijd": ["hoe ver mag de school zijn", "is een uur reizen te lang"],
}


WORDS = "koken bakken zagen lassen knippen verven tekenen bouwen rijden vliegen varen planten".split()  # noqa: SIM905


def topic(id: str, *questions: str) -> Onderwerp:
    return Onderwerp(
        id=id, naam=f"naam {id}", knop=id, antwoord="a", vragen=list(questions), bron="b", betrouwbaarheid="hoog"
    )


def small(**more: list[str]) -> Knowledge:
    entries = [topic(id, *questions) for id, questions in {**QUESTIONS, **more}.items()]
    return Knowledge(entries, current().phrases, current().spelling, current().verkenning, current().gesprekken)


@pytest.fixture
def index(data_dir: Path) -> Index:
    return Index(small())


def best(index: Index, text: str) -> list[str]:
    return [hit.key for hit in index.hits(text, encode([text])[0])]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("is het mbo gratis", "onderwerp:lesgeld"),
        ("moet je geld betalen om te studeren", "onderwerp:lesgeld"),
        ("kan je eraf gestuurd worden", "onderwerp:bsa"),
        ("wat is een bindent studie advies", "onderwerp:bsa"),
        ("verklaaring omtrend gedrag", "onderwerp:vog"),
        ("ik moet heel lang fietsen naar school", "onderwerp:reistijd"),
        ("wat zijn de uitgaven", "onderwerp:lesgeld"),
        ("moet ik bewijzen dat ik geen crimineel ben", "onderwerp:vog"),
    ],
)
def test_the_entry_with_a_question_like_it_goes_first(index: Index, text: str, key: str) -> None:
    assert best(index, text)[0] == key


def test_a_known_question_itself_is_nearly_sure(index: Index) -> None:
    scores = [index.hits(text, encode([text])[0])[0].score for text in QUESTIONS["vog"]]
    assert all(0.5 < score <= 1.05 for score in scores), scores


def test_only_new_questions_are_encoded(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []
    monkeypatch.setattr(known_questions, "encode", lambda texts: encoded.extend(texts) or encode(texts))
    changed = Index(small(stage=["waar vind ik een stage"]), index)
    assert encoded == ["waar vind ik een stage"]
    assert best(changed, "hoe kom ik aan een stageplek")[0] == "onderwerp:stage"


def test_a_next_start_encodes_and_learns_nothing_and_finds_the_same(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "moet ik betalen"
    vector = encode([text])[0]
    before = index.hits(text, vector)
    monkeypatch.setattr(known_questions, "encode", lambda texts: np.zeros((len(texts), 512)) if not texts else 1 / 0)
    monkeypatch.setattr(known_questions, "solve", lambda *matrices, **how: 1 / 0)
    after = Index(small()).hits(text, vector)
    assert [hit.key for hit in after] == [hit.key for hit in before]
    assert [hit.score for hit in after] == pytest.approx([hit.score for hit in before], abs=0.01)


def test_a_question_that_moves_to_another_entry_is_learned_again(index: Index) -> None:
    assert best(index, "wat is een vog")[0] == "onderwerp:vog"
    moved = small(vog=QUESTIONS["vog"][:1], bsa=[*QUESTIONS["bsa"], "wat is een vog"])
    assert best(Index(moved), "wat is een vog")[0] == "onderwerp:bsa"


LARGE = {f"o{n}": [f"{start} {word}" for start in ("wat is", "vertel over", "leg uit")] for n, word in enumerate(WORDS)}


def large(**more: list[str]) -> Knowledge:
    return small(**{**LARGE, **more})


@pytest.fixture
def before(data_dir: Path) -> Index:
    return Index(large())


def exactly(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> Index:
    """The index of this knowledge as if nothing had been learned before."""
    with monkeypatch.context() as patched:
        patched.setattr(known_questions, "_read_learned", lambda vectors: None)
        return Index(knowledge)


def likeness(index: Index, text: str) -> dict[str, float]:
    return {hit.key: hit.score for hit in index.hits(text, encode([text])[0])}


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": ["waar vind ik een stage", "hoe kom ik aan een stageplek"]},
        {"o1": []},
        {"o1": [f"{LARGE['o1'][0]} eigenlijk", *LARGE["o1"][1:]]},
        {"o1": LARGE["o2"], "o2": LARGE["o1"]},
        {"o1": LARGE["o1"][::-1]},
    ],
    ids=["new", "gone", "changed", "swapped", "other order"],
)
def test_after_a_few_changes_a_rough_index_is_nearly_the_exact_one(
    before: Index, monkeypatch: pytest.MonkeyPatch, changes: dict[str, list[str]]
) -> None:
    exact = exactly(large(**changes), monkeypatch)
    monkeypatch.setattr(known_questions, "learn", lambda *a, **k: pytest.fail("all is learned again"))
    rough = Index(large(**changes), before)
    assert rough.is_rough
    texts = ["waar is een stageplek", "vertel eens over koken", "wat is het mbo", *LARGE["o1"], *LARGE["o2"]]
    for text in texts:
        near, right = likeness(rough, text), likeness(exact, text)
        assert next(iter(near)) == next(iter(right)), text
        assert next(iter(near.values())) == pytest.approx(next(iter(right.values())), abs=0.08), text


def test_a_question_that_stands_twice_counts_once(before: Index) -> None:
    assert Index(large(o1=[*LARGE["o1"], LARGE["o1"][0]]), before).learned is before.learned


def test_a_rough_index_becomes_exact(before: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, text = large(stage=["waar vind ik een stage"]), "hoe kom ik aan een stage"
    exact, rough = exactly(changed, monkeypatch), Index(changed, before)
    assert likeness(rough, text) != pytest.approx(likeness(exact, text), abs=0.001)
    rough.refine(lambda: True)
    assert not rough.is_rough
    assert likeness(rough, text) == pytest.approx(likeness(exact, text), abs=0.001)


def test_a_rough_index_that_nobody_wants_any_more_stays_as_it_is(before: Index) -> None:
    rough = Index(large(stage=["waar vind ik een stage"]), before)
    learned = rough.learned
    rough.refine(lambda: False)
    assert rough.learned is learned and rough.is_rough


def test_after_many_changes_all_is_learned_again(before: Index) -> None:
    assert not Index(small(stage=["waar vind ik een stage"]), before).is_rough


def test_a_start_after_a_few_changes_uses_what_was_learned(before: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_questions, "_solve_alone", lambda *matrices: pytest.fail("all is learned again"))
    assert best(Index(large(stage=["waar vind ik een stage"])), "waar vind ik een stage")[0] == "onderwerp:stage"


def test_a_new_name_counts_in_questions_that_were_there(before: Index) -> None:
    named = large()
    named.entries["onderwerp:o1"].namen.append("mbo")
    assert "onderwerp:o1" in Index(named, before)._subjects["onderwerp:lesgeld"]


@pytest.mark.parametrize("file", ["vectors", "weights"])
@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04broken"])
def test_a_broken_file_is_made_again(index: Index, data_dir: Path, file: str, content: bytes) -> None:
    kept = data_dir / "cache" / f"question-{file}.npz"
    before = kept.stat().st_size
    kept.write_bytes(content)
    assert best(Index(small()), "wat is een vog")[0] == "onderwerp:vog"
    assert kept.stat().st_size == pytest.approx(before, rel=0.2)


def understood(text: str, place: Place) -> Message:
    message = Message({"text": text})
    vectors = SentenceVectors("vectors", {**SentenceVectors.get_default_config(), "alias": "vectors", "scale": 4.0})
    vectors.process([message])
    return message


@pytest.fixture
def component(data_dir: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[KnownQuestions]:
    knowledge = small()
    monkeypatch.setattr(known_questions, "current", lambda: knowledge)
    yield KnownQuestions.create({}, *place)
    for thread in threading.enumerate():
        if thread.name == "questions":
            thread.join()  # what it learns it would keep in the data folder of whoever runs the tests


def test_hits_become_entities_best_first(component: KnownQuestions, place: Place) -> None:
    message = understood("wat is een vog", place)
    component.process([message])
    hits = message.get("entities")
    assert hits[0]["entity"] == "hit" and hits[0]["value"] == "onderwerp:vog"
    assert hits == sorted(hits, key=lambda hit: -hit["confidence_entity"])


def test_entities_of_other_components_stay(component: KnownQuestions, place: Place) -> None:
    message = understood("wat is een vog", place)
    message.set("entities", [{"entity": "subject"}])
    component.process([message])
    assert message.get("entities")[0] == {"entity": "subject"}


def test_a_message_without_a_text_has_no_hits(component: KnownQuestions) -> None:
    message = Message({"intent": "kies"})
    component.process([message])
    assert message.get("entities") == []


def test_a_new_question_is_known_without_training(
    component: KnownQuestions, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = small(stage=["waar vind ik een stage"])
    monkeypatch.setattr(known_questions, "current", lambda: changed)
    message = understood("waar vind ik een stage", place)
    component.process([message])
    assert message.get("entities")[0]["value"] == "onderwerp:stage"


def test_the_weight_of_the_features_does_not_change_the_vector(place: Place) -> None:
    vector = sentence_vector(understood("wat is een vog", place))
    assert vector is not None
    assert vector == pytest.approx(encode(["wat is een vog"])[0], abs=1e-4)
