"""A pupil who asks for a person hears who that is."""

from actions.overdracht import ActionMens
from tests.actions.conftest import Message, Run


def test_a_person_is_named(run: Run) -> None:
    reply = run(ActionMens(), Message("wil_mens", "ik wil de decaan spreken"))
    assert reply.response == "utter_mens"
    assert (reply.logged.intent, reply.logged.outcome) == ("wil_mens", "wants_person")
    assert (reply.remembered, reply.asked) == ({}, None)


def test_after_distress_it_is_someone_at_school(run: Run) -> None:
    reply = run(ActionMens(), Message("wil_mens", "ik wil iemand spreken", slots={"asked": "nood"}))
    assert reply.response == "utter_nood_ja"
