"""Says how much a message looks like a sign of distress: a linear classifier of its own, for nothing else.

It sees the words themselves, which the intent classifier does not always (names of beroepen are masked there).
It learns from every example: what is `nood_…`, and all that is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.svm import LinearSVC

from bot.components.sentence_vectors import DIMENSIONS, encode, sentence_vector
from bot.knowledge.parts import parts
from bot.knowledge.words import normalise

DISTRESS = "nood_"
"""How the intents of distress begin."""
SCORE = "distress"
"""Property of a message: above 0 it is rather a sign of distress than not; about -1.5 to 1.5."""
_FILE = "distress.npz"
_BUCKETS = 2**17
_MEANING = 2.0
_COST = 0.5
_COUNTERS = (
    HashingVectorizer(n_features=_BUCKETS, alternate_sign=False, norm=None, ngram_range=(1, 3), token_pattern=r"\w+"),
    HashingVectorizer(n_features=_BUCKETS, alternate_sign=False, norm=None, ngram_range=(3, 5), analyzer="char_wb"),
)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class DistressClassifier(GraphComponent):
    """Needs the sentence vectors; sets the score."""

    def __init__(self, storage: ModelStorage, resource: Resource, weights: dict[str, np.ndarray]) -> None:
        self._storage = storage
        self._resource = resource
        self._weights = weights

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> DistressClassifier:
        """Create an untrained component."""
        return cls(model_storage, resource, {})

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> DistressClassifier:
        """Load what was learned."""
        with model_storage.read_from(resource) as folder, np.load(folder / _FILE) as weights:
            return cls(model_storage, resource, dict(weights))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from all examples with an intent."""
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        calm = [example for example in examples if not example.get(INTENT).startswith(DISTRESS)]
        clauses = _clauses(calm)
        is_distress = np.array(
            [example.get(INTENT).startswith(DISTRESS) for example in examples] + [False] * len(clauses)
        )
        examples += clauses
        for place, counts in enumerate(_counts(examples)):
            self._weights[f"idf{place}"] = TfidfTransformer(sublinear_tf=True).fit(counts).idf_.astype(np.float32)
        found = LinearSVC(C=_COST, class_weight="balanced", random_state=0).fit(self._features(examples), is_distress)
        self._weights["coef"] = found.coef_[0].astype(np.float32)
        self._weights["intercept"] = found.intercept_.astype(np.float32)
        with self._storage.write_to(self._resource) as folder:
            np.savez_compressed(folder / _FILE, **self._weights)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the score of every message with a text."""
        for message in messages:
            if message.get(TEXT) and self._weights:
                message.set(SCORE, round(self._score(message), 3), add_to_output=True)
        return messages

    def _score(self, message: Message) -> float:
        """What the row of `_features` comes to, without making it."""
        coefficients, score = self._weights["coef"], float(self._weights["intercept"][0])
        for place, counts in enumerate(_counts([message])):
            weighed = (np.log(counts.data) + 1) * self._weights[f"idf{place}"][counts.indices]
            length = float(np.linalg.norm(weighed)) or 1.0
            score += float(weighed @ coefficients[place * _BUCKETS + counts.indices]) / length
        vector = sentence_vector(message)
        return score if vector is None else score + _MEANING * float(vector @ coefficients[-DIMENSIONS:])

    def _features(self, messages: list[Message]) -> csr_matrix:
        """One row a message: weighed n-grams of words and letters, and what it means."""
        columns = []
        for place, counts in enumerate(_counts(messages)):
            weigh = TfidfTransformer(sublinear_tf=True)
            weigh.idf_ = self._weights[f"idf{place}"]
            columns.append(weigh.transform(counts))
        vectors = [sentence_vector(message) for message in messages]
        meaning = np.array([np.zeros(DIMENSIONS) if vector is None else vector for vector in vectors], dtype=np.float32)
        return hstack([*columns, csr_matrix(_MEANING * meaning)]).tocsr()


def _clauses(messages: list[Message]) -> list[Message]:
    """The parts of calm messages are calm, so that "al sinds ik klein ben" alone raises no alarm."""
    texts = [part for message in messages for part in parts(message.get(TEXT))]
    clauses = [Message({TEXT: text}) for text in texts]
    for clause, vector in zip(clauses, encode([text.lower() for text in texts]), strict=True):
        clause.add_features(Features(vector[np.newaxis, :], FEATURE_TYPE_SENTENCE, TEXT, "clauses"))
    return clauses


def _counts(messages: list[Message]) -> list[csr_matrix]:
    texts = [normalise(message.get(TEXT)) for message in messages]
    return [counter.transform(texts) for counter in _COUNTERS]
