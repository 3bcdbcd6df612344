"""Flows in the talk: a running one takes what is meant for it, and is picked up after something in between.

The slot `flow` holds {"running": name or None, "last": name, and for every flow its memory}.
"""

from abc import ABC, abstractmethod
from dataclasses import replace
from types import ModuleType
from typing import Any, Optional

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.schools import schools
from actions.turn import Turn, sources
from bot.clock import now, today
from bot.handoff import asking, away
from bot.handoff.store import Deleted, Handoff, Handoffs
from bot.knowledge.question import LIKELY_HIT, Answer
from bot.monitoring.log import spool, tally
from bot.orientation import exploring, reflecting
from bot.orientation.flow import RESUME, Pupil, Step, resume

_FLOWS: dict[str, ModuleType] = {exploring.FLOW: exploring, reflecting.FLOW: reflecting, asking.FLOW: asking}
_GOES_AWAY = {"afscheid", "wil_mens"}
"""Intents after which a flow waits until the pupil asks for it."""


class FlowAction(Action, ABC):
    """An action for typed text: a running flow goes first, and is picked up after any other reply."""

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        turn = Turn(dispatcher, tracker)
        taken = take(turn)
        if taken is not None:
            return taken
        return pick_up(turn, self.reply(turn))

    @abstractmethod
    def reply(self, turn: Turn) -> list[EventType]:
        """What is said when no flow takes the message."""


def take(turn: Turn) -> Optional[list[EventType]]:
    """What the running flow does with a typed text; None when the text is meant for something else."""
    slot = _slot(turn)
    running = slot["running"]
    if running is None:
        if asking.asks_for_code(slot.get(asking.FLOW), turn.typed):
            return press(turn, asking.FLOW, [asking.CODE])
        last = slot["last"]
        if last and exploring.is_resuming(turn.text, sources()):
            return press(turn, last, [RESUME])
        return None
    flow, memory = _FLOWS[running], slot[running]
    step = flow.read(memory, turn.typed, turn.intent, turn.named(), _pupil(turn, running), sources())
    if step is None and running == exploring.FLOW and _means_nothing(turn):
        step = exploring.not_an_answer(memory, _pupil(turn, running), sources())
    asks_for_help = running == asking.FLOW and memory["urgent"]
    if step is not None and step.handoff is None and turn.may_be_distress and not asks_for_help:
        kept = Answer(sources().say("flow.bewaard"), (resume(running, sources()),), kind=running)
        step = replace(step, said=(kept,), is_running=False)
    return None if step is None else _do(turn, running, step)


def press(turn: Turn, name: str, command: list[str]) -> list[EventType]:
    """What a pressed choice of a flow does; `command` is the rest of its meaning."""
    return _do(turn, name, _FLOWS[name].press(_slot(turn).get(name), command, _pupil(turn, name), sources()))


def pick_up(turn: Turn, said: list[EventType]) -> list[EventType]:
    """After a reply to something in between: what the running flow asked, once more. Not after a sign of distress."""
    slot = _slot(turn)
    if slot["running"] is None:
        return said
    changed = {event["name"]: event["value"] for event in said if event.get("event") == "slot"}
    if "flow" in changed:
        return said
    if changed.get("asked") == "nood" or turn.may_be_distress or turn.intent in _GOES_AWAY:
        return [*said, *leave(turn)]
    running = slot["running"]
    step = _FLOWS[running].again(slot[running], _pupil(turn, running, changed), sources())
    if not step.is_running:
        return [*said, *_do(turn, running, step)]
    turn.add(step.said[0])
    return said


def leave(turn: Turn) -> list[EventType]:
    """The running flow, if any, waits until the pupil asks for it."""
    slot = _slot(turn)
    return [SlotSet("flow", {**slot, "running": None})] if slot["running"] else []


def memory(turn: Turn, name: str) -> Any:
    """What the flow of this name remembers; None when it never began."""
    return _slot(turn).get(name)


def remember(turn: Turn, name: str, value: Any) -> EventType:
    """Keeps this under the name, beside what the flows remember."""
    return SlotSet("flow", {**_slot(turn), name: value})


def _do(turn: Turn, name: str, step: Step) -> list[EventType]:
    for kind in step.types:
        tally(f"{name}_type", kind, turn.once(kind))
    if step.handoff:
        step = _send(turn, step, step.handoff)
    slot = {**_slot(turn), name: step.memory, "running": name if step.is_running else None, "last": name}
    return [*turn.say(*step.said), SlotSet("flow", slot)]


def _send(turn: Turn, step: Step, handoff: Handoff) -> Step:
    try:
        code = Handoffs(spool()).send(handoff)
    except Deleted:
        return asking.deleted(step.memory, sources())
    said_by_school = away.shown(handoff.school)
    return asking.sent(step.memory, code, now(), _pupil(turn, asking.FLOW), sources(), said_by_school)


def _slot(turn: Turn) -> dict[str, Any]:
    return {"running": None, "last": None, **(turn.remembered("flow") or {})}


def _pupil(turn: Turn, flow: str, changed: Optional[dict[str, Any]] = None) -> Pupil:
    """The pupil as remembered, with what this turn changed."""
    leerweg, leerjaar = ((changed or {}).get(name) or turn.slot(name) for name in ("leerweg", "leerjaar"))
    pupil = Pupil(today(), leerweg, leerjaar, seed=turn.conversation)
    if flow != asking.FLOW:
        return pupil
    return replace(
        pupil,
        conversation=turn.conversation,
        talk=turn.talk(),
        flows=_slot(turn),
        schools=schools(),
        distress=turn.slot("last_distress"),
    )


def _means_nothing(turn: Turn) -> bool:
    hits = turn.hits()
    return turn.intent == "nlu_fallback" and not turn.named() and not (hits and hits[0].score >= LIKELY_HIT)
