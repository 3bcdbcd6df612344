"""Makes Rasa start and answer faster, without TensorFlow. Call `prepare` before the first import of Rasa.

Rasa imports each component it knows, and TensorFlow with them, although Lobke's config names none that needs it.
Measured on two cores: `import rasa.core.run` goes from 5.0 to 1.9 seconds and from 552 to 196 MB, and loading a model
takes 3.4 seconds less.
"""

import logging
import os
import sys
from functools import lru_cache
from importlib.metadata import version
from types import ModuleType
from typing import Any

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


def check_schema_once() -> None:
    """Let Rasa check the JSON Schema of action replies once, not at each reply (61 ms a turn becomes 14 ms).

    Leaves a Rasa of another version as it is.
    """
    if not knows_this_rasa():
        return
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for
    from rasa.core.actions.action import RemoteAction

    schema = RemoteAction.action_response_format_spec()
    validator = validator_for(schema)(schema)

    def validate(self: RemoteAction, result: dict[str, Any]) -> bool:
        error = best_match(validator.iter_errors(result))
        if error is not None:
            raise error
        return True

    RemoteAction._validate_action_result = validate


def keep_nothing_of_training() -> None:
    """Let Rasa train without a fingerprint of what each component puts out: Lobke always trains everything.

    Leaves a Rasa of another version as it is.
    """
    if not knows_this_rasa():
        return
    from rasa.engine.training.hooks import TrainingHook

    def before(self: TrainingHook, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {}

    def after(self: TrainingHook, *args: Any, **kwargs: Any) -> None:
        return None

    TrainingHook.on_before_node = before
    TrainingHook.on_after_node = after
