"""What Lobke understands stays at least what was agreed: the same figures as `make nlu`, without cross-validation."""

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from bench import nlu
from bot import model
from bot.settings import PROJECT


@pytest.fixture(scope="module")
def lobke() -> Iterator[nlu.Understanding]:
    if not model.is_current():
        model.train(lambda seconds: None)
    with patch.dict(os.environ):
        yield nlu.Understanding(model.model_path(), (PROJECT / "config.yml").read_text(encoding="utf-8"))


def test_messages_of_pupils_are_understood(lobke: nlu.Understanding) -> None:
    accuracy, macro = nlu.held_out(lobke)
    assert accuracy >= nlu.LEAST_ACCURACY
    assert macro >= nlu.LEAST_MACRO_F1


@pytest.mark.parametrize("name", nlu.AGREED)
def test_signs_of_distress_are_noticed_and_lookalikes_raise_no_alarm(lobke: nlu.Understanding, name: str) -> None:
    least_recall, most_false_alarms = nlu.AGREED[name]
    recall, false_alarms = nlu.distress(lobke, name)
    assert recall >= least_recall
    assert false_alarms <= most_false_alarms


def test_no_held_out_message_is_an_example() -> None:
    examples = {text.lower() for text, _ in nlu.training_examples()}
    files = ("held_out.yml", "fresh_signals.yml", "fresh_lookalikes.yml")
    assert [c["text"] for name in files for c in nlu.examples(name) if c["text"].lower() in examples] == []
