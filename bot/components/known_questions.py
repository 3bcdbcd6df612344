"""Compares a message with the questions in the knowledge files, by meaning and by letters."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from sklearn.feature_extraction.text import HashingVectorizer

from bot.components.sentence_vectors import encode, sentence_vector
from bot.knowledge.loader import Knowledge, current
from bot.knowledge.names import Names, normalise
from bot.knowledge.question import Hit
from bot.knowledge.search import KnownQuestion, known_questions, named_subjects, rank

HIT = "hit"
"""Entity whose value is the key of an entry with a question like the message; its confidence is the likeness."""
MEANING_WEIGHT = 0.6
LEAST = 0.35


class Index:
    """The known questions of one version of the knowledge, as vectors."""

    def __init__(self, knowledge: Knowledge, previous: Optional[Index] = None) -> None:
        self.knowledge = knowledge
        self.names = Names(knowledge)
        self.questions: list[KnownQuestion] = known_questions(knowledge, self.names)
        texts = [normalise(question.text) for question in self.questions]
        self._letters = HashingVectorizer(
            analyzer="char_wb", ngram_range=(2, 4), n_features=2**18, norm="l2", alternate_sign=False
        )
        self._letter_matrix = self._letters.transform(texts)
        self._vectors: dict[str, np.ndarray] = dict(previous._vectors) if previous else {}
        missing = list(dict.fromkeys(text for text in texts if text not in self._vectors))
        self._vectors.update(zip(missing, encode(missing), strict=True))
        self._meaning = np.array([self._vectors[text] for text in texts], dtype=np.float32)

    def hits(self, text: str, vector: np.ndarray) -> list[Hit]:
        """The entries whose questions are most like the text, best first."""
        meaning = self._meaning @ vector
        letters = (self._letter_matrix @ self._letters.transform([normalise(text)]).T).toarray()[:, 0]
        scores = MEANING_WEIGHT * meaning + (1 - MEANING_WEIGHT) * letters
        return [hit for hit in rank(self.questions, scores, named_subjects(self.names, text)) if hit.score >= LEAST]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class KnownQuestions(GraphComponent):
    """Adds `hit` entities, best first. Reads the knowledge as it is now, so a new entry is found at once."""

    def __init__(self) -> None:
        self._index = Index(current())

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> KnownQuestions:
        """Create the component; there is nothing to train."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the hits to every message with a sentence vector."""
        knowledge = current()
        if knowledge is not self._index.knowledge:
            self._index = Index(knowledge, self._index)
        for message in messages:
            vector = sentence_vector(message)
            hits = self._index.hits(message.get(TEXT), vector) if vector is not None else []
            entities = [
                {
                    "entity": HIT,
                    "value": hit.key,
                    "confidence_entity": round(hit.score, 3),
                    "extractor": "KnownQuestions",
                }
                for hit in hits
            ]
            message.set(ENTITIES, message.get(ENTITIES, []) + entities, add_to_output=True)
        return messages
