"""Answers questions, typed or chosen."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import einde, flows
from actions.flows import FlowAction
from actions.gesprek import small_talk
from actions.nood import accepted, declined, helplines
from actions.overdracht import someone_to_talk_to
from actions.turn import Turn, sources
from actions.verkenning import start
from bot.knowledge.answers import answer, answers
from bot.knowledge.kinds.year import NOW
from bot.orientation.flow import FLOWS


class ActionAnswer(FlowAction):
    """Answers what was typed: the kind of question is the intent, the subjects are looked up."""

    def name(self) -> str:
        return "action_answer"

    def reply(self, turn: Turn) -> list[EventType]:
        if turn.is_still_distress():
            return helplines(turn)
        return turn.say(*answers(turn.questions(), sources()))


class ActionChoose(Action):
    """Does what a pressed choice means: `kind|subject|…`, or the name of a part of the talk."""

    def name(self) -> str:
        return "action_choose"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        turn = Turn(dispatcher, tracker)
        kind, *rest = (turn.entity("keuze") or "").split("|")
        if kind in FLOWS:
            return flows.press(turn, kind, rest)
        if kind == "stap":
            turn.log("next_step", rest[0], rest[1] or None if len(rest) > 1 else None)
            kind, *rest = rest
        return flows.pick_up(turn, _choose(turn, kind, rest))


def _choose(turn: Turn, kind: str, subjects: list[str]) -> list[EventType]:
    if kind == "start":
        return start(turn)
    if kind == "rondkijken":
        return turn.say(answer(turn.question_about("start"), sources()))
    if kind == "mens":
        return [*someone_to_talk_to(turn), *flows.leave(turn)]
    if kind == "nummers":
        return helplines(turn)
    if kind == "nood_ja":
        return accepted(turn)
    if kind == "nood_nee":
        return declined(turn)
    if kind == "leerjaar":
        said = turn.say(answer(turn.question_about(NOW, f"onderwerp:lob-leerjaar-{subjects[0]}"), sources()))
        return [*said, SlotSet("leerjaar", subjects[0])]
    if kind == einde.CHOICE:
        return einde.told(turn, subjects[0])
    if kind in ("privacy", "wie_ben_je", "wat_kun_je"):
        return small_talk(turn, kind)
    return turn.say(answer(turn.question_about(kind or None, *subjects), sources()))
