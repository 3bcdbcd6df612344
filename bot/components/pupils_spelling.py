"""Lets everything after it read a message as the Dutch that is meant; what was typed stays beside it."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.knowledge.languages import language_of
from bot.knowledge.loader import current
from bot.knowledge.spelling import spelling_of

TYPED = "typed"
"""The message as the pupil typed it."""
LANGUAGE = "taal"
"""The id of the language, when it is not Dutch."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class PupilsSpelling(GraphComponent):
    """Corrects the text of a message, in training as in use."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> PupilsSpelling:
        """Create the component; there is nothing to train."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Corrects every message with a text."""
        knowledge = current()
        spelling = spelling_of(knowledge)
        for message in messages:
            typed = message.get(TEXT)
            if not typed:
                continue
            message.set(TYPED, typed, add_to_output=True)
            if typed.startswith(INTENT_MESSAGE_PREFIX):  # a pressed choice: its meaning is no Dutch
                continue
            language = language_of(typed, knowledge)
            if language:
                message.set(LANGUAGE, language.id, add_to_output=True)
            else:
                message.set(TEXT, spelling.read(typed), add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Corrects every training example with a text."""
        self.process(training_data.training_examples)
        return training_data
