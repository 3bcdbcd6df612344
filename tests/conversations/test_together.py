"""Messages that wait together are read as each alone, and a pressed choice as by the whole pipeline."""

import asyncio
import json
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import CountVectorsFeaturizer
from sklearn.feature_extraction.text import CountVectorizer

from bot.components import speed, together
from tests.conversations.test_compact import processor

__all__ = ["processor"]

BY_RASA = MessageProcessor.parse_message
TEXTS = ["hoe word ik kok", "wat kost het. en hoe lang duurt het", "hoi", "ik wil niet meer leven", "wat is bbl", "ja"]
PRESSED = "/kies" + json.dumps({"keuze": 'duur|beroep:kok "met" {haken}'})


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a message, without its own number; figures as text that small differences do not change."""
    kept = {name: value for name, value in data.items() if name not in {*together.UNREAD, "message_id"}}
    found: dict[str, Any] = json.loads(json.dumps(kept), parse_float=lambda figure: round(float(figure), 3))
    return found


@pytest.fixture
def ask(processor: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Asks all at the same time, by Rasa's own way or by Lobke's; what was found of each, and how often it ran."""
    runs: list[int] = []
    run = processor.graph_runner.run

    def counted(inputs: Any, targets: Any) -> Any:
        messages = inputs["__message__"]
        runs.append(len(messages))
        if len(messages) > 1 and any(message.text == "kapot" for message in messages):
            raise RuntimeError
        return run(inputs=inputs, targets=targets)

    async def all_of(texts: list[str]) -> list[Any]:
        return await asyncio.gather(*(processor.parse_message(UserMessage(text)) for text in texts))

    def asked(texts: list[str], by_rasa: bool = False) -> tuple[list[Any], list[int]]:
        runs.clear()
        monkeypatch.setattr(MessageProcessor, "parse_message", BY_RASA)
        if not by_rasa:
            together.parse_together()
            assert MessageProcessor.parse_message is not BY_RASA
        return [plain(data) for data in asyncio.run(all_of(texts))], list(runs)

    monkeypatch.setattr(processor.graph_runner, "run", counted)
    return asked


def test_many_are_read_in_one_run_and_each_as_alone(ask: Any) -> None:
    alone, runs = ask(TEXTS, by_rasa=True)
    assert runs == [1] * len(TEXTS)
    assert ask(TEXTS) == (alone, [len(TEXTS)])


def test_no_run_is_so_large_that_the_first_waits_for_all(ask: Any) -> None:
    _, runs = ask(["hoi"] * (together.MOST + 3))
    assert runs == [together.MOST, 3]


def test_a_message_that_cannot_be_read_with_others_costs_them_nothing(ask: Any) -> None:
    alone, _ = ask(["hoi", "kapot", "ja"], by_rasa=True)
    assert ask(["hoi", "kapot", "ja"]) == (alone, [3, 1, 1, 1])


def test_counts_of_the_whole_message_are_enough(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CountVectorsFeaturizer, "_create_features", CountVectorsFeaturizer._create_features)
    by_rasa, _ = ask(TEXTS)
    transform = CountVectorizer.transform
    counted: list[int] = []

    def seen(self: Any, texts: list[str], *rest: Any) -> Any:
        counted.append(len(texts))
        return transform(self, texts, *rest)

    monkeypatch.setattr(CountVectorizer, "transform", seen)
    speed.count_sentences_only()
    assert ask(TEXTS)[0] == by_rasa
    assert counted and set(counted) == {1}


def test_a_pressed_choice_needs_no_run(ask: Any) -> None:
    (whole,), _ = ask([PRESSED], by_rasa=True)
    (found,), runs = ask([PRESSED])
    assert runs == []
    assert whole["intent"] == {"name": "kies", "confidence": 1.0} and whole["entities"]
    assert found == {name: whole[name] for name in found}
    assert found.keys() >= {"text", "intent", "entities"}


def test_what_only_looks_like_a_choice_is_read_as_text(ask: Any) -> None:
    alone, _ = ask(["/", "/ hoi"], by_rasa=True)
    assert ask(["/", "/ hoi"])[0] == alone
