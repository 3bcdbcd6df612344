"""One turn of a conversation as the custom actions see it: what was said, how to answer, what to log."""

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from time import perf_counter
from typing import Any, Optional

import yaml
from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.schools import schools
from bot.clock import today
from bot.handoff import asking
from bot.knowledge.answers import ASIDE, THIS_YEAR, WHY
from bot.knowledge.loader import current
from bot.knowledge.names import DOUBTFUL
from bot.knowledge.question import LEAST_HIT, LIKELY_HIT, SURE_HIT, Answer, Choice, Hit, Question, Sources, sources_of
from bot.monitoring.log import Interaction, count, record
from bot.orientation.flow import FLOWS, SMALL, Line
from bot.settings import PROJECT
from bot.storage.turns import EARLIER

QUESTION = "vraag_"
UNSURE = 0.5
SURE = 0.8
"""Confidences: an intent below them gives way to a question that is perhaps meant, or nearly surely meant."""
_NEARLY_SURE_HIT = 0.4
NOT_UNDERSTOOD = "not_understood"
KINDS = {"vertel_interesse": "interesse", "vertel_leerweg": "toelating"}
"""Kinds of question that are no question."""
_ASKS_WHAT = re.compile(r"(?:en )?(?:wat|hoe)\b")
_WHY = {"waarom", "hoezo"}
_SHORT = 6
"""Words."""
_TELLS = 4
"""Words."""
_LONGEST_TRAIL = 8
_LATELY = 6
"""Messages of Lobke's."""
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
        """As it was understood; `typed` is what the pupil typed."""
        self.typed: str = message.get("typed") or self.text
        self.intent: str = message["intent"].get("name") or ""
        self.confidence = float(message["intent"].get("confidence") or 0.0)
        self._entities: list[dict[str, Any]] = message.get("entities") or []
        self._subjects = _subjects(self._entities)
        doubtful = (e for e in self._entities if e["entity"] == "subject" and _is_doubtful(e))
        self._doubtful = tuple(key for entity in doubtful for key in str(entity["value"]).split())
        self.may_be_distress = bool(message.get("zorg"))
        self._parts: list[dict[str, Any]] = message.get("parts") or []
        said: list[dict[str, Any]] = [event for event in tracker.events if event.get("event") == "user"]
        earlier = [(event.get("metadata") or {}).get(EARLIER, 0) for event in tracker.events]
        self.number = sum(earlier) + len(said) or None
        """Which message of the pupil this is, from 1."""
        about = (said[-1].get("metadata") or {}) if said else {}
        self._key, self._logged = about.get("key"), 0
        self.school: Optional[str] = about.get("school")
        """Where the chat was opened, when its page says so."""
        self.kind = self.intent.removeprefix(QUESTION) if self.intent.startswith(QUESTION) else None

    def slot(self, name: str) -> Optional[str]:
        """What is remembered under this name."""
        value = self._tracker.get_slot(name)
        return str(value) if value is not None else None

    def remembered(self, name: str) -> Any:
        """The value of the slot as it is."""
        return self._tracker.get_slot(name)

    @property
    def conversation(self) -> str:
        """The id of the conversation."""
        return str(self._tracker.sender_id)

    def talk(self) -> tuple[Line, ...]:
        """What was said before this message, in order; a pressed choice by its label."""
        lines: list[Line] = []
        labels: dict[str, str] = {}
        events = [
            event for event in self._tracker.events if event.get("event") in ("bot", "user") and event.get("text")
        ]
        if events and events[-1]["event"] == "user":
            events.pop()
        for event in events:
            if event["event"] == "bot":
                labels |= {
                    button["payload"]: button["title"] for button in (event.get("data") or {}).get("buttons") or ()
                }
                lines.append(Line(False, event["text"]))
                continue
            parsed = event.get("parse_data") or {}
            chosen = [entity["value"] for entity in parsed.get("entities") or () if entity["entity"] == "keuze"]
            if chosen:
                lines += [Line(True, labels[chosen[0]])] if chosen[0] in labels else []
            else:
                intent = (parsed.get("intent") or {}).get("name") or "nlu_fallback"
                lines.append(Line(True, parsed.get("typed") or event["text"], intent))
        return tuple(lines)

    def read(self) -> list[str]:
        """What Lobke said in this conversation, in order."""
        return [event.get("text") or "" for event in self._tracker.events if event.get("event") == "bot"]

    def named(self) -> set[str]:
        """The keys of all subjects in the message."""
        return {key for keys in self._subjects for key in keys}

    def entity(self, name: str) -> Optional[str]:
        """The value of the first entity with this name."""
        return next((str(entity["value"]) for entity in self._entities if entity["entity"] == name), None)

    def hits(self) -> tuple[Hit, ...]:
        """The entries with a question like this message, best first; "???" is like none."""
        return _hits(self._entities) if any(char.isalnum() for char in self.text) else ()

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
        hits = [hit for hit in self.hits() if not hit.key.startswith("nood:")]
        if not hits:
            return False
        named = any(hits[0].key in keys for keys in self._subjects)
        if self.confidence < UNSURE or (named and (self.confidence < SURE or self.intent == "start_verkenning")):
            return hits[0].score >= (LIKELY_HIT if self.intent == "buiten_bereik" and not named else LEAST_HIT)
        return hits[0].score >= (SURE_HIT if self.confidence >= SURE else _NEARLY_SURE_HIT)

    def question(self, kind: Optional[str]) -> Question:
        """The message as a question of this kind, with what is remembered."""
        return Question(
            kind=WHY if self.asks_why() else kind,
            subjects=self._subjects,
            hits=self.hits(),
            text=self.text,
            today=today(),
            confidence=self.confidence,
            leerweg=self.slot("leerweg"),
            leerjaar=self.slot("leerjaar"),
            last_subject=self.slot("last_subject"),
            last_kind=self.slot("last_kind"),
            doubtful=self._doubtful,
            misunderstood=self.misunderstood(),
        )

    def questions(self) -> list[Question]:
        """The questions in the message: usually one; two when it has two parts that ask different things."""
        if not self._parts:
            return [self.question(self._kind())]
        return [
            replace(
                self.question(part["intent"].removeprefix(QUESTION)),
                text=part["text"],
                subjects=_subjects(part["entities"]),
                hits=_hits(part["entities"]),
                doubtful=(),
            )
            for part in self._parts
        ]

    def _kind(self) -> Optional[str]:
        if self.intent == "vertel_leerweg" and _ASKS_WHAT.match(self.text.lower()):
            return "inhoud"
        return KINDS.get(self.intent, self.kind)

    def likes(self) -> bool:
        """True when a longer "ja …" or "nee …" tells what the pupil likes instead."""
        hits = [hit for hit in self.hits() if not hit.key.startswith("nood:")]
        told = len(self.text.split()) >= _TELLS and bool(hits)
        return told and hits[0].key.startswith("interesse:") and hits[0].score >= LEAST_HIT

    def asks_about_this_year(self) -> bool:
        """True for "wat moet ik nu doen" and the like."""
        return bool(THIS_YEAR.search(self.text.lower()))

    def names_several(self) -> bool:
        """True when the message names two or more things, as in "ik twijfel tussen kok en bakker"."""
        return len(self._subjects) > 1

    def asks_why(self) -> bool:
        """True for "waarom?" and the like, right after an answer."""
        said = re.findall(r"\w+", self.text.lower())
        if not said or self._subjects or not self.slot("last_subject"):
            return False
        return said[0] in _WHY and len(said) <= _SHORT

    def misunderstood(self) -> int:
        """How many messages in a row were not understood before this one."""
        return int(float(self.slot("misunderstood") or 0))

    def question_about(self, kind: Optional[str], *subjects: str) -> Question:
        """A question that is certain, as when a choice is pressed: the text no longer counts."""
        keys = tuple((subject,) for subject in subjects if subject)
        return replace(self.question(kind), subjects=keys, hits=(), text="", chosen=True)

    def say(self, *answers: Answer) -> list[EventType]:
        """Give the answers, log them, and return what to remember. The last one may lead to the decaan."""
        answers = (*answers[:-1], self._with_decaan(answers[-1]))
        for place, answer in enumerate(answers):
            self.add(answer, self._rated(answer))
            if answer.outcome:
                self.log(answer.outcome, answer.kind, answer.subject)
            for soort, number in Counter(answer.events).items():
                once = self.once(f"{self._logged} {place} {soort}")
                count("event_shown", self.school, soort, number, once)
        self._ask_how_it_is()
        last = answers[-1]
        missed = self.misunderstood() + 1 if last.outcome == NOT_UNDERSTOOD else 0
        remembered: list[EventType] = [SlotSet("asked", last.asked), SlotSet("misunderstood", missed)]
        trail = self._trail()
        for answer in answers:
            if answer.leerweg:
                remembered.append(SlotSet("leerweg", answer.leerweg))
            if answer.kind in FLOWS:
                continue
            if answer.subject and answer.kind != WHY:
                remembered += [SlotSet("last_subject", answer.subject), SlotSet("last_kind", answer.kind)]
            if answer.kind and answer.kind not in ASIDE and answer.outcome == "answered":
                trail = _on(trail, f"{answer.kind}|{answer.subject or ''}")
        if trail != self._trail():
            remembered.append(SlotSet("trail", trail))
        return remembered

    def _with_decaan(self, answer: Answer) -> Answer:
        """With a small way to the decaan beside what the knowledge says, and a plain one when Lobke keeps failing."""
        is_failing = answer.outcome == NOT_UNDERSTOOD and self.misunderstood() > 0
        is_content = _is_content(answer)
        running = (self.remembered("flow") or {}).get("running")
        if not (is_content or is_failing) or running or self.may_be_distress or not schools():
            return answer
        if is_content:
            return replace(answer, choices=(*answer.choices, asking.way_in(sources(), SMALL)))
        others = [choice for choice in answer.choices if choice != sources().button("mens")]
        return replace(answer, choices=(asking.way_in(sources()), *others))

    def _rated(self, answer: Answer) -> Optional[dict[str, str]]:
        """What a pupil rates who says whether this helped; None when she is not asked, as at a sign of distress."""
        if not _is_content(answer) or self.may_be_distress or (answer.subject or "").startswith("hulplijn:"):
            return None
        about = {"intent": self.intent, "kind": answer.kind, "subject": answer.subject}
        return {name: value for name, value in about.items() if value}

    def add(self, answer: Answer, about: Optional[dict[str, str]] = None) -> None:
        """Say this too, without logging or remembering it. With `about` it can be rated."""
        more = {"card": answer.card, "about": about}
        self._dispatcher.utter_message(
            text=answer.text,
            buttons=[_button(choice) for choice in answer.choices],
            json_message={name: value for name, value in more.items() if value} or None,
        )

    def _ask_how_it_is(self) -> None:
        """After a reply to what may have been a sign of distress: a question, and a way to the helplines."""
        if self.may_be_distress:
            help_me = sources().button("hulp")
            self._dispatcher.utter_message(
                text=sources().say("gaat_het"), buttons=[{"title": help_me.label, "payload": "nummers"}]
            )

    def previous(self) -> Optional[str]:
        """The meaning (`kind|subject`) of the answer before the last one."""
        trail = self._trail()
        return trail[-2] if len(trail) > 1 else None

    def _trail(self) -> list[str]:
        return list(self._tracker.get_slot("trail") or [])

    def utter(self, response: str, outcome: str, asked: Optional[str] = None) -> list[EventType]:
        """Give a response of domain.yml and log it; `asked` is what a "ja" or "nee" would answer next.

        Of several variants it is one that the pupil did not just read.
        """
        variants = responses()[response]
        fresh = [variant for variant in variants if variant["text"] not in self.read()[-_LATELY:]]
        variant = (fresh or variants)[0]
        self._dispatcher.utter_message(text=variant["text"], buttons=variant.get("buttons", []))
        self._ask_how_it_is()
        self.log(outcome)
        return [SlotSet("asked", asked), SlotSet("misunderstood", 0)]

    def log(self, outcome: str, kind: Optional[str] = None, subject: Optional[str] = None) -> None:
        """Log topic and outcome; the text only when it was not understood."""
        self._logged += 1
        record(
            Interaction(
                conversation=self._tracker.sender_id,
                intent=self.intent,
                kind=kind,
                subject=subject,
                outcome=outcome,
                confidence=self.confidence,
                duration_ms=round(1000 * (perf_counter() - self._started)),
                text=self.typed if outcome == NOT_UNDERSTOOD else None,
                turn=self.number,
                school=self.school,
            ),
            self.once(f"{self._logged} {outcome} {kind} {subject}"),
        )

    def once(self, what: str) -> str:
        """An id for what is done in this turn, the same when the turn is done over; "" when nobody can tell."""
        return f"{self._tracker.sender_id} {self._key} {what}" if self._key else ""


@lru_cache(maxsize=1)
def responses() -> dict[str, list[dict[str, Any]]]:
    """The responses of domain.yml by name."""
    domain = yaml.load((PROJECT / "domain.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    found: dict[str, list[dict[str, Any]]] = domain["responses"]
    return found


def _on(trail: list[str], meaning: str) -> list[str]:
    """The way to this answer: cut off where it was given before, so that going back never goes round."""
    if meaning in trail:
        return trail[: trail.index(meaning) + 1]
    return [*trail, meaning][-_LONGEST_TRAIL:]


def _subjects(entities: list[dict[str, Any]]) -> tuple[tuple[str, ...], ...]:
    named = (entity for entity in entities if entity["entity"] == "subject" and not _is_doubtful(entity))
    return tuple(tuple(str(entity["value"]).split()) for entity in named)


def _hits(entities: list[dict[str, Any]]) -> tuple[Hit, ...]:
    return tuple(Hit(e["value"], float(e["confidence_entity"])) for e in entities if e["entity"] == "hit")


def _is_content(answer: Answer) -> bool:
    """Whether it answers a question, and is no part of the talk."""
    return answer.outcome == "answered" and answer.kind not in {None, *FLOWS}


def _button(choice: Choice) -> dict[str, str]:
    button = {"title": choice.label, "payload": choice.meaning}
    return {**button, "role": choice.role} if choice.role else button


def _is_doubtful(entity: dict[str, Any]) -> bool:
    return entity.get("confidence_entity") == DOUBTFUL
