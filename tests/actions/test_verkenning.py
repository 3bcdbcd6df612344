"""A pupil who does not know yet is offered the verkenning, or to look around herself."""

from actions.verkenning import ActionStart
from actions.vragen import ActionChoose
from bot.knowledge.question import SURE_HIT
from tests.actions.conftest import Message, Run, Talk

BEGINNINGS = ["verkenning|kort", "verkenning|lang", "rondkijken"]


def test_the_verkenning_is_offered_short_and_long_beside_looking_around(run: Run) -> None:
    reply = run(ActionStart(), Message("start_verkenning", "ik weet niet wat ik wil"))
    assert list(reply.buttons.values()) == BEGINNINGS
    assert (reply.logged.outcome, reply.logged.kind) == ("started", "verkenning")


def test_looking_around_shows_the_groups_of_werelden(run: Run) -> None:
    reply = run(ActionChoose(), Message("kies", choice="rondkijken"))
    assert len(reply.buttons) == 4
    assert all(meaning.startswith("interesse|interesse:groep-") for meaning in reply.buttons.values())


def test_one_that_was_begun_is_offered_again_and_nothing_is_asked_until_then(talk: Talk) -> None:
    talk(ActionChoose(), Message("kies", choice="verkenning|kort"))
    for action, message in [
        (ActionStart(), Message("start_verkenning", "ik weet nog steeds niet wat ik wil")),
        (ActionChoose(), Message("kies", choice="start|")),
    ]:
        reply = talk(action, message)
        assert list(reply.buttons.values()) == ["verkenning|verder", "verkenning|opnieuw", "rondkijken"]
        assert "zin 1 van 18" in reply.text


def test_what_to_do_this_year_depends_on_her_leerjaar_which_is_asked_when_not_known(run: Run) -> None:
    text = "ik weet niet wat ik dit jaar moet doen"
    told = run(ActionStart(), Message("start_verkenning", text, slots={"leerjaar": "3"}))
    assert told.remembered["last_subject"] == "onderwerp:lob-leerjaar-3"
    asked = run(ActionStart(), Message("start_verkenning", text))
    assert list(asked.buttons.values()) == ["leerjaar|2", "leerjaar|3", "leerjaar|4"]


def test_a_known_question_goes_first(run: Run) -> None:
    reply = run(ActionStart(), Message("start_verkenning", "ik vind niks leuk", hits={"onderwerp:niks-leuk": SURE_HIT}))
    assert reply.remembered["last_subject"] == "onderwerp:niks-leuk"
