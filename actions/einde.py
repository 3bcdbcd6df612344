"""At the end of a talk, at most once: whether the pupil has what she looked for. It is counted over all pupils."""

from rasa_sdk.events import EventType

from actions import flows
from actions.schools import schools
from actions.turn import Turn, sources
from bot.handoff import asking
from bot.knowledge.question import Answer, Choice
from bot.monitoring.log import count

CHOICE = "einde"
SERIES = "found"
"""What the answers are counted as."""
ASKED, COUNTED = "asked", "counted"
"""What is remembered of it."""
ANSWERS = ("ja", "beetje", "nee")
TYPED = {"bevestigen": "ja", "ontkennen": "nee"}
"""The answer that an intent is, right after the question."""


def may_ask(turn: Turn) -> bool:
    """Whether Lobke answered something, and neither asked this before nor met a sign of distress."""
    is_upset = turn.may_be_distress or turn.slot("last_distress")
    running = (turn.remembered("flow") or {}).get("running")
    return bool(turn.remembered("trail")) and not is_upset and not running and not flows.memory(turn, CHOICE)


def was_just_asked(turn: Turn) -> bool:
    """Whether the question is the last thing that Lobke said."""
    return turn.read()[-1:] == [_question()]


def ask(turn: Turn, name: str) -> list[EventType]:
    """The reply to thanks (`bedankt`) or a goodbye (`afscheid`), with the question behind it."""
    label = sources().knowledge.phrases.knoppen
    choices = tuple(Choice(label[f"einde_{one}"], f"{CHOICE}|{one}") for one in ANSWERS)
    if name == "bedankt":
        turn.add(Answer(sources().say("einde.dank")))
        said = turn.say(Answer(_question(), choices, outcome="small_talk"))
    else:
        said = turn.utter("utter_afscheid", "small_talk")
        turn.add(Answer(_question(), choices))
    return [*said, flows.remember(turn, CHOICE, ASKED)]


def told(turn: Turn, found: str) -> list[EventType]:
    """What Lobke says of an answer, one of ANSWERS. Only the first one counts."""
    if flows.memory(turn, CHOICE) != COUNTED:
        count(SERIES, turn.school, found, once=turn.once(SERIES))
    person = asking.way_in(sources()) if schools() else sources().button("mens")
    first = sources().button("wanneer") if found == "ja" else person
    said = turn.say(
        Answer(sources().say(f"einde.{found}"), (first, sources().button("rondkijken")), outcome="small_talk")
    )
    return [*said, flows.remember(turn, CHOICE, COUNTED)]


def _question() -> str:
    return sources().say("einde.vraag")
