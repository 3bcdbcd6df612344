"""The last word on the intent: distress before all else, then other languages; "not sure" when nothing is likely."""

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

from bot.components.distress_classifier import DISTRESS, SCORE
from bot.components.knowledge_lookup import SUBJECT
from bot.components.message_parts import PARTS
from bot.components.pupils_spelling import LANGUAGE, TYPED
from bot.knowledge.distress import Distress, distress_of
from bot.knowledge.loader import current
from bot.knowledge.parts import asks

OTHER_LANGUAGE = "andere_taal"
QUESTION = "vraag_"
COMPARISON = "vraag_vergelijk"
_ASKING = ("vraag_", "vertel_interesse")
_BESIDE_THE_POINT = {"buiten_bereik", "andere_taal", "vertel_verhaal", "vertel_zorg"}
QUESTIONS = "parts"
"""Property of a message that asks two things: text, intent and entities of each part that asks one."""
WORRY = "zorg"
"""Property of a message that may be a sign of distress, and is not taken for one."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class IntentDecision(GraphComponent):
    """Sets the final intent of every whole message."""

    def __init__(self, config: dict[str, float]) -> None:
        self._config = config

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Confidences from 0 to 1: below `threshold` nothing is sure; a part asks something from `part` on; what names
        a subject is rather a question about it than beside the point below `beside`.

        Scores of the distress classifier: from `distress` on it is one, from `worry` on it may be; below `calm` even a
        pattern is none ("hoeveel kms is het fietsen").
        """
        return {"threshold": 0.2, "part": 0.5, "beside": 0.6, "distress": 0.2, "worry": -0.2, "calm": -0.2}

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
        """Decides for every whole message, with what its parts say."""
        patterns = distress_of(current())
        of_others = {id(part) for message in messages for part in message.get(PARTS) or ()}
        for message in messages:
            if id(message) not in of_others:
                self._decide(message, patterns)
        return messages

    def _decide(self, message: Message, patterns: Distress) -> None:
        text, typed = message.get(TEXT) or "", message.get(TYPED) or ""
        parts = message.get(PARTS) or []
        sign = patterns.find(typed) or patterns.find(text)
        if max(each.get(SCORE) or 0.0 for each in (message, *parts)) < self._config["calm"]:
            sign = None
        if not any(char.isalnum() for char in text):
            chosen = _intent(DEFAULT_NLU_FALLBACK_INTENT_NAME, 0.0)
        elif sign:
            chosen = _intent(f"{DISTRESS}{sign}", 1.0)
        elif kind := self._distress(message, patterns):
            chosen = _intent(kind, 1.0)
        elif message.get(LANGUAGE):
            chosen = _intent(OTHER_LANGUAGE, 1.0)
        else:
            chosen = self._calm(message)
            questions = self._questions(parts) if chosen[INTENT_NAME_KEY] != COMPARISON else []
            if questions:
                message.set(QUESTIONS, questions, add_to_output=True)
                chosen = _intent(questions[0]["intent"], chosen[PREDICTED_CONFIDENCE_KEY])
        if not chosen[INTENT_NAME_KEY].startswith(DISTRESS) and (message.get(SCORE) or -9.0) >= self._config["worry"]:
            message.set(WORRY, True, add_to_output=True)
        message.set(INTENT, chosen, add_to_output=True)

    def _distress(self, message: Message, patterns: Distress) -> Optional[str]:
        """The kind of distress that the classifiers see in a message, as an intent."""
        score = message.get(SCORE) or 0.0
        ranking = [i for i in message.get(INTENT_RANKING_KEY) or [] if i[INTENT_NAME_KEY].startswith(DISTRESS)]
        if not ranking or score < self._config["distress"]:
            return None
        kind = str(ranking[0][INTENT_NAME_KEY])
        if patterns.is_look_alike(message.get(TEXT), kind.removeprefix(DISTRESS).replace("_", "-")):
            return None
        return kind

    def _calm(self, message: Message) -> dict[str, Any]:
        """The likeliest intent now that it is no distress. A named subject is no reason for small talk."""
        ranking = message.get(INTENT_RANKING_KEY) or []
        calm = [intent for intent in ranking if not intent[INTENT_NAME_KEY].startswith(DISTRESS)]
        total = sum(intent["confidence"] for intent in calm)
        if not calm or calm[0]["confidence"] < self._config["threshold"] * total or not total:
            return _intent(DEFAULT_NLU_FALLBACK_INTENT_NAME, calm[0]["confidence"] if calm else 0.0)
        best, confidence = calm[0][INTENT_NAME_KEY], calm[0]["confidence"] / total
        names_subject = any(entity["entity"] == SUBJECT for entity in message.get(ENTITIES, []))
        if best in _BESIDE_THE_POINT and confidence < self._config["beside"] and names_subject:
            asked = next((i for i in calm[1:] if i[INTENT_NAME_KEY].startswith(_ASKING)), None)
            if asked and asked["confidence"] >= self._config["threshold"] / 2 * total:
                return _intent(asked[INTENT_NAME_KEY], asked["confidence"] / total)
            return _intent(DEFAULT_NLU_FALLBACK_INTENT_NAME, confidence)
        return _intent(best, confidence)

    def _questions(self, parts: list[Message]) -> list[dict[str, Any]]:
        """The parts that surely ask something, when they ask at least two different things."""
        asked: list[dict[str, Any]] = []
        for part in parts:
            best = self._calm(part)
            name, confidence = best[INTENT_NAME_KEY], best[PREDICTED_CONFIDENCE_KEY]
            if asks(part.get(TEXT)) and name.startswith(QUESTION) and confidence >= self._config["part"]:
                asked.append({TEXT: part.get(TEXT), "intent": name, ENTITIES: part.get(ENTITIES, [])})
        return asked if len(asked) > 1 else []


def _intent(name: str, confidence: float) -> dict[str, Any]:
    return {INTENT_NAME_KEY: name.replace("-", "_"), PREDICTED_CONFIDENCE_KEY: float(confidence)}
