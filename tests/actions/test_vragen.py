"""Questions, typed or chosen, are answered from the knowledge, remembered and logged."""

from dataclasses import replace

import pytest
from rasa_sdk import Action

from actions.gesprek import ActionGesprek
from actions.nood import ActionNood
from actions.turn import sources
from actions.vragen import ActionAnswer, ActionChoose
from bot.knowledge.question import SURE_HIT
from tests.actions.conftest import Message, Run, Talk


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


def test_what_was_typed_is_logged_and_not_what_was_made_of_it(run: Run) -> None:
    reply = run(ActionAnswer(), Message("nlu_fallback", "wat een blabla", typed="wt n blabla", confidence=0.1))
    assert reply.logged.text == "wt n blabla"


def test_messages_in_a_row_that_are_not_understood_are_counted_and_get_other_replies(talk: Talk) -> None:
    replies = [talk(ActionAnswer(), Message("nlu_fallback", "blabla", confidence=0.1)) for _ in range(4)]
    assert [reply.misunderstood for reply in replies] == [1, 2, 3, 4]
    assert len({reply.text for reply in replies}) == 4
    assert all(reply.logged.outcome == "not_understood" for reply in replies)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok")),
        (ActionChoose(), Message("kies", choice="duur|beroep:kok")),
        (ActionGesprek(), Message("groet", "hoi")),
    ],
    ids=["question", "choice", "small talk"],
)
def test_what_is_understood_begins_the_count_again(talk: Talk, action: Action, message: Message) -> None:
    first = talk(ActionAnswer(), Message("nlu_fallback", "blabla", confidence=0.1))
    assert talk(action, message).misunderstood == 0
    again = talk(ActionAnswer(), Message("nlu_fallback", "blabla", confidence=0.1))
    assert (again.misunderstood, again.text) == (1, first.text)


def test_distress_begins_the_count_again(run: Run) -> None:
    assert run(ActionNood(), Message("nood_somber", "ik voel me rot", slots={"misunderstood": 2})).misunderstood == 0


TWO = Message(
    "vraag_duur",
    "hoe lang duurt kok en wat kost dat",
    parts=(Message("vraag_duur", "hoe lang duurt kok"), Message("vraag_kosten", "en wat kost dat")),
)


def test_two_questions_in_a_message_get_two_messages(run: Run) -> None:
    first, second = run(ActionAnswer(), TWO).said
    assert "jaar" in first.text and first.buttons == {}
    assert "1 augustus" in second.text and len(second.buttons) >= 2


def test_two_answers_are_logged_each_and_the_last_is_remembered(run: Run) -> None:
    reply = run(ActionAnswer(), TWO)
    assert {(row.kind, row.subject) for row in reply.rows} == {("duur", "beroep:kok"), ("kosten", "beroep:kok")}
    assert reply.remembered == {"last_subject": "beroep:kok", "last_kind": "kosten"}


def test_one_question_about_two_things_gets_two_messages(run: Run) -> None:
    first, second = run(ActionAnswer(), Message("vraag_niveau", "welk niveau is kok en bakker")).said
    assert "**Kok**" in first.text and "bakker" in second.text


def test_a_name_in_doubt_is_asked_back_with_a_choice_for_each(run: Run) -> None:
    reply = run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt sceepvaart"))
    assert reply.text.startswith("Bedoel je **")
    assert len(reply.buttons) == 2 and all(meaning.startswith("duur|") for meaning in reply.buttons.values())
    assert (reply.logged.outcome, reply.remembered) == ("clarified", {})


@pytest.mark.parametrize(
    ("action", "message"),
    [(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok")), (ActionGesprek(), Message("groet", "hoi"))],
    ids=["question", "small talk"],
)
def test_what_may_be_distress_is_answered_and_then_lobke_asks_how_it_is(
    run: Run, action: Action, message: Message
) -> None:
    calm = run(action, message)
    answered, asked = run(action, replace(message, may_be_distress=True)).said
    assert answered == replace(calm.only, about=None)
    assert asked.text == sources().say("gaat_het")
    assert "nummers" in asked.buttons.values()


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


def test_the_choice_start_offers_the_verkenning(run: Run) -> None:
    reply = run(ActionChoose(), Message("kies", choice="start|"))
    assert list(reply.buttons.values()) == ["verkenning|kort", "verkenning|lang", "rondkijken"]


def test_a_step_after_a_verkenning_or_gesprek_is_logged_with_its_subject_and_answered(run: Run) -> None:
    reply = run(ActionChoose(), Message("kies", choice="stap|inhoud|wereld:zorg"))
    assert {(row.outcome, row.kind, row.subject) for row in reply.rows} == {
        ("next_step", "inhoud", "wereld:zorg"),
        ("answered", "inhoud", "wereld:zorg"),
    }
    assert reply.remembered["last_subject"] == "wereld:zorg"


def test_a_step_without_a_subject_is_logged_without_one(run: Run) -> None:
    rows = run(ActionChoose(), Message("kies", choice="stap|wanneer|")).rows
    assert ("next_step", "wanneer", None) in [(row.outcome, row.kind, row.subject) for row in rows]


def test_a_pressed_leerjaar_is_remembered(run: Run) -> None:
    reply = run(ActionChoose(), Message("kies", choice="leerjaar|2"))
    assert "leerjaar 2" in reply.text
    assert reply.remembered["leerjaar"] == "2"


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
