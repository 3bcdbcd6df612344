"""One turn of a conversation as the custom actions see it: what was said, how to answer, what to log."""

import re
from dataclasses import replace
from time import perf_counter
from typing import Any, Optional

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.clock import today
from bot.knowledge.loader import current
from bot.knowledge.question import LEAST_HIT, LIKELY_HIT, SURE_HIT, Answer, Hit, Question, Sources, sources_of
from bot.monitoring.log import Interaction, record

QUESTION = "vraag_"
UNSURE = 0.5
SURE = 0.8
"""Confidences: an intent below them gives way to a question that is perhaps meant, or nearly surely meant."""
_NEARLY_SURE_HIT = 0.4
_STUDY = {"mbo", "vmbo", "havo", "opleiding", "opleidingen", "stage", "diploma", "examen", "niveau", "beroep"}


def sources() -> Sources:
    """The knowledge as the files are now, with its names."""
    return sources_of(current())


class Turn:
    """Reads the tracker once. `kind` is the kind of question, when the intent is one."""

    def __init__(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
        self._started = perf_counter()
        self._dispatcher = dispatcher
        self._tracker = tracker
        message: dict[str, Any] = tracker.latest_message
        self.text: str = message.get("text") or ""
        self.intent: str = message["intent"].get("name") or ""
        self.confidence = float(message["intent"].get("confidence") or 0.0)
        self._entities: list[dict[str, Any]] = message.get("entities") or []
        self._subjects = tuple(tuple(str(e["value"]).split()) for e in self._entities if e["entity"] == "subject")
        self.kind = self.intent.removeprefix(QUESTION) if self.intent.startswith(QUESTION) else None

    def slot(self, name: str) -> Optional[str]:
        """What is remembered under this name."""
        value = self._tracker.get_slot(name)
        return str(value) if value is not None else None

    def entity(self, name: str) -> Optional[str]:
        """The value of the first entity with this name."""
        return next((str(entity["value"]) for entity in self._entities if entity["entity"] == name), None)

    def hits(self) -> tuple[Hit, ...]:
        """The entries with a question like this message, best first."""
        return tuple(Hit(e["value"], float(e["confidence_entity"])) for e in self._entities if e["entity"] == "hit")

    def names(self, *types: str) -> bool:
        """Whether the message names a subject of one of these types."""
        return any(key.partition(":")[0] in types for keys in self._subjects for key in keys)

    def is_still_distress(self) -> bool:
        """True right after a sign of distress, until the pupil asks about her study herself."""
        if self.slot("asked") != "nood" or _STUDY & set(re.findall(r"\w+", self.text.lower())):
            return False
        return not any(key.partition(":")[0] != "interesse" for keys in self._subjects for key in keys)

    def is_rather_a_question(self) -> bool:
        """True when the knowledge answers the message with more certainty than the intent has."""
        if self.names("hulplijn"):
            return True
        hits = self.hits()
        if not hits:
            return False
        named = any(hits[0].key in keys for keys in self._subjects)
        if named or self.confidence < UNSURE:
            return hits[0].score >= (LIKELY_HIT if self.intent == "buiten_bereik" and not named else LEAST_HIT)
        return hits[0].score >= (SURE_HIT if self.confidence >= SURE else _NEARLY_SURE_HIT)

    def question(self, kind: Optional[str]) -> Question:
        """The message as a question of this kind, with what is remembered."""
        return Question(
            kind=kind,
            subjects=self._subjects,
            hits=self.hits(),
            text=self.text,
            today=today(),
            leerweg=self.slot("leerweg"),
            last_subject=self.slot("last_subject"),
            last_kind=self.slot("last_kind"),
        )

    def question_about(self, kind: Optional[str], *subjects: str) -> Question:
        """A question that is certain, as when a choice is pressed: the text no longer counts."""
        keys = tuple((subject,) for subject in subjects if subject)
        return replace(self.question(kind), subjects=keys, hits=(), text="", chosen=True)

    def say(self, answer: Answer) -> list[EventType]:
        """Give the answer, log it, and return what to remember."""
        self._dispatcher.utter_message(
            text=answer.text,
            buttons=[{"title": choice.label, "payload": choice.meaning} for choice in answer.choices],
            json_message={"card": answer.card} if answer.card else None,
        )
        self.log(answer.outcome, answer.kind, answer.subject)
        remembered: list[EventType] = [SlotSet("asked", answer.asked)]
        if answer.subject:
            remembered += [SlotSet("last_subject", answer.subject), SlotSet("last_kind", answer.kind)]
        if answer.leerweg:
            remembered.append(SlotSet("leerweg", answer.leerweg))
        return remembered

    def utter(self, response: str, outcome: str, asked: Optional[str] = None) -> list[EventType]:
        """Give a response of domain.yml and log it; `asked` is what a "ja" or "nee" would answer next."""
        self._dispatcher.utter_message(response=response)
        self.log(outcome)
        return [SlotSet("asked", asked)]

    def log(self, outcome: str, kind: Optional[str] = None, subject: Optional[str] = None) -> None:
        """Log topic and outcome; the text only when it was not understood."""
        record(
            Interaction(
                conversation=self._tracker.sender_id,
                intent=self.intent,
                kind=kind,
                subject=subject,
                outcome=outcome,
                confidence=self.confidence,
                duration_ms=round(1000 * (perf_counter() - self._started)),
                text=self.text if outcome == "not_understood" else None,
            )
        )
