"""Small talk gets its fixed response; a leerjaar is remembered."""

from typing import Optional

import pytest
import yaml

from actions.gesprek import ActionAfscheid, ActionGesprek, ActionLeerjaar
from actions.vragen import ActionChoose
from bot.knowledge.question import SURE_HIT
from bot.settings import PROJECT
from tests.actions.conftest import Message, Run

DOMAIN = yaml.load((PROJECT / "domain.yml").read_bytes(), yaml.CSafeLoader)


@pytest.mark.parametrize(
    ("intent", "outcome"),
    [
        ("groet", "small_talk"),
        ("bedankt", "small_talk"),
        ("wie_ben_je", "small_talk"),
        ("privacy", "small_talk"),
        ("buiten_bereik", "out_of_scope"),
        ("andere_taal", "out_of_scope"),
    ],
)
def test_small_talk_gets_the_response_with_the_name_of_its_intent(run: Run, intent: str, outcome: str) -> None:
    reply = run(ActionGesprek(), Message(intent, "hoi"))
    assert reply.response == f"utter_{intent}"
    assert (reply.logged.intent, reply.logged.outcome, reply.logged.text) == (intent, outcome, None)
    assert reply.remembered == {}


@pytest.mark.parametrize(("intent", "asked"), [("bedankt", "meer"), ("compliment", "meer"), ("groet", None)])
def test_a_response_that_asks_for_more_is_remembered(run: Run, intent: str, asked: Optional[str]) -> None:
    assert run(ActionGesprek(), Message(intent, "dank je")).asked == asked


def test_a_pupil_with_no_more_questions_is_said_goodbye(run: Run) -> None:
    reply = run(ActionAfscheid(), Message("ontkennen", "nee"))
    assert (reply.response, reply.logged.outcome) == ("utter_afscheid", "small_talk")


def test_a_known_question_goes_before_small_talk(run: Run) -> None:
    reply = run(ActionGesprek(), Message("bedankt", "wat is bol", hits={"onderwerp:bol": SURE_HIT}))
    assert reply.response is None
    assert reply.remembered["last_subject"] == "onderwerp:bol"


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("ik zit in klas 3", "3"),
        ("3kb", "3"),
        ("ik zit in de 2e", "2"),
        ("tweede klas", "2"),
        ("ik zit in de brugklas", "1"),
        ("eindexamenjaar", "4"),
        ("ik ben 14 en zit in de derde", "3"),
        ("ik zit in een vmbo-klas, de vierde", "4"),
        ("ik ben 14", None),
        ("ik zit in een leuke klas", None),
    ],
)
def test_a_leerjaar_is_remembered(run: Run, text: str, year: Optional[str]) -> None:
    reply = run(ActionLeerjaar(), Message("vertel_leerjaar", text))
    assert reply.remembered.get("leerjaar") == year


@pytest.mark.parametrize("year", ["2", "3", "4"])
def test_a_leerjaar_gets_what_to_do_in_that_year(run: Run, year: str) -> None:
    reply = run(ActionLeerjaar(), Message("vertel_leerjaar", f"ik zit in klas {year}"))
    assert reply.remembered["last_subject"] == f"onderwerp:lob-leerjaar-{year}"
    assert reply.logged.outcome == "answered"


def test_every_intent_of_small_talk_has_a_response() -> None:
    rules = yaml.load((PROJECT / "data" / "rules" / "gesprek.yml").read_bytes(), yaml.CSafeLoader)["rules"]
    intents = [
        step["intent"]
        for rule in rules
        if any(step.get("action") == "action_gesprek" for step in rule["steps"])
        for step in rule["steps"]
        if "intent" in step
    ]
    assert [intent for intent in intents if f"utter_{intent}" not in DOMAIN["responses"]] == []


def test_every_fixed_response_offers_two_to_four_choices() -> None:
    variants = [(name, variant) for name, each in DOMAIN["responses"].items() for variant in each]
    assert [name for name, variant in variants if not 2 <= len(variant.get("buttons", [])) <= 4] == []


def test_every_choice_of_a_fixed_response_does_something(run: Run) -> None:
    payloads = {b["payload"] for each in DOMAIN["responses"].values() for variant in each for b in variant["buttons"]}
    for payload in payloads:
        assert run(ActionChoose(), Message("kies", choice=payload)).logged.outcome != "not_understood", payload
