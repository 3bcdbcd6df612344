"""A question as the answers see it, the answer to it, and the sources it comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Optional

from bot.knowledge.loader import Knowledge, per_knowledge
from bot.knowledge.models import Event, Niveau
from bot.knowledge.names import Names, Subject, names_of

SPECIFIC = {"opleiding", "beroep", "wereld", "profiel", "school", "activiteit", "praktijk"}
"""Types of subject that a fitting known question must name too."""

MOST_CHOICES = 4
GROUP = "groep-"
"""Ids of the interests that are the groups of werelden to start from."""
CLEAR_HIT = 0.75
SURE_HIT = 0.42
LIKELY_HIT = 0.25
LEAST_HIT = 0.16
GUESS_HIT = 0.15
"""The likeness from which a known question is clearly, surely, probably or perhaps meant, or offered as a guess."""

TECHNICAL = {"bouw", "techniek", "mobiliteit", "maritiem", "ict", "ambacht"}
"""Werelden for which wiskunde or nask1 may be asked. Source: Doorstroomregeling vmbo-mbo 2020 (confidence: middel)."""


@dataclass(frozen=True)
class Hit:
    """An entry whose known question is like the message; `score` from 0 to 1."""

    key: str
    score: float


@dataclass(frozen=True)
class Question:
    """What is known of a message: its kind, the subjects it names, and what is remembered of the conversation."""

    kind: Optional[str]
    subjects: tuple[tuple[str, ...], ...] = ()
    """For every name in the message the subject keys it may mean."""
    hits: tuple[Hit, ...] = ()
    text: str = ""
    today: date = date.min
    leerweg: Optional[str] = None
    confidence: float = 1.0
    """How sure the kind is, from 0 to 1."""
    last_subject: Optional[str] = None
    last_kind: Optional[str] = None
    leerjaar: Optional[str] = None
    doubtful: tuple[str, ...] = ()
    """Subject keys of which one is meant: a misspelled name is as near to each."""
    misunderstood: int = 0
    """How many of the pupil's messages in a row were not understood before this one."""
    chosen: bool = False
    """True when it was a pressed choice: kind and subjects are certain."""
    follows: bool = False
    """True when it only changes the subject of the last question, as in "en bij de ict?"."""


@dataclass(frozen=True)
class Choice:
    """A button: its label, and the meaning `kind|subject|…` that comes back when it is pressed."""

    label: str
    meaning: str
    role: Optional[str] = None
    """`step` for a small button that moves through a flow."""


@dataclass(frozen=True)
class Answer:
    """A reply, and what to remember and to log of it."""

    text: str
    choices: tuple[Choice, ...] = ()
    card: Optional[dict[str, Any]] = None
    outcome: str = "answered"
    """For the log; "" for what is said beside a reply and has no row of its own."""
    kind: Optional[str] = None
    subject: Optional[str] = None
    leerweg: Optional[str] = None
    asked: Optional[str] = None
    """What a "ja" or "nee" would answer next: `nood` (help at school) or nothing."""
    events: tuple[str, ...] = ()
    """The kind (`soort`) of each event of the kalender that it names, for the figures."""


@dataclass
class Sources:
    """The knowledge and its names, as the functions below need them."""

    knowledge: Knowledge
    names: Names

    def say(self, phrase: str, **fields: object) -> str:
        """The phrase of knowledge/antwoorden.yml, filled in."""
        return self.knowledge.phrases.zinnen[phrase].format(**fields).strip()

    def button(self, name: str, subject: str = "") -> Choice:
        """A choice with the label of knowledge/antwoorden.yml; its name is the kind of question it asks."""
        return Choice(self.knowledge.phrases.knoppen[name], f"{name}|{subject}")

    def example_mark(self, event: Event) -> str:
        """What stands behind an event that is an example; "" behind a real one."""
        return f" ({self.say('kalender.is_voorbeeld')})" if event.voorbeeld else ""

    def open_days(self) -> Choice:
        """A choice that asks for the open days in the kalender."""
        return Choice(self.knowledge.phrases.knoppen["open_dag"], "wanneer|activiteit:open-dag")

    def begin(self, gesprek: str, subject: str = "") -> Choice:
        """A choice that begins a gesprek with fixed questions, about an activity if one is given."""
        return Choice(self.knowledge.phrases.knoppen[f"gesprek_{gesprek}"], f"gesprek|start|{gesprek}|{subject}")

    def about(self, key: str) -> Choice:
        """A choice that asks about an entry, with the entry's own label."""
        return Choice(self.knowledge.entries[key].label, f"inhoud|{key}")

    def niveau(self, number: int) -> Niveau:
        return self.knowledge.one(Niveau, str(number))


@per_knowledge
def sources_of(knowledge: Knowledge) -> Sources:
    """The sources of answers for this knowledge, made once."""
    return Sources(knowledge, names_of(knowledge))


Function = Callable[[Question, Subject, Sources], Answer]
"""An answer to one kind of question about one type of subject."""
