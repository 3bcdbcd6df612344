"""Distress goes before all else, then another language; the unlikely is not understood; two questions stay two."""

from typing import Any, Optional

import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.components.intent_decision import IntentDecision
from bot.components.message_parts import PARTS
from tests.bot.components.conftest import Place

CONFIG = {"threshold": 0.2, "part": 0.5, "beside": 0.6, "distress": 0.4, "worry": 0.0, "calm": -0.5}
NOT_UNDERSTOOD = "nlu_fallback"
LOOK_ALIKE = "ik werd gepest vroeger en daarom wil ik jongerenwerker worden"
KOK = {"entity": "subject", "value": "beroep:kok"}


def message(ranking: dict[str, float], text: str = "hallo", *parts: Message, **found: Any) -> Message:
    """A message as the pipeline leaves it; `ranking` is what the classifier says, best first."""
    intents = [{"name": name, "confidence": confidence} for name, confidence in ranking.items()]
    return Message({"text": text, "intent_ranking": intents, PARTS: list(parts), **found})


def decided(found: Message, *others: Message) -> Message:
    """The message, with what was decided."""
    component = IntentDecision({**IntentDecision.get_default_config(), **CONFIG})
    component.process([found, *others])
    return found


def intent(found: Message) -> str:
    return str(decided(found).get("intent")["name"])


def test_the_likeliest_intent_is_taken() -> None:
    found = decided(message({"vraag_duur": 0.7, "groet": 0.3}))
    assert found.get("intent") == {"name": "vraag_duur", "confidence": pytest.approx(0.7)}


def test_what_is_no_distress_shares_the_confidence() -> None:
    found = decided(message({"nood_pesten": 0.5, "groet": 0.3, "vraag_duur": 0.2}))
    assert found.get("intent") == {"name": "groet", "confidence": pytest.approx(0.6)}


@pytest.mark.parametrize(("confidence", "name"), [(0.21, "groet"), (0.19, NOT_UNDERSTOOD)])
def test_below_the_threshold_nothing_is_understood(confidence: float, name: str) -> None:
    rest = {f"vraag_{number}": (1 - confidence) / 10 for number in range(10)}
    assert intent(message({"groet": confidence, **rest})) == name


@pytest.mark.parametrize("text", ["hallo", "", "???", "👍😂"])
def test_without_a_ranking_nothing_is_understood(text: str) -> None:
    assert intent(message({}, text)) == NOT_UNDERSTOOD


@pytest.mark.parametrize("text", ["???", "👍", "..."])
def test_without_a_letter_or_digit_nothing_is_understood(text: str) -> None:
    assert intent(message({"groet": 1.0}, text, distress=1.0)) == NOT_UNDERSTOOD


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("ik wil dood", "ik wil dood"),
        ("ik wil dood", "ik wil brood"),
        ("kwil doood", "ik wil dood"),
        ("", "ik wil dood"),
    ],
)
def test_a_pattern_of_distress_in_what_was_typed_or_meant_goes_before_all_else(typed: str, text: str) -> None:
    found = decided(message({"groet": 1.0}, text, typed=typed, taal="engels"))
    assert found.get("intent") == {"name": "nood_zelfdoding", "confidence": 1.0}


@pytest.mark.parametrize(
    ("whole", "part", "name"),
    [
        (-0.9, -0.9, "groet"),
        (-0.9, -0.1, "nood_zelfdoding"),
        (-0.1, -0.9, "nood_zelfdoding"),
        (-0.9, None, "nood_zelfdoding"),
        (None, None, "nood_zelfdoding"),
    ],
)
def test_a_pattern_is_no_distress_only_when_the_classifier_finds_the_whole_and_its_parts_calm(
    whole: Optional[float], part: Optional[float], name: str
) -> None:
    clause = message({"groet": 1.0}, "want ik wil dood", distress=part)
    assert intent(message({"groet": 1.0}, "hoi want ik wil dood", clause, distress=whole)) == name


def test_a_kind_of_distress_is_named_as_its_intent() -> None:
    assert intent(message({}, "mijn vader slaat me")) == "nood_geweld_thuis"


@pytest.mark.parametrize(
    ("ranking", "score", "name"),
    [
        ({"groet": 0.9, "nood_somber": 0.06, "nood_pesten": 0.04}, 0.5, "nood_somber"),
        ({"nood_pesten": 0.9, "groet": 0.1}, 0.5, "nood_pesten"),
        ({"nood_pesten": 0.9, "groet": 0.1}, 0.3, "groet"),
        ({"nood_pesten": 0.9, "groet": 0.1}, None, "groet"),
        ({"groet": 1.0}, 2.0, "groet"),
    ],
)
def test_the_distress_classifier_decides_whether_and_the_ranking_which(
    ranking: dict[str, float], score: Optional[float], name: str
) -> None:
    assert intent(message(ranking, distress=score)) == name


def test_what_staff_wrote_down_as_a_lookalike_is_no_distress_to_the_classifier_either() -> None:
    assert intent(message({"nood_pesten": 0.9, "vraag_worden": 0.1}, LOOK_ALIKE, distress=1.0)) == "vraag_worden"
    assert intent(message({"nood_somber": 0.9, "vraag_worden": 0.1}, LOOK_ALIKE, distress=1.0)) == "nood_somber"


def test_another_language_goes_before_what_the_classifier_makes_of_it() -> None:
    assert intent(message({"vraag_duur": 1.0}, "how long does it take", taal="engels")) == "andere_taal"


def test_distress_goes_before_another_language() -> None:
    assert (
        intent(message({"nood_somber": 0.1, "groet": 0.9}, "i hate my life", taal="engels", distress=1.0))
        == "nood_somber"
    )


@pytest.mark.parametrize("name", ["buiten_bereik", "andere_taal", "vertel_verhaal", "vertel_zorg"])
def test_what_names_a_subject_is_rather_a_question_than_beside_the_point(name: str) -> None:
    ranking = {name: 0.5, "groet": 0.3, "vraag_duur": 0.2}
    assert intent(message(ranking, "hoe zit dat met kok", entities=[KOK])) == "vraag_duur"
    assert intent(message(ranking, "hoe zit dat", entities=[{"entity": "hit", "value": "onderwerp:bol"}])) == name


def test_what_is_surely_beside_the_point_is_so_with_a_subject_too() -> None:
    ranking = {"buiten_bereik": 0.8, "vraag_duur": 0.2}
    assert intent(message(ranking, "wie won er bij voetbal", entities=[KOK])) == "buiten_bereik"


def test_a_subject_without_a_likely_question_is_not_understood() -> None:
    ranking = {"buiten_bereik": 0.5, "groet": 0.45, "vraag_duur": 0.05}
    assert intent(message(ranking, "kok kok", entities=[KOK])) == NOT_UNDERSTOOD


@pytest.mark.parametrize(
    ("score", "may_be"),
    [(0.5, None), (0.1, True), (-0.5, None), (None, None)],
    ids=["is", "may be", "is not", "unknown"],
)
def test_what_may_be_distress_and_is_not_taken_for_it_is_marked(score: Optional[float], may_be: Optional[bool]) -> None:
    found = decided(message({"groet": 0.9, "nood_somber": 0.1}, distress=score))
    assert found.get("zorg") is may_be


DUUR = {"vraag_duur": 0.9, "groet": 0.1}
KOSTEN = {"vraag_kosten": 0.9, "groet": 0.1}


def test_two_parts_that_ask_something_are_two_questions_each_with_its_own_names() -> None:
    first, second = message(DUUR, "hoe lang duurt kok", entities=[KOK]), message(KOSTEN, "en wat kost het")
    found = decided(message(KOSTEN, "hoe lang duurt kok en wat kost het", first, second), first, second)
    assert found.get("parts") == [
        {"text": "hoe lang duurt kok", "intent": "vraag_duur", "entities": [KOK]},
        {"text": "en wat kost het", "intent": "vraag_kosten", "entities": []},
    ]
    assert found.get("intent")["name"] == "vraag_duur"


@pytest.mark.parametrize(
    ("ranking", "text"),
    [
        ({"vraag_kosten": 0.4, "groet": 0.35, "vraag_duur": 0.25}, "en wat kost het"),
        ({"groet": 0.9, "vraag_kosten": 0.1}, "en wat kost het"),
        ({}, "en wat kost het"),
        (KOSTEN, "ik heb geen geld"),
    ],
    ids=["unsure", "small talk", "unknown", "told"],
)
def test_a_part_that_does_not_surely_ask_something_is_no_question(ranking: dict[str, float], text: str) -> None:
    whole = message(DUUR, "hoe lang duurt kok", message(DUUR, "hoe lang duurt kok"), message(ranking, text))
    assert decided(whole).get("parts") is None
    assert whole.get("intent")["name"] == "vraag_duur"


def test_a_comparison_stays_whole() -> None:
    whole = message(
        {"vraag_vergelijk": 1.0}, "wat is beter", message(DUUR, "wat is kok"), message(KOSTEN, "of wat is bakker")
    )
    assert decided(whole).get("parts") is None


def test_a_sign_of_distress_in_one_part_is_that_of_the_whole() -> None:
    whole = message(
        DUUR,
        "hoe lang duurt kok want ik wil dood",
        message(DUUR, "hoe lang duurt kok"),
        message(KOSTEN, "wat kost het"),
    )
    assert decided(whole).get("intent")["name"] == "nood_zelfdoding"
    assert whole.get("parts") is None


def test_the_parts_themselves_are_not_decided_on() -> None:
    part = message(DUUR, "ik wil dood")
    decided(message(DUUR, "hoi", part), part)
    assert part.get("intent") is None


def test_every_message_gets_its_intent(place: Place) -> None:
    calm, distress = message({"vraag_duur": 0.7}, "hoe lang duurt kok"), message({"vraag_duur": 0.7}, "ik wil dood")
    IntentDecision.create(CONFIG, *place).process([calm, distress])
    assert [found.get("intent")["name"] for found in (calm, distress)] == ["vraag_duur", "nood_zelfdoding"]


def test_what_was_decided_is_sent_on() -> None:
    first, second = message(DUUR, "hoe lang duurt kok"), message(KOSTEN, "wat kost het")
    sent = decided(message(DUUR, "hoe lang duurt kok", first, second, distress=0.1)).as_dict(
        only_output_properties=True
    )
    assert {"intent", "parts", "zorg"} <= set(sent)


def test_a_message_without_a_text_is_no_failure(place: Place) -> None:
    found = Message({"intent_ranking": []})
    IntentDecision.create(CONFIG, *place).process([found])
    assert found.get("intent")["name"] == NOT_UNDERSTOOD
