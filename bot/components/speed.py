"""Makes Rasa start and answer faster, without TensorFlow. Call `prepare` before the first import of Rasa.

Rasa imports each component it knows, and TensorFlow with them, although Lobke's config names none that needs it.
Measured on two cores: `import rasa.core.run` goes from 5.0 to 1.9 seconds and from 552 to 196 MB, and loading a model
takes 3.4 seconds less.
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from importlib.metadata import version
from types import ModuleType, SimpleNamespace
from typing import Any, Optional

logger = logging.getLogger(__name__)

RASA_VERSION = "3.6.21"
"""The Rasa that this module was written for; any other is left as it is."""

# Modules of Rasa that import TensorFlow at their top. Rasa itself only needs the names in them.
TENSORFLOW_MODULES = (
    "rasa.core.policies.ted_policy",
    "rasa.core.policies.unexpected_intent_policy",
    "rasa.nlu.classifiers.diet_classifier",
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer",
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer",
    "rasa.nlu.selectors.response_selector",
    "rasa.utils.tensorflow.callback",
    "rasa.utils.tensorflow.data_generator",
)
# Components that live in those modules: with one of these in config.yml everything is imported as usual.
TENSORFLOW_COMPONENTS = (
    "ConveRTFeaturizer",
    "DIETClassifier",
    "LanguageModelFeaturizer",
    "ResponseSelector",
    "TEDPolicy",
    "UnexpecTEDIntentPolicy",
)
_SLOT_KEYS = {"event", "timestamp", "name", "value"}
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "RASA_TELEMETRY_ENABLED": "false",
    "RASA_MAX_CACHE_SIZE": "0",
    "LOG_LEVEL": "WARNING",
}


class _Absent(ModuleType):
    """Stands in for a module that needs TensorFlow; each name in it is an empty class."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        setattr(self, name, type(name, (), {"__module__": self.__name__}))
        return self.__dict__[name]


@lru_cache(maxsize=1)
def knows_this_rasa() -> bool:
    """Whether the installed Rasa is the one this module was written for; if not, warns once."""
    installed = version("rasa")
    if installed != RASA_VERSION:
        logger.warning("Rasa is %s, not %s: it starts and answers more slowly.", installed, RASA_VERSION)
    return installed == RASA_VERSION


def for_this_rasa(patch: Callable[[], None]) -> Callable[[], None]:
    """The patch, that leaves a Rasa of another version as it is."""

    @wraps(patch)
    def guarded() -> None:
        if knows_this_rasa():
            patch()

    return guarded


def prepare(config: str) -> None:
    """Set Rasa's environment; leave TensorFlow out unless the text of config.yml names a component that needs it.

    With a Rasa of another version TensorFlow stays in.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # It searches all modules that are there: 0.5 seconds now, 3.9 when Rasa imports it after all others.
    import skops.io  # noqa: F401

    if not knows_this_rasa() or any(name in config for name in TENSORFLOW_COMPONENTS):
        return
    # The others must not be half there: an import of TensorFlow now fails at once and by name.
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    for name in TENSORFLOW_MODULES:
        sys.modules[name] = _Absent(name)


@for_this_rasa
def check_schema_once() -> None:
    """Let Rasa check the JSON Schema of action replies once, not at each reply (61 ms a turn becomes 14 ms), and a
    reply that is plainly sound not at all (5 ms less, under load).

    Leaves a Rasa of another version as it is.
    """
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for
    from rasa.core.actions.action import RemoteAction

    schema = RemoteAction.action_response_format_spec()
    validator = validator_for(schema)(schema)

    def validate(self: RemoteAction, result: dict[str, Any]) -> bool:
        if _is_sound(result):
            return True
        error = best_match(validator.iter_errors(result))
        if error is not None:
            raise error
        return True

    RemoteAction._validate_action_result = validate


def _is_sound(result: Any) -> bool:
    """Whether an action replied as Lobke's own do: slots that are set, and things to say."""
    if not isinstance(result, dict):
        return False
    events, responses = result.get("events", []), result.get("responses", [])
    return (
        isinstance(events, list)
        and isinstance(responses, list)
        and all(isinstance(response, dict) for response in responses)
        and all(
            isinstance(event, dict)
            and event.keys() == _SLOT_KEYS
            and event["event"] == "slot"
            and event["timestamp"] is None
            and isinstance(event["name"], str)
            for event in events
        )
    )


@for_this_rasa
def remember_event_types() -> None:
    """Let Rasa find the class of an event by its name once, not by a search for each event that it reads.

    Leaves a Rasa of another version as it is.
    """
    from rasa.shared.core.events import Event

    Event.resolve_by_type = staticmethod(lru_cache(maxsize=256)(Event.resolve_by_type))


@for_this_rasa
def copy_nothing_for_silent_logs() -> None:
    """Let Rasa hand its debug log what it has, instead of deep copies: that log is off.

    Leaves a Rasa of another version as it is.
    """
    from rasa.core import processor
    from rasa.core.policies import memoization, rule_policy

    uncopied = SimpleNamespace(deepcopy=lambda value: value)  # these modules copy for that log alone
    processor.copy = memoization.copy = rule_policy.copy = uncopied


@for_this_rasa
def tell_actions_little() -> None:
    """Let Rasa send an action what was said in the conversation, instead of all events with all they hold.

    Leaves a Rasa of another version as it is.
    """
    from rasa.core.actions.action import RemoteAction
    from rasa.shared.core.events import BotUttered, SessionStarted, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

    everything = RemoteAction._action_call_format

    def told(event: Any) -> Optional[dict[str, Any]]:
        if isinstance(event, SessionStarted):
            return {"event": "session_started", "metadata": event.metadata}
        if isinstance(event, BotUttered):
            return {"event": "bot", "text": event.text, "data": event.data}
        if isinstance(event, UserUttered):
            parsed = {name: event.parse_data.get(name) for name in ("intent", "entities", "typed")}
            return {"event": "user", "text": event.text, "metadata": event.metadata, "parse_data": parsed}
        return None

    def action_call_format(self: RemoteAction, tracker: DialogueStateTracker, domain: Any) -> dict[str, Any]:
        called: dict[str, Any] = everything(self, _Told(tracker), domain)
        called["tracker"]["events"] = [found for event in tracker.events if (found := told(event))]
        return called

    class _Told:
        """A tracker that leaves its events out of its state."""

        def __init__(self, tracker: DialogueStateTracker) -> None:
            self.sender_id, self._tracker = tracker.sender_id, tracker

        def current_state(self, verbosity: Any) -> dict[str, Any]:
            state: dict[str, Any] = self._tracker.current_state(EventVerbosity.NONE)
            return state

    RemoteAction._action_call_format = action_call_format


@for_this_rasa
def count_sentences_only() -> None:
    """Let Rasa count words and letters for a message, and not for each of its words too: nothing here reads those.

    Leaves a Rasa of another version as it is.
    """
    from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import CountVectorsFeaturizer

    by_rasa = CountVectorsFeaturizer._create_features

    def create_features(self: CountVectorsFeaturizer, attribute: str, all_tokens: list[list[str]]) -> Any:
        vectorizer = self.vectorizers.get(attribute)
        if attribute != "text" or not vectorizer:
            return by_rasa(self, attribute, all_tokens)
        found: list[Any] = []
        for tokens in all_tokens:
            counts = vectorizer.transform([" ".join(tokens)]) if tokens else None
            if counts is not None:
                counts.sort_indices()
            found.append(counts)
        return [None] * len(found), found

    CountVectorsFeaturizer._create_features = create_features


@for_this_rasa
def run_in_order() -> None:
    """Let Rasa run the graph for a message in an order that is made once, without Dask, which makes one each time.

    Leaves a Rasa of another version as it is.
    """
    from rasa.engine.exceptions import GraphRunError
    from rasa.engine.runner.dask import DaskGraphRunner

    def run(
        self: DaskGraphRunner, inputs: Optional[dict[str, Any]] = None, targets: Optional[list[str]] = None
    ) -> dict[str, Any]:
        chosen = tuple(targets or self._graph_schema.target_names)
        orders = self.__dict__.setdefault("orders", {})
        if chosen not in orders:
            orders[chosen] = _order(self._graph_schema.minimal_graph_schema(list(chosen)).nodes)
        given = inputs or {}
        for value in given.values():
            if isinstance(value, str) and value in dict(orders[chosen]):
                raise GraphRunError(f"Input value '{value}' is the name of a node.")
        done = {name: (name, value) for name, value in given.items()}
        try:
            for name, needs in orders[chosen]:
                if name not in done:
                    done[name] = self._instantiated_nodes[name](*(done.get(need, need) for need in needs))
        except RuntimeError as error:
            raise GraphRunError("Error running runner.") from error
        return {name: done[name][1] for name in chosen}

    DaskGraphRunner.run = run


def _order(nodes: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Each node with what it needs, after all that it needs."""
    found: dict[str, tuple[str, ...]] = {}

    def visit(name: str) -> None:
        if name in nodes and name not in found:
            needs = tuple(nodes[name].needs.values())
            for need in needs:
                visit(need)
            found[name] = needs

    for name in nodes:
        visit(name)
    return list(found.items())


@for_this_rasa
def keep_nothing_of_training() -> None:
    """Let Rasa train without a fingerprint of what each component puts out: Lobke always trains everything.

    Leaves a Rasa of another version as it is.
    """
    from rasa.engine.training.hooks import TrainingHook

    def before(self: TrainingHook, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {}

    def after(self: TrainingHook, *args: Any, **kwargs: Any) -> None:
        return None

    TrainingHook.on_before_node = before
    TrainingHook.on_after_node = after
