"""A pupil who wants to talk to a person: who that is, and the way to send a message."""

from rasa_sdk.events import EventType

from actions import flows
from actions.flows import FlowAction
from actions.nood import accepted
from actions.schools import schools
from actions.turn import UNSURE, Turn, sources
from bot.handoff import asking
from bot.knowledge.answers import answer


def someone_to_talk_to(turn: Turn) -> list[EventType]:
    """Says who can help, and offers to send a message when there is a school that can answer."""
    if not schools():
        return turn.utter("utter_mens", "wants_person")
    return turn.say(asking.offer(flows.memory(turn, asking.FLOW), sources()))


class ActionMens(FlowAction):
    """Answers a pupil who asks for a person."""

    def name(self) -> str:
        return "action_mens"

    def reply(self, turn: Turn) -> list[EventType]:
        if turn.is_still_distress():
            return accepted(turn)
        if turn.confidence < UNSURE and turn.is_rather_a_question():
            return turn.say(answer(turn.question(None), sources()))
        return someone_to_talk_to(turn)
