"""Distress goes before all else, and what is not likely is not understood."""

from typing import Optional

import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.components.intent_decision import IntentDecision, decide
from tests.bot.components.conftest import Place

CONFIG = {"threshold": 0.2, "sure": 0.95, "likely": 0.5, "near": 0.2}
NOT_UNDERSTOOD = "nlu_fallback"


def decided(ranking: dict[str, float], hit: tuple[str, float] = ("", 0.0), sign: Optional[str] = None) -> str:
    """The name of the intent; `ranking` is what the classifier says, best first."""
    intents = [{"name": name, "confidence": confidence} for name, confidence in ranking.items()]
    hits = [{"entity": "hit", "value": hit[0], "confidence_entity": hit[1]}] if hit[0] else []
    return str(decide(intents, hits, sign, CONFIG)["name"])


def test_the_likeliest_intent_is_taken() -> None:
    assert decided({"vraag_duur": 0.6, "groet": 0.3}) == "vraag_duur"


@pytest.mark.parametrize(("confidence", "intent"), [(0.2, "groet"), (0.19, NOT_UNDERSTOOD)])
def test_below_the_threshold_nothing_is_understood(confidence: float, intent: str) -> None:
    assert decided({"groet": confidence}) == intent


def test_without_a_ranking_nothing_is_understood() -> None:
    assert decided({}) == NOT_UNDERSTOOD


def test_a_pattern_of_distress_goes_before_a_sure_intent() -> None:
    assert decided({"groet": 1.0}, sign="geweld-thuis") == "nood_geweld_thuis"


@pytest.mark.parametrize(
    ("ranking", "hit", "intent"),
    [
        ({"nood_pesten": 0.96, "groet": 0.04}, ("", 0.0), "nood_pesten"),
        ({"nood_somber": 0.5, "nood_pesten": 0.46, "groet": 0.04}, ("", 0.0), "nood_somber"),
        ({"nood_pesten": 0.6, "groet": 0.4}, ("nood:pesten", 0.2), "nood_pesten"),
        ({"nood_pesten": 0.6, "groet": 0.4}, ("", 0.0), "groet"),
        ({"nood_pesten": 0.6, "groet": 0.4}, ("nood:pesten", 0.1), "groet"),
        ({"nood_pesten": 0.6, "groet": 0.4}, ("onderwerp:bol", 0.9), "groet"),
        ({"groet": 0.6, "nood_pesten": 0.4}, ("nood:pesten", 0.9), "groet"),
    ],
)
def test_the_classifier_sees_distress_when_it_is_sure_or_when_known_signs_agree(
    ranking: dict[str, float], hit: tuple[str, float], intent: str
) -> None:
    assert decided(ranking, hit) == intent


def test_an_unlikely_sign_of_distress_is_never_taken_as_the_rest_of_the_ranking() -> None:
    assert decided({"nood_pesten": 0.49, "nood_somber": 0.3, "groet": 0.1}) == NOT_UNDERSTOOD


def test_every_message_gets_its_intent_and_its_confidence(place: Place) -> None:
    ranking = [{"name": "vraag_duur", "confidence": 0.7}]
    calm = Message({"text": "hoe lang duurt kok", "intent_ranking": ranking})
    distress = Message({"text": "ik wil dood", "intent_ranking": ranking})
    component = IntentDecision.create({**IntentDecision.get_default_config(), **CONFIG}, *place)
    component.process([calm, distress])
    assert calm.get("intent") == {"name": "vraag_duur", "confidence": 0.7}
    assert distress.get("intent") == {"name": "nood_zelfdoding", "confidence": 1.0}


def test_a_message_without_a_text_is_no_failure(place: Place) -> None:
    message = Message({"intent_ranking": []})
    IntentDecision.create(CONFIG, *place).process([message])
    assert message.get("intent")["name"] == NOT_UNDERSTOOD
