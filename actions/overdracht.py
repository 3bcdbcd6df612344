"""A pupil who wants to talk to a person."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.nood import accepted
from actions.turn import UNSURE, Turn, sources
from bot.knowledge.answers import answer


def someone_to_talk_to(turn: Turn) -> list[EventType]:
    """Says who can help and how to reach them."""
    return turn.utter("utter_mens", "wants_person")


class ActionMens(Action):
    """Answers a pupil who asks for a person."""

    def name(self) -> str:
        return "action_mens"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        turn = Turn(dispatcher, tracker)
        if turn.is_still_distress():
            return accepted(turn)
        if turn.confidence < UNSURE and turn.is_rather_a_question():
            return turn.say(answer(turn.question(None), sources()))
        return someone_to_talk_to(turn)
