"""The way in for pupils who do not know yet what they want."""

from rasa_sdk.events import EventType

from actions.flows import FlowAction, leave, memory
from actions.nood import helplines
from actions.turn import Turn, sources
from bot.knowledge.answers import answer
from bot.orientation import exploring


def start(turn: Turn) -> list[EventType]:
    """Says what the verkenning is, and offers to begin it or to go on with it; what was running waits."""
    return [*turn.say(exploring.intro(memory(turn, exploring.FLOW), sources())), *leave(turn)]


class ActionStart(FlowAction):
    """Offers the verkenning to a pupil who does not know yet."""

    def name(self) -> str:
        return "action_start"

    def reply(self, turn: Turn) -> list[EventType]:
        if turn.is_still_distress():
            return helplines(turn)
        if turn.is_rather_a_question() or turn.asks_about_this_year():
            return turn.say(answer(turn.question(None), sources()))
        if turn.names("interesse", "wereld") or turn.names_several():
            return turn.say(answer(turn.question("interesse"), sources()))
        return start(turn)
