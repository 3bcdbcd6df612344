"""A pupil who does not know yet gets groups of werelden to choose from."""

from actions.verkenning import ActionStart
from bot.knowledge.question import SURE_HIT
from tests.actions.conftest import Message, Run


def test_the_groups_of_werelden_are_offered(run: Run) -> None:
    reply = run(ActionStart(), Message("start_verkenning", "ik weet niet wat ik wil"))
    assert len(reply.buttons) == 4
    assert all(meaning.startswith("interesse|interesse:groep-") for meaning in reply.buttons.values())
    assert reply.logged.outcome == "started"


def test_what_to_do_this_year_depends_on_her_leerjaar(run: Run) -> None:
    text = "ik weet niet wat ik dit jaar moet doen"
    told = run(ActionStart(), Message("start_verkenning", text, slots={"leerjaar": "3"}))
    assert told.remembered["last_subject"] == "onderwerp:lob-leerjaar-3"
    assert run(ActionStart(), Message("start_verkenning", text)).logged.outcome == "started"


def test_a_known_question_goes_first(run: Run) -> None:
    reply = run(ActionStart(), Message("start_verkenning", "ik vind niks leuk", hits={"onderwerp:niks-leuk": SURE_HIT}))
    assert reply.remembered["last_subject"] == "onderwerp:niks-leuk"
