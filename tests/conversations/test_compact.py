"""A conversation that was made compact goes on exactly as the whole one: any dialogue, cut anywhere."""

import asyncio
import logging
import os
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.shared.core.events import ActionExecuted, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot import model
from bot.components import speed
from bot.components.trackers import compact
from bot.settings import PROJECT

INTENTS = ("kies", "vraag_duur", "vraag_kosten", "groet", "bevestigen", "ontkennen", "nood_somber", "nlu_fallback")
MOST_EVENTS = 12
"""Of a turn; Rasa too breaks off when actions follow each other without end."""
Turn = tuple[str, list[tuple[str, Any]]]

changes = st.lists(
    st.one_of(
        st.tuples(st.just("asked"), st.sampled_from([None, "nood", "meer"])),
        st.tuples(st.just("leerweg"), st.sampled_from([None, "kb", "gl"])),
        st.tuples(st.just("flow"), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)),
    ),
    max_size=3,
)
dialogues = st.lists(st.tuples(st.sampled_from(INTENTS), changes), min_size=2, max_size=12)


@pytest.fixture(scope="module")
def processor() -> Iterator[Any]:
    """Of the trained model."""
    if not model.is_current():
        model.train(lambda seconds: None)
    with patch.dict(os.environ):
        speed.prepare((PROJECT / "config.yml").read_text(encoding="utf-8"))
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        from rasa.core.agent import load_agent

        yield asyncio.run(load_agent(model_path=str(model.model_path()))).processor


def follow(processor: Any, events: list[Event]) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("a", events, processor.domain.slots)


def next_action(processor: Any, events: list[Event]) -> tuple[str, float]:
    prediction = processor._predict_next_with_tracker(follow(processor, events))
    probabilities = list(prediction.probabilities)
    best = max(probabilities)
    return processor.domain.action_names_or_texts[probabilities.index(best)], best


def said(processor: Any, events: list[Event], turn: Turn) -> list[Event]:
    """A turn as it goes: the message, and what the policies do until they listen again."""
    intent, slots = turn
    made: list[Event] = [UserUttered(intent, {"name": intent, "confidence": 1.0})]
    while True:
        name = next_action(processor, [*events, *made])[0] if len(made) < MOST_EVENTS else "action_listen"
        made.append(ActionExecuted(name))
        if name == "action_listen":
            return made
        made += [SlotSet(slot, value) for slot, value in slots]


@settings(max_examples=20)
@given(dialogue=dialogues, kept=st.integers(1, 4))
def test_it_has_the_same_slots_and_next_prediction(processor: Any, dialogue: list[Turn], kept: int) -> None:
    whole: list[Event] = [ActionExecuted("action_listen")]
    short = list(whole)
    for turn in dialogue:
        made = said(processor, whole, turn)
        for place in range(1, len(made)):
            expected = next_action(processor, [*whole, *made[:place]])
            assert next_action(processor, [*short, *made[:place]]) == expected
        whole += made
        short = compact([*short, *made], processor.domain.slots, kept)
        assert sum(isinstance(event, UserUttered) for event in short) <= kept
        one, other = follow(processor, whole), follow(processor, short)
        assert one.current_slot_values() == other.current_slot_values()
        assert one.latest_action == other.latest_action
        assert one.latest_message == other.latest_message
