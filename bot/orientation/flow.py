"""A flow: a part of the talk that goes step by step, and that a pupil may leave and take up again."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Optional

from bot.handoff.store import Handoff
from bot.knowledge.question import Answer, Choice, Sources

FLOWS = {"verkenning", "gesprek", "overdracht"}
"""Their names; as kinds of an answer they are parts of the talk, and no questions to come back to."""

Memory = dict[str, Any]
"""What a flow remembers, as plain JSON: it lives in a slot, and ends with the conversation."""

SMALL = "step"
"""The role of a choice that moves through a flow instead of answering."""
BACK, SKIP, PAUSE, STOP, RESUME, AGAIN = "terug", "overslaan", "pauze", "stop", "verder", "opnieuw"
"""The steps through a flow, as they stand in meanings and in knowledge/verkenning.yml."""


@dataclass(frozen=True)
class Line:
    """What was said in the talk."""

    by_pupil: bool
    text: str
    intent: str = ""
    """Of a typed text; "" for a pressed choice and for what Lobke says."""


@dataclass(frozen=True)
class Pupil:
    """What is known of the pupil and the day when a flow goes on."""

    today: date
    leerweg: Optional[str] = None
    leerjaar: Optional[str] = None
    seed: str = ""
    """Decides the order of the statements."""
    conversation: str = ""
    """Its id; given to a handoff only, as are all below."""
    talk: tuple[Line, ...] = ()
    """What was said before this message, in order."""
    flows: Memory = field(default_factory=dict)
    """What every flow remembers, by its name."""
    schools: frozenset[str] = frozenset()
    """Ids of the schools where a decaan can answer."""
    distress: Optional[str] = None
    """The id of the last sign of distress."""


@dataclass(frozen=True)
class Step:
    """What a flow says, and what it remembers from now on."""

    said: tuple[Answer, ...]
    memory: Memory
    is_running: bool = True
    """False when the pupil stopped or paused, or when the flow is at its end."""
    types: tuple[str, ...] = ()
    """The Holland types of a verkenning that just ended, to be counted over all pupils."""
    handoff: Optional[Handoff] = None
    """What the pupil said yes to; it is sent before anything is said."""


def preceded(answer: Answer, text: str) -> Answer:
    """The answer with a text of its own before it."""
    return replace(answer, text=f"{text}\n\n{answer.text}")


def asked_again(step: Step, sources: Sources) -> Step:
    """What a flow says of where the pupil was, after something in between."""
    (found,) = step.said
    return replace(step, said=(preceded(found, sources.say("flow.verder")),))


def small(flow: str, name: str, sources: Sources) -> Choice:
    """A small choice that moves through the flow; its label stands in knowledge/antwoorden.yml."""
    return Choice(sources.knowledge.phrases.knoppen[f"stap_{name}"], f"{flow}|{name}", role=SMALL)


def resume(flow: str, sources: Sources) -> Choice:
    """The choice that takes the flow up again."""
    return Choice(sources.knowledge.phrases.knoppen[f"{flow}_verder"], f"{flow}|{RESUME}")
