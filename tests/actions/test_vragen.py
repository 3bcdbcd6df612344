"""Questions, typed or chosen, are answered from the knowledge, remembered and logged."""

import pytest

from actions.turn import sources
from actions.vragen import ActionAnswer, ActionChoose
from bot.knowledge.question import SURE_HIT
from tests.actions.conftest import Message, Run


def test_a_typed_question_is_answered_and_its_subject_remembered(run: Run) -> None:
    reply = run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt de opleiding tot kapper"))
    assert "2 tot 3 jaar" in reply.text
    assert reply.remembered == {"last_subject": "beroep:kapper", "last_kind": "duur"}
    assert reply.buttons["Mag ik daarheen?"] == "toelating|beroep:kapper"


def test_the_topic_is_logged_and_the_words_are_not(run: Run) -> None:
    logged = run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kapper", confidence=0.8)).logged
    assert (logged.intent, logged.kind, logged.subject) == ("vraag_duur", "duur", "beroep:kapper")
    assert (logged.outcome, logged.confidence, logged.text) == ("answered", 0.8, None)
    assert logged.conversation != "pupil-1"


def test_a_question_that_points_back_uses_what_is_remembered(run: Run) -> None:
    slots = {"last_subject": "beroep:kok", "last_kind": "worden"}
    reply = run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt dat", slots=slots))
    assert reply.remembered["last_subject"] == "beroep:kok"


def test_a_leerweg_that_is_told_is_remembered(run: Run) -> None:
    reply = run(ActionAnswer(), Message("vertel_leerweg", "ik doe kader"))
    assert reply.remembered["leerweg"] == "kb"
    assert "niveau 2, 3 of 4" in reply.text


def test_an_interest_that_is_told_gets_werelden(run: Run) -> None:
    reply = run(ActionAnswer(), Message("vertel_interesse", "ik hou van dieren"))
    assert "inhoud|wereld:groen" in reply.buttons.values()


def test_a_question_about_the_kalender_looks_from_today(run: Run) -> None:
    reply = run(ActionAnswer(), Message("vraag_wanneer", "is er volgende maand iets over zorg"))
    assert "3 december 2026" in reply.text
    assert reply.logged.kind == "wanneer"


def test_what_is_not_understood_is_logged_with_its_redacted_text(run: Run) -> None:
    reply = run(ActionAnswer(), Message("nlu_fallback", "blabla 0612345678", confidence=0.1))
    assert reply.logged.outcome == "not_understood"
    assert reply.logged.text == "blabla [telefoon]"
    assert reply.remembered == {}


def test_a_question_is_answered_by_the_known_question_that_is_like_it(run: Run) -> None:
    message = Message("vraag_inhoud", "mag je nog ruilen", hits={"onderwerp:opleiding-wisselen": SURE_HIT})
    reply = run(ActionAnswer(), message)
    assert reply.remembered["last_subject"] == "onderwerp:opleiding-wisselen"


@pytest.mark.parametrize(
    ("choice", "kind", "subject", "says"),
    [
        ("duur|beroep:kok", "duur", "beroep:kok", "jaar"),
        ("opleidingen|", "opleidingen", None, "16 richtingen"),
        ("toelating|beroep:kok|leerweg:bb", "toelating", "beroep:kok", "Ja, op niveau 2"),
        ("wanneer|activiteit:open-dag", "wanneer", "activiteit:open-dag", "28 november 2026"),
        ("kosten", "kosten", "onderwerp:kosten-mbo", "18"),
    ],
)
def test_a_pressed_choice_does_what_it_means(run: Run, choice: str, kind: str, subject: str, says: str) -> None:
    reply = run(ActionChoose(), Message("kies", choice=choice))
    assert says in reply.text
    assert (reply.logged.kind, reply.logged.subject) == (kind, subject)


def test_a_pressed_leerweg_is_remembered(run: Run) -> None:
    assert run(ActionChoose(), Message("kies", choice="toelating|beroep:kok|leerweg:bb")).remembered["leerweg"] == "bb"


def test_a_choice_does_not_take_the_period_or_the_names_of_an_older_text(run: Run) -> None:
    message = Message("kies", text="kapper in februari", choice="wanneer|activiteit:open-dag")
    assert "28 november 2026" in run(ActionChoose(), message).text


@pytest.mark.parametrize(
    ("choice", "response", "outcome"),
    [
        ("mens", "utter_mens", "wants_person"),
        ("nood_ja", "utter_nood_ja", "distress"),
        ("nood_nee", "utter_nood_nee", "distress"),
        ("privacy", "utter_privacy", "small_talk"),
        ("wie_ben_je", "utter_wie_ben_je", "small_talk"),
        ("wat_kun_je", "utter_wat_kun_je", "small_talk"),
    ],
)
def test_a_choice_may_be_a_part_of_the_talk(run: Run, choice: str, response: str, outcome: str) -> None:
    reply = run(ActionChoose(), Message("kies", choice=choice))
    assert (reply.response, reply.logged.outcome) == (response, outcome)


def test_the_choice_start_shows_the_groups_of_werelden(run: Run) -> None:
    assert len(run(ActionChoose(), Message("kies", choice="start|")).buttons) == 4


def test_the_helplines_are_shown_again_for_what_was_said_before(run: Run) -> None:
    reply = run(ActionChoose(), Message("kies", choice="nummers", slots={"last_distress": "pesten"}))
    assert reply.card["links"]
    assert reply.logged.outcome == "distress"


@pytest.mark.parametrize("choice", ["", "|", "onzin", "duur|opleiding:99999", "inhoud|nood:somber", "duur|kapot|||"])
def test_a_choice_that_means_nothing_any_more_is_no_failure(run: Run, choice: str) -> None:
    assert len(run(ActionChoose(), Message("kies", choice=choice)).buttons) >= 2


def test_the_greeting_has_choices_that_all_do_something(run: Run) -> None:
    for choice in sources().knowledge.greeting()["choices"]:
        reply = run(ActionChoose(), Message("kies", choice=choice["meaning"]))
        assert reply.logged.outcome != "not_understood", choice
