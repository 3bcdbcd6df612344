"""The last word on the intent: distress before all else, and "not sure" when nothing is likely."""

from __future__ import annotations

from typing import Any, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import (
    ENTITIES,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot.components.known_questions import HIT
from bot.knowledge.distress import Distress, distress_of
from bot.knowledge.loader import current

DISTRESS = "nood_"


def decide(
    ranking: list[dict[str, Any]], hits: list[dict[str, Any]], sign: Optional[str], config: dict[str, float]
) -> dict[str, Any]:
    """The intent with its confidence: from the ranking, the known questions and the distress patterns.

    A sign of distress is a pattern; or what the classifier is sure of; or what it finds likely near a known sign.
    """
    if sign:
        return _intent(f"{DISTRESS}{sign}", 1.0)
    distress = [intent for intent in ranking if intent[INTENT_NAME_KEY].startswith(DISTRESS)]
    calm = [intent for intent in ranking if not intent[INTENT_NAME_KEY].startswith(DISTRESS)]
    likely = sum(intent["confidence"] for intent in distress)
    sign_is_near = (
        bool(hits) and hits[0]["value"].startswith("nood:") and hits[0]["confidence_entity"] >= config["near"]
    )
    if distress and (likely >= config["sure"] or (likely >= config["likely"] and sign_is_near)):
        return _intent(distress[0][INTENT_NAME_KEY], likely)
    if not calm or calm[0]["confidence"] < config["threshold"]:
        return _intent(DEFAULT_NLU_FALLBACK_INTENT_NAME, calm[0]["confidence"] if calm else 0.0)
    return _intent(calm[0][INTENT_NAME_KEY], calm[0]["confidence"])


def _intent(name: str, confidence: float) -> dict[str, Any]:
    return {INTENT_NAME_KEY: name.replace("-", "_"), PREDICTED_CONFIDENCE_KEY: float(confidence)}


def _is_look_alike(distress: Distress, text: str, intent: dict[str, Any]) -> bool:
    name = intent[INTENT_NAME_KEY]
    return name.startswith(DISTRESS) and distress.is_look_alike(text, name.removeprefix(DISTRESS).replace("_", "-"))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class IntentDecision(GraphComponent):
    """Sets the final intent. Settings are confidences from 0 to 1."""

    def __init__(self, config: dict[str, float]) -> None:
        self._config = config

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`threshold`: below it nothing is sure. `sure`, `likely` and `near`: for distress, see `decide`."""
        return {"threshold": 0.2, "sure": 0.95, "likely": 0.5, "near": 0.2}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentDecision:
        """Create the component; there is nothing to train."""
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Decides for every message."""
        distress = distress_of(current())
        for message in messages:
            text = message.get(TEXT) or ""
            hits = [entity for entity in message.get(ENTITIES, []) if entity["entity"] == HIT]
            ranking = message.get(INTENT_RANKING_KEY) or []
            sign = distress.find(text)
            if not any(char.isalnum() for char in text):
                ranking = []
            elif not sign:
                ranking = [intent for intent in ranking if not _is_look_alike(distress, text, intent)]
            message.set(INTENT, decide(ranking, hits, sign, self._config), add_to_output=True)
        return messages
