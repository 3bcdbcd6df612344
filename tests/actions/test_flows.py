"""A verkenning or gesprek goes first while it runs, makes way for a question, and waits when the pupil goes away."""

from collections import Counter
from typing import Any

import pytest
from rasa_sdk import Action
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions.gesprek import ActionAfscheid, ActionGesprek, ActionLeerjaar
from actions.nood import ActionNood, ActionNoodJa
from actions.overdracht import ActionMens
from actions.turn import sources
from actions.verkenning import ActionStart
from actions.vragen import ActionAnswer, ActionChoose
from bot.knowledge.question import SURE_HIT
from bot.storage import tables
from bot.storage.database import transaction
from tests.actions.conftest import Message, Reply, Run, Talk

QUESTION = Message("vraag_duur", "hoe lang duurt kapper")
ON = "We gaan verder waar we waren"


def pressed(talk: Talk, choice: str) -> Reply:
    return talk(ActionChoose(), Message("kies", choice=choice))


def typed(talk: Talk, text: str, intent: str = "nlu_fallback", action: Any = ActionAnswer) -> Reply:
    return talk(action(), Message(intent, text))


def finished(talk: Talk, letter: str = "S") -> Reply:
    """The outcome of a verkenning in which only the statements of one type are liked, without a leerweg."""
    types = {stelling.id: stelling.type for stelling in sources().knowledge.verkenning.stellingen}
    reply = pressed(talk, "verkenning|kort")
    while "✔ Ja, leuk" in reply.buttons:
        id = reply.buttons["✔ Ja, leuk"].split("|")[2]
        reply = pressed(talk, f"verkenning|antwoord|{id}|{2 if types[id] == letter else 0}")
    return pressed(talk, "verkenning|overslaan")


def at(reply: Reply) -> int:
    return int(reply.said[-1].card["progress"]["at"])


def counted() -> Counter[tuple[str, str, str]]:
    with transaction() as connection:
        rows = connection.execute(select(tables.tallies)).all()
    return Counter((row.month, row.name, row.value) for row in rows)


def test_a_typed_answer_brings_the_next_statement(talk: Talk) -> None:
    pressed(talk, "verkenning|kort")
    reply = typed(talk, "leuk")
    assert at(reply) == 2 and (reply.logged.outcome, reply.logged.kind) == ("asked", "verkenning")


@pytest.mark.parametrize(
    "action", [ActionAnswer, ActionGesprek, ActionLeerjaar, ActionAfscheid, ActionMens, ActionStart]
)
def test_whatever_action_rasa_picks_the_running_verkenning_goes_first(talk: Talk, action: type[Action]) -> None:
    pressed(talk, "verkenning|kort")
    assert at(typed(talk, "nee", "ontkennen", action)) == 2


@pytest.mark.parametrize(
    ("action", "intent", "text"),
    [
        (ActionAnswer, "nlu_fallback", "blubberdeflub"),
        (ActionAnswer, "vertel_interesse", "ik hou van dieren"),
        (ActionGesprek, "groet", "hoi"),
        (ActionLeerjaar, "vertel_leerjaar", "ik zit in klas 3"),
        (ActionStart, "start_verkenning", "ik weet het niet zo goed"),
    ],
)
def test_nothing_else_takes_an_answer_in_a_gesprek(talk: Talk, action: Any, intent: str, text: str) -> None:
    pressed(talk, "gesprek|start|oefenen|")
    reply = typed(talk, text, intent, action)
    assert at(reply) == 2 and set(reply.remembered) == {"flow"}


def test_small_steps_are_marked_as_steps_and_answers_are_not(logging_database: object) -> None:
    dispatcher = CollectingDispatcher()
    ActionChoose().run(dispatcher, Message("kies", choice="verkenning|kort").tracker(), {})
    roles = {button["title"]: button.get("role") for button in dispatcher.messages[0]["buttons"]}
    assert roles == {
        "✔ Ja, leuk": None,
        "○ Gaat wel / weet niet": None,
        "✘ Nee": None,
        "Overslaan": "step",
        "Pauze": "step",
        "Stoppen": "step",
    }


@pytest.mark.parametrize("begin", ["verkenning|kort", "gesprek|start|oefenen|"])
def test_a_question_in_between_is_answered_and_then_it_goes_on(talk: Talk, begin: str) -> None:
    pressed(talk, begin)
    reply = talk(ActionAnswer(), QUESTION)
    answer, again = reply.said
    assert "jaar" in answer.text and ON in again.text and at(reply) == 1
    assert (reply.logged.kind, reply.logged.subject) == ("duur", "beroep:kapper")
    assert reply.remembered["last_subject"] == "beroep:kapper"
    assert at(typed(talk, "leuk")) == 2


@pytest.mark.parametrize("choice", ["duur|beroep:kok", "rondkijken", "leerjaar|2", "privacy"])
def test_a_choice_in_between_is_done_and_then_it_goes_on(talk: Talk, choice: str) -> None:
    pressed(talk, "verkenning|kort")
    reply = pressed(talk, choice)
    assert len(reply.said) == 2 and ON in reply.said[-1].text


def test_small_talk_in_between_gets_a_reply_too(talk: Talk) -> None:
    pressed(talk, "verkenning|kort")
    reply = typed(talk, "hoi", "groet", ActionGesprek)
    assert len(reply.said) == 2 and at(reply) == 1


def test_a_flow_is_no_subject_to_come_back_to(talk: Talk) -> None:
    talk(ActionAnswer(), QUESTION)
    for choice in (
        "verkenning|kort",
        "verkenning|pauze",
        "gesprek|start|oefenen|",
        "gesprek|antwoord|oefenen|jezelf|0",
    ):
        reply = pressed(talk, choice)
        assert set(reply.remembered) == {"flow"} and reply.trail is None


def test_what_is_not_understood_gets_how_to_answer(talk: Talk) -> None:
    pressed(talk, "verkenning|kort")
    reply = typed(talk, "blubberdeflub")
    assert "ja, gaat wel of nee" in reply.text and at(reply) == 1
    assert reply.logged.outcome == "not_understood" and reply.misunderstood == 1


def test_a_text_like_a_known_question_is_understood(talk: Talk) -> None:
    pressed(talk, "verkenning|kort")
    hits = {"onderwerp:opleiding-wisselen": SURE_HIT}
    reply = talk(ActionAnswer(), Message("nlu_fallback", "en als het niks blijkt", hits=hits))
    assert reply.logged.subject == "onderwerp:opleiding-wisselen" and at(reply) == 1


@pytest.mark.parametrize("begin", ["verkenning|kort", "gesprek|start|oefenen|"])
def test_after_a_sign_of_distress_nothing_pushes_her_and_verder_takes_it_up(talk: Talk, begin: str) -> None:
    pressed(talk, begin)
    assert "113" in typed(talk, "ik wil niet meer leven", "nood_zelfdoding", ActionNood).text
    assert typed(talk, "ja", "bevestigen", ActionNoodJa).response == "utter_nood_ja"
    assert "jaar" in talk(ActionAnswer(), QUESTION).text
    assert at(typed(talk, "verder")) == 1


def test_what_may_be_distress_is_answered_and_nothing_pushes_her(talk: Talk) -> None:
    pressed(talk, "verkenning|kort")
    reply = talk(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kapper want ik ben moe", may_be_distress=True))
    answer, how = reply.said
    assert "jaar" in answer.text and how.text == sources().say("gaat_het")
    assert len(talk(ActionAnswer(), QUESTION).said) == 1


@pytest.mark.parametrize("begin", ["verkenning|kort", "gesprek|start|oefenen|"])
@pytest.mark.parametrize(
    ("action", "message"),
    [
        (ActionMens(), Message("wil_mens", "ik wil een mens")),
        (ActionChoose(), Message("kies", choice="mens")),
        (ActionAfscheid(), Message("afscheid", "doei")),
        (ActionChoose(), Message("kies", choice="start|")),
        (ActionChoose(), Message("kies", choice="nummers")),
    ],
    ids=["person", "person by button", "goodbye", "start", "helplines"],
)
def test_who_goes_away_is_not_pushed_and_may_come_back(
    talk: Talk, begin: str, action: Action, message: Message
) -> None:
    pressed(talk, begin)
    assert ON not in talk(action, message).text
    assert len(talk(ActionAnswer(), QUESTION).said) == 1
    assert at(typed(talk, "ga verder")) == 1


@pytest.mark.parametrize("word", ["pauze", "stop"])
def test_what_she_left_is_taken_up_only_when_she_asks(talk: Talk, word: str) -> None:
    pressed(talk, "verkenning|kort")
    typed(talk, "leuk")
    typed(talk, word)
    assert len(talk(ActionAnswer(), QUESTION).said) == 1
    assert ON not in typed(talk, "ja", "bevestigen", ActionGesprek).text
    assert at(typed(talk, "verder")) == 2


def test_verder_means_nothing_special_when_nothing_was_left(run: Run) -> None:
    assert run(ActionAnswer(), Message("nlu_fallback", "verder")).logged.outcome == "not_understood"


def test_a_gesprek_and_a_verkenning_do_not_forget_each_other(talk: Talk) -> None:
    pressed(talk, "verkenning|kort")
    typed(talk, "leuk")
    pressed(talk, "gesprek|start|oefenen|")
    assert at(typed(talk, "ik ben sterk")) == 2
    assert at(pressed(talk, "verkenning|verder")) == 2
    assert "ik ben sterk" in pressed(talk, "gesprek|terug").text


def test_her_leerweg_is_not_asked_when_she_told_it_in_between(talk: Talk) -> None:
    pressed(talk, "verkenning|kort")
    reply = typed(talk, "ik doe kader", "vertel_leerweg")
    assert reply.remembered["leerweg"] == "kb" and at(reply) == 1
    for _ in range(18):
        reply = typed(talk, "ja", "bevestigen")
    assert reply.logged.outcome == "verkenning_finished"


@pytest.mark.parametrize("by", ["button", "text"])
def test_her_leerweg_is_asked_once_and_remembered(talk: Talk, by: str) -> None:
    pressed(talk, "verkenning|kort")
    for _ in range(18):
        reply = typed(talk, "mwah")
    assert "leerweg" in reply.text
    done = pressed(talk, "verkenning|leerweg|kb") if by == "button" else typed(talk, "kader", "vertel_leerweg")
    assert done.logged.outcome == "verkenning_finished" and done.remembered["leerweg"] == "kb"
    assert "niveau 2, 3 of 4" in typed(talk, "mag ik naar het mbo", "vraag_toelating").text


def test_a_leerweg_that_an_answer_in_between_told_brings_the_outcome_once(talk: Talk) -> None:
    pressed(talk, "verkenning|kort")
    for _ in range(18):
        typed(talk, "mwah")
    reply = pressed(talk, "toelating|beroep:kok|leerweg:bb")
    assert "Ja, op niveau 2" in reply.said[0].text
    assert {row.outcome for row in reply.rows} == {"answered", "verkenning_finished"}
    assert len(talk(ActionAnswer(), QUESTION).said) == 1


def test_a_finished_verkenning_is_counted_once_by_month_and_type(talk: Talk) -> None:
    finished(talk)
    once = {("2026-11", "verkenning_type", "S"): 1}
    assert counted() == once
    for choice in ("verkenning|uitslag", "verkenning|antwoord|a1|2", "verkenning|terug", "verkenning|verder"):
        pressed(talk, choice)
    typed(talk, "nee", "ontkennen")
    assert counted() == once


def test_a_verkenning_without_a_type_is_not_counted(talk: Talk) -> None:
    pressed(talk, "verkenning|kort")
    for _ in range(18):
        typed(talk, "ja")
    assert typed(talk, "skip").logged.outcome == "verkenning_finished"
    assert counted() == {}


def test_what_she_may_do_after_the_outcome_all_works_and_is_counted_as_a_step(talk: Talk) -> None:
    outcome = finished(talk)
    for choice in outcome.buttons.values():
        reply = pressed(talk, choice)
        assert "next_step" in {row.outcome for row in reply.rows}
        assert "not_understood" not in {row.outcome for row in reply.rows}
        assert ON not in reply.said[-1].text


def test_her_words_are_in_no_row_of_the_log(talk: Talk) -> None:
    pressed(talk, "gesprek|start|terugkijken|")
    texts = ["bij geheim bedrijf", *["mijn geheim"] * 5]
    rows = [row for text in texts for row in typed(talk, text).rows]
    assert rows[-1].outcome == "terugkijken_finished"
    assert all("geheim" not in str(tuple(row)) and row.text is None for row in rows)


def test_what_she_answers_to_statements_is_in_no_row_of_the_log(talk: Talk) -> None:
    rows = pressed(talk, "verkenning|kort").rows
    for text in ("leuk", "mwah", "nee", "skip", "vorige"):
        rows += typed(talk, text).rows
    assert all((row.subject, row.text) == (None, None) for row in rows)
