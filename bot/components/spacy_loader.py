"""The Dutch spaCy pipeline: nl_core_news_sm when it is installed, else lemma tables alone."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import spacy
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.model import InvalidModelError
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.nlu.utils.spacy_utils import SpacyNLP as RasaSpacyNLP
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

if TYPE_CHECKING:
    from spacy.language import Language

logger = logging.getLogger(__name__)

STATISTICAL = "nl_core_news_sm"
LOOKUPS = "nl_lookups"
_NAME_FILE = "spacy_model.txt"


def available_model() -> str:
    """The name of the Dutch model this environment has."""
    return STATISTICAL if spacy.util.is_package(STATISTICAL) else LOOKUPS


@lru_cache(maxsize=1)
def load_language(name: str) -> Language:
    """The spaCy pipeline of that name, with only what lemmas need; loaded once, although Rasa asks for it twice."""
    if name == STATISTICAL:
        return spacy.load(STATISTICAL, exclude=["parser", "ner"])
    language = spacy.blank("nl")
    language.add_pipe("lemmatizer", config={"mode": "lookup"})
    language.initialize()
    return language


@DefaultV1Recipe.register(
    [DefaultV1Recipe.ComponentType.MODEL_LOADER, DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER],
    is_trainable=False,
    model_from="SpacyNLP",
)
class SpacyNLP(RasaSpacyNLP):
    """Provides the Dutch pipeline. It keeps the name of Rasa's own loader: SpacyTokenizer looks for that name."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SpacyNLP:
        """Load what is available, and write its name into the model that is being trained."""
        name = available_model()
        with model_storage.write_to(resource) as folder:
            (folder / _NAME_FILE).write_text(name)
        return cls(SpacyModel(load_language(name), name), {**cls.get_default_config(), **config})

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SpacyNLP:
        """Load the pipeline the model was trained with. Raises InvalidModelError when this environment has another."""
        name = available_model()
        try:
            with model_storage.read_from(resource) as folder:
                trained_with = (folder / _NAME_FILE).read_text()
        except (ValueError, FileNotFoundError):
            trained_with = name
        if trained_with != name:
            raise InvalidModelError(
                f"Dit model is getraind met '{trained_with}', maar hier staat '{name}'. Train opnieuw: 'lobke train'."
            )
        return cls(SpacyModel(load_language(name), name), {**cls.get_default_config(), **config})

    def process_training_data(self, training_data: TrainingData, model: SpacyModel) -> TrainingData:
        """Adds a spaCy document to every training example with a text."""
        self.process(training_data.training_examples, model)
        return training_data

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        """Adds a spaCy document to every message with a text."""
        texts = [message for message in messages if message.get(TEXT)]
        docs = model.model.pipe(self._get_text(message, TEXT) for message in texts)
        for message, doc in zip(texts, docs, strict=True):
            message.set("text_spacy_doc", doc)
        return messages
