"""Small talk, and what a pupil tells about herself."""

import re
from dataclasses import replace

from rasa_sdk.events import EventType, SlotSet

from actions import einde
from actions.flows import FlowAction
from actions.nood import helplines
from actions.turn import Turn, sources
from bot.knowledge.answers import SIMPLER, answer
from bot.knowledge.kinds.year import NOW
from bot.knowledge.languages import language_of
from bot.knowledge.question import Answer

_ASKS_MORE = {"bedankt", "compliment"}
"""Responses that ask whether the pupil wants to know more."""
_CLOSING = {"bedankt", "afscheid", "stoppen", "groet", "privacy", "wie_ben_je"}
"""What a pupil may say after distress without being shown the helplines again."""
_OUTCOMES = {"buiten_bereik": "out_of_scope", "andere_taal": "out_of_scope"}
_LOOKING_BACK = re.compile(r"\b(?:kijk|blik)")
_PASSING = {"bevestigen", "ontkennen", "bedankt", "groet", "compliment", "terug", "uitleg_nodig", "vertel_verhaal"}
"""Small talk that a named subject makes a question, as in "nee, ik bedoel schilder"."""
_SUBJECTS = ("opleiding", "beroep", "wereld", "profiel", "leerweg", "niveau", "activiteit", "interesse", "onderwerp")
_TO_BEGIN = {"begin", "menu", "hoofdmenu", "opnieuw", "start", "overnieuw", "beginnen"}
_LEERJAREN = {
    "1": ("1", "eerste", "eerstejaars", "brugklas"),
    "2": ("2", "twee", "tweede", "tweedejaars"),
    "3": ("3", "drie", "derde", "derdejaars"),
    "4": ("4", "vier", "vierde", "vierdejaars", "examenjaar", "eindexamenjaar", "examenklas"),
}


def small_talk(turn: Turn, name: str) -> list[EventType]:
    """The fixed response of this name, unless the message is rather a question that the knowledge answers."""
    if name not in _CLOSING and turn.is_still_distress():
        return helplines(turn)
    about_subject = name in _PASSING and turn.names(*_SUBJECTS)
    if about_subject or turn.asks_why() or turn.asks_about_this_year() or turn.is_rather_a_question():
        return turn.say(answer(turn.question(None), sources()))
    if name in einde.TYPED and einde.was_just_asked(turn):
        return einde.told(turn, einde.TYPED[name])
    if name in ("bevestigen", "ontkennen") and turn.likes():
        return turn.say(answer(turn.question("interesse"), sources()))
    if name == "uitleg_nodig" and turn.slot("last_subject"):
        return turn.say(answer(turn.question(SIMPLER), sources()))
    if name == "terug" and _LOOKING_BACK.search(turn.text.lower()):
        return turn.say(answer(turn.question("terugkijken"), sources()))
    if name == "terug" and (before := turn.previous()) and not _TO_BEGIN & set(re.findall(r"\w+", turn.text.lower())):
        kind, subject = before.split("|")
        again = answer(turn.question_about(kind, subject), sources())
        return turn.say(replace(again, text=sources().say("terug", antwoord=again.text)))
    if name == "andere_taal" and (language := language_of(turn.typed, sources().knowledge)):
        person = sources().button("mens")
        return turn.say(Answer(language.antwoord, (person, sources().button("opleidingen")), outcome="out_of_scope"))
    if name in ("bedankt", "afscheid") and einde.may_ask(turn):
        return einde.ask(turn, name)
    asked = "meer" if name in _ASKS_MORE else None
    return turn.utter(f"utter_{name}", _OUTCOMES.get(name, "small_talk"), asked)


class ActionGesprek(FlowAction):
    """Small talk and what is out of scope: the response with the intent's name."""

    def name(self) -> str:
        return "action_gesprek"

    def reply(self, turn: Turn) -> list[EventType]:
        return small_talk(turn, turn.intent)


class ActionLeerjaar(FlowAction):
    """Remembers the leerjaar and says what to do in that year."""

    def name(self) -> str:
        return "action_leerjaar"

    def reply(self, turn: Turn) -> list[EventType]:
        words = re.findall(r"[a-z]+|\d+", turn.text.lower())
        year = next((year for word in words for year, names in _LEERJAREN.items() if word in names), None)
        question = turn.question("inhoud")
        key = f"onderwerp:lob-leerjaar-{year}"
        if year and sources().knowledge.get(key):
            question = turn.question_about(NOW, key)
        return [*turn.say(answer(question, sources())), *([SlotSet("leerjaar", year)] if year else [])]


class ActionAfscheid(FlowAction):
    """The pupil has nothing more to ask."""

    def name(self) -> str:
        return "action_afscheid"

    def reply(self, turn: Turn) -> list[EventType]:
        if turn.names(*_SUBJECTS):
            return small_talk(turn, "ontkennen")
        return einde.ask(turn, "afscheid") if einde.may_ask(turn) else turn.utter("utter_afscheid", "small_talk")
