"""Small talk gets its fixed response; a leerjaar is remembered."""

from typing import Optional

import pytest
import yaml
from rasa_sdk import Action

from actions.gesprek import ActionAfscheid, ActionGesprek, ActionLeerjaar
from actions.turn import sources
from actions.vragen import ActionAnswer, ActionChoose
from bot.knowledge.models import Taal
from bot.knowledge.question import LEAST_HIT, SURE_HIT
from bot.settings import PROJECT
from tests.actions.conftest import RESPONSES, Message, Reply, Run, Talk


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


@pytest.mark.parametrize("intent", ["ontkennen", "bevestigen", "bedankt", "groet", "terug", "uitleg_nodig"])
def test_a_name_in_small_talk_makes_it_a_question(run: Run, intent: str) -> None:
    slots = {"last_subject": "beroep:kok", "last_kind": "duur"}
    reply = run(ActionGesprek(), Message(intent, "nee, ik bedoel bakker", slots=slots))
    assert reply.remembered == {"last_subject": "beroep:bakker", "last_kind": "duur"}


def test_a_no_that_names_something_is_no_goodbye(run: Run) -> None:
    slots = {"asked": "meer", "last_subject": "beroep:kok", "last_kind": "duur"}
    reply = run(ActionAfscheid(), Message("ontkennen", "nee ik bedoel bakker", slots=slots))
    assert reply.remembered["last_subject"] == "beroep:bakker"


def test_a_no_that_tells_what_a_pupil_likes_gets_werelden(run: Run) -> None:
    message = Message(
        "ontkennen", "nee ik ben liever met iets levends bezig", 0.9, hits={"interesse:dieren": LEAST_HIT}
    )
    assert run(ActionGesprek(), message).remembered["last_subject"] == "interesse:dieren"


@pytest.mark.parametrize("text", ["nee", "nee dank je"])
def test_a_short_no_stays_a_no(run: Run, text: str) -> None:
    message = Message("ontkennen", text, 0.9, hits={"interesse:dieren": LEAST_HIT})
    assert run(ActionGesprek(), message).response == "utter_ontkennen"


def ask(talk: Talk, intent: str, text: str) -> Reply:
    return talk(ActionAnswer(), Message(intent, text))


def say(talk: Talk, intent: str, text: str) -> Reply:
    return talk(ActionGesprek(), Message(intent, text))


def test_terug_gives_the_answer_before_the_last_one(talk: Talk) -> None:
    first = ask(talk, "vraag_duur", "hoe lang duurt kok")
    ask(talk, "vraag_kosten", "wat kost bakker")
    back = say(talk, "terug", "terug")
    assert back.text == sources().say("terug", antwoord=first.text)
    assert back.buttons == first.buttons
    assert back.remembered == {"last_subject": "beroep:kok", "last_kind": "duur"}


def test_terug_goes_on_back_until_the_begin_and_never_round(talk: Talk) -> None:
    for text in ("hoe lang duurt kok", "hoe lang duurt bakker", "hoe lang duurt kapper"):
        ask(talk, "vraag_duur", text)
    subjects = [say(talk, "terug", "terug").remembered.get("last_subject") for _ in range(2)]
    assert subjects == ["beroep:bakker", "beroep:kok"]
    assert say(talk, "terug", "terug").response == "utter_terug"


def test_after_going_back_a_new_answer_goes_on_from_there(talk: Talk) -> None:
    for text in ("hoe lang duurt kok", "hoe lang duurt bakker"):
        ask(talk, "vraag_duur", text)
    say(talk, "terug", "terug")
    ask(talk, "vraag_duur", "hoe lang duurt kapper")
    assert say(talk, "terug", "terug").remembered["last_subject"] == "beroep:kok"


def test_terug_takes_no_notice_of_small_talk_and_what_was_not_understood(talk: Talk) -> None:
    ask(talk, "vraag_duur", "hoe lang duurt kok")
    ask(talk, "vraag_duur", "hoe lang duurt bakker")
    say(talk, "compliment", "goed zo")
    ask(talk, "nlu_fallback", "blabla")
    assert say(talk, "terug", "terug").remembered["last_subject"] == "beroep:kok"


def test_terug_after_an_answer_without_a_subject_gives_the_one_before_it(talk: Talk) -> None:
    ask(talk, "vraag_duur", "hoe lang duurt kok")
    ask(talk, "vraag_duur", "hoe lang duurt bakker")
    assert ask(talk, "vraag_wanneer", "welke activiteiten komen eraan").remembered == {}
    assert say(talk, "terug", "terug").remembered["last_subject"] == "beroep:bakker"


@pytest.mark.parametrize("text", ["terug naar het begin", "terug naar het hoofdmenu", "begin opnieuw"])
def test_who_wants_to_begin_again_is_not_sent_one_answer_back(talk: Talk, text: str) -> None:
    ask(talk, "vraag_duur", "hoe lang duurt kok")
    ask(talk, "vraag_duur", "hoe lang duurt bakker")
    assert say(talk, "terug", text).response == "utter_terug"


@pytest.mark.parametrize("intent", ["terug", "uitleg_nodig"])
def test_without_an_answer_before_there_is_a_fixed_response(run: Run, intent: str) -> None:
    assert run(ActionGesprek(), Message(intent, "ga terug of leg uit")).response == f"utter_{intent}"


@pytest.mark.parametrize(
    ("intent", "action"),
    [("ontkennen", ActionGesprek()), ("vraag_inhoud", ActionAnswer()), ("nlu_fallback", ActionAnswer())],
)
def test_waarom_gives_the_reason_for_the_last_answer_and_keeps_the_subject(
    talk: Talk, intent: str, action: Action
) -> None:
    ask(talk, "vraag_duur", "hoe lang duurt kok")
    assert talk(action, Message(intent, "waarom dan?")).text == sources().say("waarom.duur")
    assert ask(talk, "vraag_kosten", "en wat kost dat").remembered["last_subject"] == "beroep:kok"


def test_waarom_twice_is_still_about_the_answer(talk: Talk) -> None:
    ask(talk, "vraag_duur", "hoe lang duurt kok")
    assert say(talk, "ontkennen", "waarom").text == say(talk, "ontkennen", "hoezo").text


def test_leg_anders_uit_gives_easier_words_once_and_then_a_person(talk: Talk) -> None:
    first = ask(talk, "vraag_duur", "hoe lang duurt kok")
    easier = say(talk, "uitleg_nodig", "leg anders uit")
    person = say(talk, "uitleg_nodig", "snap het nog niet")
    assert easier.text == sources().say("eenvoudig.duur")
    assert person.text == sources().say("eenvoudig.mens")
    assert len({first.text, easier.text, person.text}) == 3
    assert "mens|" in person.buttons.values()


def test_a_new_answer_may_be_put_in_easier_words_again(talk: Talk) -> None:
    ask(talk, "vraag_duur", "hoe lang duurt kok")
    say(talk, "uitleg_nodig", "leg anders uit")
    ask(talk, "vraag_niveau", "welk niveau is kok")
    assert say(talk, "uitleg_nodig", "leg anders uit").text == sources().say("eenvoudig.niveau")


def test_easier_words_are_no_step_on_the_way_back(talk: Talk) -> None:
    ask(talk, "vraag_duur", "hoe lang duurt kok")
    ask(talk, "vraag_duur", "hoe lang duurt bakker")
    say(talk, "uitleg_nodig", "leg anders uit")
    assert say(talk, "terug", "terug").remembered["last_subject"] == "beroep:kok"


@pytest.mark.parametrize(
    ("text", "language"),
    [("I want to become a chef, can you help me", "engels"), ("hola quiero ser cocinero", "spaans")],
)
def test_another_language_is_answered_in_that_language(run: Run, text: str, language: str) -> None:
    reply = run(ActionGesprek(), Message("andere_taal", "zz", typed=text))
    assert reply.text == sources().knowledge.one(Taal, language).antwoord
    assert "mens|" in reply.buttons.values()
    assert (reply.logged.outcome, reply.logged.text) == ("out_of_scope", None)


def test_an_unknown_language_gets_the_fixed_response(run: Run) -> None:
    assert run(ActionGesprek(), Message("andere_taal", "flarp zmorf")).response == "utter_andere_taal"


VARIED = [name.removeprefix("utter_") for name, variants in RESPONSES.items() if len(variants) > 1]


def test_some_responses_have_variants() -> None:
    assert {"groet", "buiten_bereik"} <= set(VARIED)


@pytest.mark.parametrize("intent", VARIED)
def test_a_response_with_variants_is_not_said_twice_in_a_row(talk: Talk, intent: str) -> None:
    first, second = say(talk, intent, "hoi"), say(talk, intent, "hoi")
    assert first.response == second.response == f"utter_{intent}"
    assert first.text != second.text


def test_when_all_variants_were_read_one_of_them_is_said(talk: Talk) -> None:
    for _ in range(10):
        assert say(talk, "groet", "hoi").response == "utter_groet"


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
    assert [intent for intent in intents if f"utter_{intent}" not in RESPONSES] == []


def test_every_fixed_response_offers_two_to_four_choices() -> None:
    variants = [(name, variant) for name, each in RESPONSES.items() for variant in each]
    assert [name for name, variant in variants if not 2 <= len(variant.get("buttons", [])) <= 4] == []


def test_every_choice_of_a_fixed_response_does_something(run: Run) -> None:
    payloads = {b["payload"] for each in RESPONSES.values() for variant in each for b in variant["buttons"]}
    for payload in payloads:
        assert run(ActionChoose(), Message("kies", choice=payload)).logged.outcome != "not_understood", payload
