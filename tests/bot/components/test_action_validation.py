"""What Lobke does faster than Rasa gives the same verdict; another Rasa is left as it is."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.engine.training.hooks import TrainingHook
from rasa.shared.core.events import Event

from bot.components import speed

ANSWER: dict[str, Any] = {
    "events": [{"event": "slot", "name": "leerweg", "value": "kb", "timestamp": None}],
    "responses": [{"text": "Hoi", "buttons": [], "custom": {}}],
}
BY_RASA = RemoteAction._validate_action_result


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rasa's own method is back after each test."""
    monkeypatch.setattr(RemoteAction, "_validate_action_result", BY_RASA)
    speed.knows_this_rasa.cache_clear()
    yield
    speed.knows_this_rasa.cache_clear()


@pytest.fixture
def another_rasa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "version", lambda name: "3.7.0")


def verdict(answer: Any) -> object:
    """True, or where the mistake is and what it breaks."""
    try:
        return RemoteAction("action_answer", None)._validate_action_result(answer)
    except ValidationError as error:
        return list(error.absolute_path), error.validator, error.validator_value


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        {},
        {"events": [], "responses": []},
        {"events": "none"},
        {"events": [{"event": "slot"}]},
        {"events": [{"event": "slot", "name": 3, "value": None, "timestamp": None}]},
        {"events": [{"event": "slot", "name": "leerweg", "value": None, "timestamp": "now"}]},
        {"events": [{"event": "slot", "name": "leerweg", "value": {"a": [1]}, "timestamp": None}, "slot"]},
        {"events": [{"event": "unknown"}]},
        {"events": [{"name": "leerweg"}]},
        {"responses": "hoi"},
        {"responses": ["hoi"]},
        [],
        None,
    ],
)
def test_the_verdict_is_that_of_rasa_itself(answer: Any) -> None:
    by_rasa = verdict(answer)
    speed.check_schema_once()
    assert RemoteAction._validate_action_result is not BY_RASA
    assert verdict(answer) == by_rasa


@pytest.mark.parametrize(("answer", "good"), [(ANSWER, True), ({"events": {}}, False), ({"responses": "hoi"}, False)])
def test_a_good_answer_passes_and_a_bad_one_is_refused(answer: Any, good: bool) -> None:
    speed.check_schema_once()
    assert (verdict(answer) is True) is good


def test_another_rasa_keeps_its_own_check(another_rasa: None) -> None:
    speed.check_schema_once()
    assert RemoteAction._validate_action_result is BY_RASA


def test_an_event_is_the_one_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    by_rasa = Event.resolve_by_type
    monkeypatch.setattr(Event, "resolve_by_type", staticmethod(by_rasa))
    speed.remember_event_types()
    for name in ("user", "bot", "slot", "action", "session_started", "active_loop", "topic"):
        assert Event.resolve_by_type(name) is Event.resolve_by_type(name) is by_rasa(name)
    with pytest.raises(ValueError, match="Unknown event"):
        Event.resolve_by_type("unknown")


@pytest.fixture
def training_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rasa's own hooks are back after the test."""
    for hook in ("on_before_node", "on_after_node"):
        monkeypatch.setattr(TrainingHook, hook, getattr(TrainingHook, hook))


def test_training_keeps_nothing_of_what_a_component_puts_out(training_as_it_was: None) -> None:
    speed.keep_nothing_of_training()
    hook = TrainingHook.__new__(TrainingHook)  # it would need a cache and a model storage
    before = hook.on_before_node("node", None, {}, {})
    assert before == {}
    assert hook.on_after_node("node", None, {}, "output", before) is None


def test_another_rasa_trains_as_it_did(another_rasa: None, training_as_it_was: None) -> None:
    hooks = TrainingHook.on_before_node, TrainingHook.on_after_node
    speed.keep_nothing_of_training()
    assert (TrainingHook.on_before_node, TrainingHook.on_after_node) == hooks


def test_another_rasa_keeps_tensorflow(another_rasa: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tensorflow", *speed.TENSORFLOW_MODULES):
        monkeypatch.delitem(sys.modules, name, raising=False)
    speed.prepare("pipeline: []")
    assert not {"tensorflow", *speed.TENSORFLOW_MODULES} & set(sys.modules)


def test_another_rasa_is_warned_of_once(another_rasa: None, caplog: pytest.LogCaptureFixture) -> None:
    speed.check_schema_once()
    speed.check_schema_once()
    assert [record.getMessage() for record in caplog.records] == [
        "Rasa is 3.7.0, not 3.6.21: it starts and answers more slowly."
    ]


def test_a_config_that_needs_tensorflow_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    speed.prepare("pipeline:\n  - name: DIETClassifier\n")
    assert "tensorflow" not in sys.modules


def test_without_it_an_import_of_tensorflow_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tensorflow", *speed.TENSORFLOW_MODULES):
        monkeypatch.delitem(sys.modules, name, raising=False)
    speed.prepare("pipeline: []")
    with pytest.raises(ModuleNotFoundError, match="tensorflow"):
        import tensorflow  # noqa: F401
