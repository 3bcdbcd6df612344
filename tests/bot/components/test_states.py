"""What Rasa works out once for a message is what it would work out each time; another Rasa is left as it is."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    BotUttered,
    DefinePrevUserUtteredFeaturization,
    EntitiesAdded,
    Event,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.components import speed, states

DOMAIN = Domain.from_dict(
    {
        "intents": ["groet", "kies"],
        "entities": ["keuze"],
        "actions": ["action_a", "action_b"],
        "forms": {"form_a": {"required_slots": ["naam"]}},
        "slots": {
            "naam": {"type": "text", "mappings": [{"type": "custom"}]},
            "leerweg": {"type": "categorical", "values": ["kb", "gl"], "mappings": [{"type": "custom"}]},
            "stil": {"type": "any", "influence_conversation": False, "mappings": [{"type": "custom"}]},
        },
    }
)
PATCHED = [
    (Domain, "states_for_tracker_history"),
    (Domain, "get_active_state"),
    (DialogueStateTracker, "copy"),
    (DialogueStateTracker, "applied_events"),
    (RulePolicy, "_get_possible_keys"),
]
BY_RASA = {(owner, name): getattr(owner, name) for owner, name in PATCHED}
SLOT_COPY = Slot.__dict__.get("__copy__")

actions = st.sampled_from(["action_listen", "action_a", "action_b", "form_a"])
entities = st.lists(st.just({"entity": "keuze", "value": "x", "start": 0, "end": 1}), max_size=1)
ordinary: st.SearchStrategy[Callable[[], Event]] = st.one_of(
    st.builds(
        lambda text, intent, found: lambda: UserUttered(text, {"name": intent}, found),
        st.sampled_from(["hoi", "kok"]),
        st.sampled_from(["groet", "kies"]),
        entities,
    ),
    st.builds(lambda name, hidden: lambda: ActionExecuted(name, hide_rule_turn=hidden), actions, st.booleans()),
    st.builds(lambda value: lambda: SlotSet("leerweg", value), st.sampled_from([None, "kb", "gl"])),
    st.builds(lambda value: lambda: SlotSet("naam", value), st.sampled_from([None, "Sam"])),
    st.just(lambda: SlotSet("stil", {"a": 1})),
    st.just(lambda: BotUttered("hallo")),
    st.builds(lambda text: lambda: DefinePrevUserUtteredFeaturization(text), st.booleans()),
    st.builds(lambda found: lambda: EntitiesAdded(found), entities),
)
rare: st.SearchStrategy[Callable[[], Event]] = st.sampled_from(
    [
        Restarted,
        SessionStarted,
        ActionReverted,
        UserUtteranceReverted,
        lambda: ActiveLoop("form_a"),
        lambda: ActiveLoop(None),
        lambda: LoopInterrupted(True),
        lambda: ActionExecutionRejected("form_a"),
        lambda: FollowupAction("action_b"),
    ]
)
dialogues = st.lists(st.one_of(ordinary, ordinary, ordinary, rare), max_size=25)


class Ways:
    """Rasa's own way, and Lobke's."""

    def __init__(self) -> None:
        self.with_memory = {}
        with ExitStack() as undone:
            for (owner, name), value in BY_RASA.items():
                undone.enter_context(patch.object(owner, name, value))
            states.remember()
            self.with_memory = {(owner, name): getattr(owner, name) for owner, name in PATCHED}

    def rasa(self) -> ExitStack:
        return self._set(BY_RASA)

    def lobke(self) -> ExitStack:
        return self._set(self.with_memory)

    def _set(self, ways: dict[Any, Any]) -> ExitStack:
        stack = ExitStack()
        for (owner, name), value in ways.items():
            stack.enter_context(patch.object(owner, name, value))
        return stack


@pytest.fixture(scope="module")
def ways() -> Iterator[Ways]:
    yield Ways()
    if SLOT_COPY is None and "__copy__" in Slot.__dict__:
        del Slot.__copy__


def tracker_of(events: list[Event]) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("a", events, DOMAIN.slots)


def past_states(tracker: DialogueStateTracker) -> list[Any]:
    hidden = {"rule_only_slots": ["naam"], "rule_only_loops": ["form_a"]}
    return [
        tracker.past_states(DOMAIN),
        tracker.past_states(DOMAIN, ignore_rule_only_turns=True, rule_only_data=hidden),
        tracker.past_states(DOMAIN, omit_unset_slots=True),
        tracker.applied_events(),
    ]


def everything(tracker: DialogueStateTracker) -> dict[str, Any]:
    named = ("followup_action", "latest_action", "_paused", "model_id", "assistant_id", "sender_source", "active_loop")
    values = {name: getattr(tracker, name) for name in named}
    slots = {name: (slot.value, slot.has_been_set) for name, slot in tracker.slots.items()}
    said = id(tracker.latest_message) if tracker.latest_message and tracker.latest_message.text else None
    return {**values, "slots": slots, "events": [id(event) for event in tracker.events], "said": said}


def odd() -> list[Callable[[], Event]]:
    """Of one message it is said that it is read by its intent, and that it is read as text."""

    def read(as_text: bool) -> Callable[[], Event]:
        return lambda: DefinePrevUserUtteredFeaturization(as_text)

    def listen() -> Event:
        return ActionExecuted("action_listen")

    return [lambda: UserUttered("hoi", {"name": "groet"}), listen, read(False), listen, read(True), listen, listen]


@settings(max_examples=150)
@given(dialogue=dialogues)
@example(dialogue=odd())
def test_past_states_are_the_same_after_each_event(ways: Ways, dialogue: list[Callable[[], Event]]) -> None:
    tracker, events = tracker_of([]), []
    for make in dialogue:
        events.append(make())
        with ways.lobke():
            tracker.update(events[-1])
            found = past_states(tracker)
            for state in found[0]:
                state.clear()  # who asks may do with it what she wants
            found = past_states(tracker)
        with ways.rasa():
            assert found == past_states(tracker_of(events))


@settings(max_examples=150)
@given(dialogue=dialogues, due=st.booleans())
def test_a_copy_is_the_same_and_a_tracker_of_its_own(
    ways: Ways, dialogue: list[Callable[[], Event]], due: bool
) -> None:
    with ways.rasa():
        tracker = tracker_of([make() for make in dialogue])
        if not due:
            tracker.clear_followup_action()
        tracker.model_id = "model"
        expected, before = everything(tracker.copy()), everything(tracker)
    with ways.lobke():
        copied = tracker.copy()
    assert everything(copied) == expected
    copied.update(SlotSet("naam", "Ander"))
    copied.update(ActiveLoop("form_a"))
    assert everything(tracker) == before


STATES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "prev_action": st.sampled_from(
                [{"action_name": "action_a"}, {"action_name": "action_listen"}, {"action_name": "should_not_be_set"}]
            ),
            "user": st.sampled_from([{"intent": "groet"}, {"intent": "kies"}]),
            "slots": st.sampled_from([{"leerweg": (1.0, 0.0)}, {"leerweg": "should_not_be_set"}]),
        },
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=200)
@given(rules=st.lists(STATES, max_size=6), said=STATES)
def test_the_same_rules_may_apply(ways: Ways, rules: list[Any], said: list[Any]) -> None:
    policy: Any = RulePolicy.__new__(RulePolicy)
    lookup = {json.dumps(rule): f"action_{number}" for number, rule in enumerate(rules)}
    for seen in (said, [*said, *said], said):  # the second time it is known
        expected = BY_RASA[RulePolicy, "_get_possible_keys"](policy, lookup, seen)
        assert ways.with_memory[RulePolicy, "_get_possible_keys"](policy, lookup, seen) == expected


def test_another_rasa_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, ways: Ways) -> None:
    monkeypatch.setattr(speed, "version", lambda name: "3.7.0")
    speed.knows_this_rasa.cache_clear()
    with ways.rasa():
        states.remember()
        assert {(owner, name): getattr(owner, name) for owner, name in PATCHED} == BY_RASA
    speed.knows_this_rasa.cache_clear()
