"""A sign of distress gets warm words and helplines at once, and is remembered for when they are asked again."""

from typing import Optional

import pytest
from rasa_sdk import Action

from actions.gesprek import ActionGesprek
from actions.nood import ActionNood, ActionNoodJa, ActionNoodNee
from actions.turn import sources
from actions.verkenning import ActionStart
from actions.vragen import ActionAnswer
from bot.knowledge.models import Nood
from tests.actions.conftest import Message, Run

AFTER_DISTRESS = {"asked": "nood", "last_distress": "somber"}


@pytest.mark.parametrize(
    ("intent", "number"),
    [
        ("nood_zelfdoding", "113"),
        ("nood_geweld_thuis", "0800-2000"),
        ("nood_pesten", "0800-0432"),
        ("nood_acuut_gevaar", "112"),
    ],
)
def test_the_right_number_is_given(run: Run, intent: str, number: str) -> None:
    reply = run(ActionNood(), Message(intent, "het gaat niet"))
    assert number in reply.text
    assert any(link["url"].startswith("tel:") for link in reply.card["links"])
    assert reply.buttons == {"Ja, graag": "nood_ja", "Nee, nu niet": "nood_nee"}


def test_the_kind_of_distress_is_remembered_and_the_last_subject_stays(run: Run) -> None:
    reply = run(ActionNood(), Message("nood_geweld_thuis", "ik word geslagen", slots={"last_subject": "beroep:kok"}))
    assert reply.remembered == {"last_distress": "geweld-thuis"}
    assert reply.asked == "nood"


def test_only_the_kind_of_distress_is_logged(run: Run) -> None:
    logged = run(ActionNood(), Message("nood_somber", "ik voel me heel rot")).logged
    assert (logged.intent, logged.outcome, logged.subject, logged.text) == ("nood_somber", "distress", None, None)


def test_every_kind_of_distress_in_the_knowledge_has_its_own_words(run: Run) -> None:
    for nood in sources().knowledge.all(Nood):
        assert nood.antwoord in run(ActionNood(), Message(f"nood_{nood.id.replace('-', '_')}")).text


def test_an_unknown_kind_of_distress_gets_helplines_too(run: Run) -> None:
    assert run(ActionNood(), Message("nood_onbekend")).card["links"]


@pytest.mark.parametrize(
    ("action", "response", "asked"),
    [(ActionNoodJa(), "utter_nood_ja", "nood"), (ActionNoodNee(), "utter_nood_nee", None)],
    ids=["ja", "nee"],
)
def test_the_offer_of_help_at_school_is_answered(run: Run, action: Action, response: str, asked: Optional[str]) -> None:
    reply = run(action, Message("bevestigen", "ja", slots=AFTER_DISTRESS))
    assert (reply.response, reply.asked, reply.logged.outcome) == (response, asked, "distress")


@pytest.mark.parametrize(
    ("action", "intent"),
    [(ActionAnswer(), "nlu_fallback"), (ActionStart(), "start_verkenning"), (ActionGesprek(), "hoe_gaat_het")],
    ids=["answer", "start", "gesprek"],
)
def test_vague_words_after_distress_get_the_helplines_again(run: Run, action: Action, intent: str) -> None:
    reply = run(action, Message(intent, "ik weet het niet meer", slots=AFTER_DISTRESS))
    assert reply.card["links"]
    assert reply.logged.outcome == "distress"


def test_a_question_about_an_opleiding_after_distress_is_answered(run: Run) -> None:
    reply = run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok", slots=AFTER_DISTRESS))
    assert reply.remembered["last_subject"] == "beroep:kok"
    assert reply.asked is None
