"""Finds the subjects of a message in the knowledge files: names, synonyms, beroepen. Needs no training."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.knowledge.loader import current
from bot.knowledge.names import DOUBTFUL, Match, names_of

SUBJECT = "subject"
"""Entity whose value is the subject keys a name may mean, joined by a space."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class KnowledgeLookup(GraphComponent):
    """Adds `subject` entities, and lets the word features see the kind of name instead of the name itself.

    So "hoe lang duurt kok" and "hoe lang duurt kapper" look alike to the classifier, and a new name needs no training.
    """

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> KnowledgeLookup:
        """Create the component; there is nothing to train."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the entities to every message."""
        for message in messages:
            matches = self._find(message)
            message.set(ENTITIES, message.get(ENTITIES, []) + [_entity(match) for match in matches], add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Changes the word features of the training examples alone."""
        for message in training_data.training_examples:
            self._find(message)
        return training_data

    def _find(self, message: Message) -> list[Match]:
        matches = names_of(current()).find(message.get(TEXT) or "")
        for match in matches:
            kind = match.subjects[0].partition(":")[0]
            if kind in _MASKED:
                for token in message.get(TOKENS_NAMES[TEXT]) or []:
                    if match.start <= token.start < match.end:
                        token.lemma = f"een{kind}"
        return matches


_MASKED = {"opleiding", "beroep", "wereld", "profiel", "school", "leerweg"}


def _entity(match: Match) -> dict[str, Any]:
    return {
        "entity": SUBJECT,
        "value": " ".join(match.subjects),
        "start": match.start,
        "end": match.end,
        "confidence_entity": 1.0 if match.typed_exactly else DOUBTFUL if match.doubtful else 0.8,
        "extractor": "KnowledgeLookup",
    }
