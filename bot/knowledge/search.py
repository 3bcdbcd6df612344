"""Which entries answer which known questions, and which of them a message may be about."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.knowledge.loader import Knowledge
from bot.knowledge.names import Names
from bot.knowledge.question import SPECIFIC, Hit
from bot.knowledge.words import as_one


@dataclass(frozen=True)
class KnownQuestion:
    """A question that an entry answers."""

    text: str
    key: str


def known_questions(knowledge: Knowledge) -> list[KnownQuestion]:
    """Every question in the knowledge files."""
    return [KnownQuestion(text, entry.key) for entry in knowledge.entries.values() for text in entry.vragen]


def subjects_of_entries(
    questions: Iterable[KnownQuestion], named: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """For every entry with questions: itself, and the subjects that its questions name (`named`, by their text)."""
    subjects: dict[str, set[str]] = defaultdict(set)
    for question in questions:
        subjects[question.key] |= {question.key} | named[question.text]
    return {key: frozenset(named) for key, named in subjects.items()}


def named_subjects(names: Names, text: str) -> frozenset[str]:
    """Every subject key that a name in the text may mean."""
    return frozenset(key for match in names.find(text) for key in match.subjects)


def mentions(text: str, names: set[str]) -> bool:
    """Whether one of these names, as `Names.differ` gives them, may stand in a text."""
    written_as_one, _ = as_one(text)
    return any(name in written_as_one for name in names)


def rank(
    scores: dict[str, float], subjects: dict[str, frozenset[str]], named: frozenset[str], least: float, most: int = 5
) -> list[Hit]:
    """The entries that probably answer a message, best first.

    `scores` has a likeness for every entry, about 0 to 1; `subjects` the subjects of its questions; `named` those of
    the message. An entry that shares no subject with it is no hit: "hoe duur is kok" is not answered by what was
    written for something else. When the message names specific things, one of those must be shared. A school is a hit
    only by its name.
    """
    of_type = {key: key.partition(":")[0] for key in named}
    shared = {key for key in named if of_type[key] in SPECIFIC} or {k for k in named if of_type[k] != "interesse"}
    best = sorted(scores.items(), key=lambda item: -item[1])
    fitting = [key for key, score in best if score >= least and (not shared or shared & subjects[key])]
    return [Hit(key, scores[key]) for key in fitting if key in named or not key.startswith("school:")][:most]
