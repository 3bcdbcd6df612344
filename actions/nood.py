"""Signs of distress: the right helplines, at once."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import flows
from actions.flows import leave
from actions.schools import schools
from actions.turn import Turn, sources
from bot.handoff import asking
from bot.knowledge.kinds.help import distress

_DISTRESS = "nood_"


def helplines(turn: Turn) -> list[EventType]:
    """The helplines that fit what was said, now or before."""
    return turn.say(distress(turn.slot("last_distress"), sources(), again=True))


def accepted(turn: Turn) -> list[EventType]:
    """Yes to help at school: a message to the decaan, when there is a school that can answer."""
    if not schools():
        return turn.utter("utter_nood_ja", "distress", asked="nood")
    return flows.press(turn, asking.FLOW, [asking.URGENT])


def declined(turn: Turn) -> list[EventType]:
    """No to help at school; the helplines stay open."""
    return turn.utter("utter_nood_nee", "distress")


class ActionNood(Action):
    """Answers a sign of distress before anything else."""

    def name(self) -> str:
        return "action_nood"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        turn = Turn(dispatcher, tracker)
        kind = turn.intent.removeprefix(_DISTRESS).replace("_", "-")
        return [*turn.say(distress(kind, sources())), SlotSet("last_distress", kind), *leave(turn)]


class ActionNoodJa(Action):
    """The pupil wants help to find someone at school."""

    def name(self) -> str:
        return "action_nood_ja"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        return accepted(Turn(dispatcher, tracker))


class ActionNoodNee(Action):
    """The pupil does not want help at school now."""

    def name(self) -> str:
        return "action_nood_nee"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        return declined(Turn(dispatcher, tracker))
