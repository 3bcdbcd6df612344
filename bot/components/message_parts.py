"""Lets the pipeline see the parts of a message beside the whole."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.knowledge.parts import parts

PARTS = "part_messages"
"""The messages that are parts of a message, in order. IntentDecision reads what the pipeline found in them."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class MessageParts(GraphComponent):
    """Adds a message for every part, after the whole ones; Rasa itself only looks at the first message."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MessageParts:
        """Create the component; there is nothing to train."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Returns the messages, followed by their parts."""
        added: list[Message] = []
        for message in messages:
            pieces = [Message({TEXT: text}) for text in parts(message.get(TEXT) or "")]
            message.set(PARTS, pieces)
            added += pieces
        return [*messages, *added]

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Examples are learned whole."""
        return training_data
