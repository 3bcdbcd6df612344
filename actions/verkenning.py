"""The way in for pupils who do not know yet what they want."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.nood import helplines
from actions.turn import Turn, sources
from bot.knowledge.answers import answer


def start(turn: Turn) -> list[EventType]:
    """Shows the werelden as choices."""
    return turn.say(answer(turn.question_about("start"), sources()))


class ActionStart(Action):
    """Starts the orientation."""

    def name(self) -> str:
        return "action_start"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        turn = Turn(dispatcher, tracker)
        if turn.is_still_distress():
            return helplines(turn)
        if turn.is_rather_a_question() or turn.asks_about_this_year():
            return turn.say(answer(turn.question(None), sources()))
        if turn.names("interesse", "wereld"):
            return turn.say(answer(turn.question("interesse"), sources()))
        return start(turn)
